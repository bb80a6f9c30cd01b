/** Numbers that follow from a request and its text, as members of the catalogue declare them (contract/catalogue.ts). */

import type { Formula } from './catalogue.ts';

/** What formulas may name beside arguments. */
export interface Quantities {
  /** Attributed tokens. */
  steps: number;
  /** Positions of encoder's input; 0: there is no encoder. */
  source: number;
  /** Positions that are attributed, of both sides. */
  positions: number;
  /** Whether the decoder's own prefix is attributed: 1 or 0. */
  attribute_target: number;
  /** Units (`method_args.units`) of each side. */
  source_units: number;
  target_units: number;
  /** Units that are attributed and differ from their baselines. */
  players: number;
  /** Modules that a layer method attributes. */
  layers_asked: number;
}

/** The value of a formula, and which quantities it came from. */
export interface Evaluated {
  value: number;
  used: ReadonlySet<keyof Quantities>;
}

/** @throws {Error} where a formula has an unknown operation or name: a fault of the member that declares it */
export function evaluate(formula: Formula, quantities: Quantities, args: Record<string, unknown>): Evaluated {
  const used = new Set<keyof Quantities>();
  const named = (name: string): number => {
    if (name in quantities) {
      used.add(name as keyof Quantities);
      return quantities[name as keyof Quantities];
    }
    if (!(name in args)) throw new Error(`a formula names "${name}", which is neither a quantity nor an argument`);
    const value = args[name];
    return typeof value === 'number' ? value : value === null || value === false ? 0 : 1;
  };
  const worth = (part: Formula): number => {
    if (typeof part === 'number') return part;
    if (typeof part === 'string') return named(part);
    const [operation, ...operands] = part;
    if (operation === 'is') return args[String(operands[0])] === operands[1] ? 1 : 0;
    if (operation === 'if') return worth(worth(operands[0]) === 0 ? operands[2] : operands[1]);
    const values: number[] = operands.map(worth);
    switch (operation) {
      case '+':
        return values.reduce((sum, value) => sum + value, 0);
      case '*':
        return values.reduce((product, value) => product * value, 1);
      case 'max':
        return Math.max(...values);
      case '^':
        return values[0] ** values[1];
      case 'half':
        return Math.floor(values[0] / 2);
      case 'at_most':
        return values[0] <= values[1] ? 1 : 0;
      default:
        throw new Error(`a formula has the operation "${operation}", which is not known`);
    }
  };
  return { value: worth(formula), used };
}
