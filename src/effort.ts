/**
 * What a job asks of the device, in numbers that its seconds follow from: foreseen by a quote, or counted by the engine when
 * it is done.
 */
export interface Effort {
  texts: number;
  /** Positions that are run forward, in all copies of the texts. */
  rows: number;
  /** Positions that gradients are pulled back to: for each copy and step all that it sees. */
  pulled: number;
  /** Tokens that are generated, by each beam. */
  generated: number;
  /** Scores of a token at a step. */
  cells: number;
}

/** What a job took, as its engine saw it. */
export interface Measured {
  /** Null: nothing is quoted for this kind of job. */
  effort: Effort | null;
  quantization: string;
  /** Seconds that it waited for its model to be loaded. */
  loadingSeconds: number;
  /** Passes that were run again, because an attempt was disturbed; left out: none was. */
  recomputedPasses?: number;
}

/** What was measured of a turn of a worker, in which one or more jobs that are alike were computed. */
export interface EffortSample extends Effort {
  /** That it took, without the loading of the model. */
  seconds: number;
}

/** The sizes of a text that was, or will be, attributed. */
export interface EffortText {
  sourceLength: number;
  /** Decoder positions that are run. */
  length: number;
  /** The first attributed token. */
  start: number;
  steps: number;
  /** New tokens, by each beam. */
  generated: number;
}

/** @param passes - of all texts together */
export function effortOf(texts: readonly EffortText[], passes: { forward: number; backward: number }): Effort {
  const sum = (of: (text: EffortText) => number): number => texts.reduce((all, text) => all + of(text), 0);
  const count = Math.max(1, texts.length);
  return {
    texts: texts.length,
    rows: (passes.forward / count) * sum(({ length, sourceLength }) => length + sourceLength),
    pulled:
      (passes.backward / count) *
      sum(({ start, steps, sourceLength }) => steps * (start + sourceLength) + (steps * (steps - 1)) / 2),
    generated: sum(({ generated }) => generated),
    cells: sum(({ length, sourceLength, steps }) => (length + 1 + sourceLength) * steps),
  };
}

/** Of jobs that were computed together. */
export function sumOfEfforts(efforts: readonly Effort[]): Effort {
  const total = { texts: 0, rows: 0, pulled: 0, generated: 0, cells: 0 };
  for (const effort of efforts) {
    for (const name of Object.keys(total) as (keyof Effort)[]) total[name] += effort[name];
  }
  return total;
}
