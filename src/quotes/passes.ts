/** How many passes of the model a request takes, as its members declare and its texts decide. */

import { blocksWithin, bytesOfPulledRow, PLANNED_SHARE, rowsOfBlock } from '../activation-bytes.ts';
import type { AttributeRequest, CompleteCall } from '../contract/attribute-request.ts';
import type { Catalogue, Formula, MethodInfo, ModelInfo, StepFunctionInfo } from '../contract/catalogue.ts';
import { evaluate, type Quantities } from '../contract/formula.ts';
import type { Extent } from './extent.ts';

/** Passes of one text. */
export interface TextPasses {
  forward: number;
  backward: number;
  /** Copies that are run together to be pulled back, at most: what is held of them counts. */
  recorded: number;
  /** Copies that are run in any other way. */
  evaluated: number;
  /** Why it may be less; empty: it is just this. */
  because: readonly string[];
}

/** Null where a plug-in does not say what it runs, or metrics are measured, which run what the scores tell. */
export function passesOf(
  request: AttributeRequest,
  model: ModelInfo,
  { methods, step_functions: functions }: Catalogue,
  extent: Extent,
): TextPasses | null {
  const method = methods.find(({ id }) => id === request.method);
  if (method?.passes === undefined || (request.metrics ?? []).length > 0) return null;
  const infoOf = (call: CompleteCall): StepFunctionInfo | undefined => functions.find(({ id }) => id === call.name);
  const counter = new Counter(extent);
  const { evaluated, recorded, pulled, apart } = copiesOf(method, request, counter);
  const attributed = ofFunction(infoOf(request.attributed_fn), request.attributed_fn, counter, 'attributed');
  const scored = request.step_scores.map((call) => ofFunction(infoOf(call), call, counter, 'scored').once);
  const readsClean = request.step_scores.length > 0 || request.top_alternatives > 0;
  const { runs } = attributed;
  // Runs of an ensemble go forward once for the score's slopes and once to be pulled back, block by block.
  const perRecorded = runs === 1 ? 1 : 2 * runs * blocksOf(model, extent);
  const once = attributed.once + scored.reduce((sum, passes) => sum + passes, 0) + (readsClean ? 1 : 0);
  if (request.target_spans) counter.because.add('outputs that are spans need only the tokens of their spans');
  if (model.memory?.split_by_position === true) {
    counter.because.add(
      'positions of this model depend on the length of the text, so that some tokens have passes of their own',
    );
  }
  return {
    forward: once + apart + evaluated * runs + recorded * perRecorded,
    backward: pulled * runs,
    recorded,
    evaluated: once + apart + evaluated,
    because: [...counter.because],
  };
}

class Counter {
  readonly because = new Set<string>();
  readonly #extent: Extent;

  constructor(extent: Extent) {
    this.#extent = extent;
  }

  /** The most that a formula comes to; left out: 0. */
  count(formula: Formula | undefined, args: Record<string, unknown>): number {
    if (formula === undefined) return 0;
    const { quantities, most } = this.#extent;
    const { value, used } = evaluate(formula, quantities, args);
    const uncertain = [...used].filter((name) => most.has(name));
    if (uncertain.length === 0) return value;
    for (const name of uncertain) this.because.add(most.get(name) ?? '');
    // Fewer players may cost more: up to a few, all coalitions are run.
    const fewer = fewerPlayers(quantities).map((players) => evaluate(formula, { ...quantities, players }, args).value);
    return Math.max(value, ...fewer);
  }
}

function fewerPlayers({ players }: Quantities): number[] {
  return Array.from({ length: Math.min(players, MOST_TRIED) }, (_, fewer) => fewer);
}

/** Games are computed exactly up to fewer players than this. */
const MOST_TRIED = 32;

function copiesOf({ passes }: MethodInfo, { method_args: args }: AttributeRequest, counter: Counter) {
  const { evaluated, recorded, pulled, apart, most } = passes ?? {};
  if (most === true) counter.because.add('the method ends when it has converged');
  const copies = counter.count(recorded, args);
  return {
    evaluated: counter.count(evaluated, args),
    recorded: copies,
    pulled: pulled === undefined ? copies : counter.count(pulled, args),
    apart: counter.count(apart, args),
  };
}

/** Runs of each copy, and passes that are made once. */
function ofFunction(
  info: StepFunctionInfo | undefined,
  { name, args }: CompleteCall,
  counter: Counter,
  role: 'attributed' | 'scored',
): { runs: number; once: number } {
  const passes = info?.passes;
  if (passes === undefined) return { runs: 1, once: 0 };
  const once = counter.count(passes[role], args);
  const runs = role === 'scored' || passes.runs === undefined ? 1 : counter.count(passes.runs, args);
  if (passes.most === true && once + runs > 1)
    counter.because.add(`${name} runs less where that gives the same scores`);
  return { runs, once };
}

/** Blocks of steps that a gradient is pulled back in (MemoryPlan.columnBlocks). */
function blocksOf({ memory, layers, vocab_size }: ModelInfo, { start, steps, length, sourceLength }: Extent): number {
  if (memory === undefined) return 1;
  const sizes = { hiddenSize: memory.hidden_size, numHeads: memory.heads, numLayers: layers, vocabSize: vocab_size };
  const bytesOfRow = bytesOfPulledRow(sizes, { length }, memory.keeps_maps);
  const read = Int32Array.from({ length: steps }, (_, t) => start + t - 1);
  const rowsOf = (position: number): number => position + 1 + sourceLength;
  return blocksWithin(read, rowsOf, (position) => rowsOf(position) * bytesOfRow, {
    bytes: memory.activation_bytes * PLANNED_SHARE,
    rows: rowsOfBlock(memory.many_rows),
  }).length;
}
