/** What becomes of each text of a job: one that fails leaves the others alone. */

import { AttributionError } from '../attribution/errors.ts';
import type { Look } from '../batching/dynamic-batcher.ts';
import type { JobError } from '../contract/job.ts';
import type { ResultSequence } from '../contract/result.ts';

/** What went wrong inside (paths, shapes) is for the operator's log. */
const UNEXPECTED = 'The engine failed on this text. The log of the worker says why.';

/** Why there is nothing of a text. */
export class TextFault {
  readonly reason: unknown;

  constructor(reason: unknown) {
    this.reason = reason;
  }

  /** Whether the text itself, or the request, is at fault. */
  get isExpected(): boolean {
    return this.reason instanceof AttributionError;
  }

  /** For the person who made the request. */
  get error(): JobError {
    if (!(this.reason instanceof AttributionError)) return { code: 'engine_error', message: UNEXPECTED, pointer: null };
    const { code, message, pointer } = this.reason;
    return { code, message, pointer: pointer ?? null };
  }
}

/**
 * Works on texts together. What goes wrong unexpectedly may have come of what ran beside it, such as a lack of memory:
 * where others succeed, such a text is tried once more by itself.
 * @param work - on some of the texts
 * @param look - throws when the job was stopped, which is no fault of a text
 */
export async function eachText<Result>(
  texts: readonly number[],
  look: Look,
  work: (texts: readonly number[]) => Promise<PromiseSettledResult<Result>[]>,
): Promise<(Result | TextFault)[]> {
  const attempt = async (some: readonly number[]): Promise<(Result | TextFault)[]> => {
    const outcomes = await work(some);
    look();
    return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value : new TextFault(outcome.reason)));
  };
  const results = await attempt(texts);
  if (!results.some(isThere)) return results;
  for (const [at, result] of results.entries()) {
    if (result instanceof TextFault && !result.isExpected) [results[at]] = await attempt([texts[at]]);
  }
  return results;
}

/** Whether a text has what was to be made of it. */
export function isThere<Result>(result: Result | TextFault): result is Result {
  return !(result instanceof TextFault);
}

/** The error of a job of which nothing succeeded. @param faults - of all of its texts, at least one */
export function faultOfAll(faults: readonly TextFault[]): unknown {
  const unexpected = faults.find(({ isExpected }) => !isExpected);
  if (unexpected !== undefined) return unexpected.reason; // the job may be tried again
  const [{ reason }] = faults;
  if (!(reason instanceof AttributionError)) return reason;
  if (faults.every(({ error }) => error.message === reason.message)) return reason;
  const message = `none of the ${faults.length} texts could be attributed; the first: ${reason.message}`;
  return new AttributionError(reason.code, message, reason.pointer);
}

/** The place of a text that failed in a result. */
export function failedSequence({ error }: TextFault): ResultSequence {
  return {
    source: [],
    target: [],
    attr_pos_start: 0,
    attr_pos_end: 0,
    source_attributions: null,
    target_attributions: null,
    step_scores: {},
    sequence_scores: {},
    convergence_delta: null,
    error,
  };
}
