/** How far two results of the same request are from each other. */

import type { ContextResult } from '../contract/attribute-context-result.ts';
import type { EvaluateResult } from '../contract/evaluate.ts';
import type { Difference, ScoreDifference } from '../contract/job.ts';
import type { Result } from '../contract/result.ts';

/** What of a result is compared: all but what names it and says how it was made. */
type Compared =
  | Pick<Result, 'sequences'>
  | Pick<ContextResult, 'context' | 'sources'>
  | Pick<EvaluateResult, 'ranking' | 'info'>;

/** Fields that hold values of step functions. */
const STEP_SCORES = 'step_scores';
/** Whole numbers that name something, and are no scores. */
const NAMES = new Set([
  'id',
  'position',
  'start',
  'end',
  'attr_pos_start',
  'attr_pos_end',
  'cti_idx',
  'unit',
  'document_index',
]);

/** The largest differences of pairs of numbers. */
class Largest {
  #absolute = 0;
  #relative = 0;

  add(original: number, again: number): void {
    const absolute = Math.abs(original - again);
    if (absolute === 0) return;
    this.#absolute = Math.max(this.#absolute, absolute);
    this.#relative = Math.max(this.#relative, absolute / Math.max(Math.abs(original), Math.abs(again)));
  }

  get found(): ScoreDifference {
    return { absolute: this.#absolute, relative: this.#relative };
  }
}

/**
 * The largest difference of any score of two results, step scores apart from the others. Where texts differ, or what is
 * scored, numbers have no counterpart: then there is none.
 */
export function differenceOf(original: Compared, again: Compared): Difference {
  const same_text = isSame(textsOf(original), textsOf(again));
  const scores = new Largest();
  const stepScores = new Largest();
  const isPaired = same_text && pair(scoredOf(original), scoredOf(again), scores, stepScores);
  if (!isPaired) return { same_text, scores: null, step_scores: null };
  return { same_text, scores: scores.found, step_scores: stepScores.found };
}

/** What was generated or given. */
function textsOf(result: Compared): unknown {
  if ('sequences' in result)
    return result.sequences.map(({ target, error }) => error ?? target.map(({ token }) => token));
  if ('ranking' in result) return result.info.generated_texts;
  return result.sources?.answer ?? result.context?.output_current;
}

function scoredOf(result: Compared): unknown {
  if ('sequences' in result) return result.sequences;
  return 'ranking' in result ? valuesOf(result) : [result.context, result.sources];
}

/** The numbers of each method: its place may be another one. */
function valuesOf({ ranking }: Pick<EvaluateResult, 'ranking'>): unknown {
  const named = ranking.map(({ method, method_args, values, random_values }) => ({
    name: JSON.stringify([method, method_args]),
    values,
    random_values,
  }));
  return named.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Walks through two values side by side. False where they are not the same but for numbers. */
function pair(original: unknown, again: unknown, scores: Largest, stepScores: Largest): boolean {
  if (typeof original === 'number' && typeof again === 'number') {
    scores.add(original, again);
    return true;
  }
  if (!isObject(original) || !isObject(again)) return original === again;
  const names = Object.keys(original);
  if (Array.isArray(original) !== Array.isArray(again) || !isSame(names, Object.keys(again))) return false;
  return names.every((name) => {
    if (NAMES.has(name)) return original[name] === again[name];
    return pair(original[name], again[name], name === STEP_SCORES ? stepScores : scores, stepScores);
  });
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
