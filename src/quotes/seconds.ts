/**
 * Seconds that a job will take, learned from what earlier jobs took: a sum of what a turn costs by itself and of what each
 * unit of effort costs, none of them negative, fitted to the relative errors of the last turns. Where turns were too few or
 * too alike to tell these costs apart, they stay near usual ones, which are brought to scale.
 */

import type { Effort, EffortSample } from '../effort.ts';

/** What is fitted: the cost of a turn, then of each unit of effort. */
const UNITS = ['texts', 'rows', 'pulled', 'generated', 'cells'] as const;

/** How strongly costs are held near the usual ones, in samples that err by as much. */
const HOLD = 0.03;
/** How much a turn counts beside the next one. */
const FADING = 0.97;
/** Rounds of coordinate descent, within rounds that bear with outliers. */
const DESCENTS = 60;
const REWEIGHTS = 5;
/** Relative errors beyond which a turn counts less: something else kept the machine busy. */
const USUAL_ERROR = 0.1;
/** Seconds below which times are noise. */
const SHORTEST = 1e-3;

/** Usual seconds: of a turn, a text, and by parameter of a row, a pulled row and a generated token; of a score. */
const USUAL = { turn: 0.01, text: 0.004, row: 4e-11, pulled: 6e-11, generated: 1e-9, cell: 1e-6 };

/** Seconds by effort. */
export type Estimator = (effort: Effort) => number;

/**
 * @param samples - the newest first, of jobs of one model and method
 * @param parameters - of the model; null: not known
 * @returns null without samples
 */
export function fitSeconds(samples: readonly EffortSample[], parameters: number | null): Estimator | null {
  if (samples.length === 0) return null;
  const usual = usualCosts(parameters ?? 1e8);
  const rows = samples.map((sample) => featuresOf(sample).map((feature, i) => feature * usual[i]));
  const seconds = samples.map((sample) => Math.max(SHORTEST, sample.seconds));
  const scale = median(rows.map((row, i) => seconds[i] / sum(row)));
  // Costs in units of the usual ones at this machine's scale, and each turn's seconds as 1.
  const relative = rows.map((row, i) => row.map((part) => (part * scale) / seconds[i]));
  const costs = new Float64Array(usual.length).fill(1);
  let weights = samples.map((_, age) => FADING ** age);
  for (let round = 0; round < REWEIGHTS; round++) {
    descend(relative, weights, costs);
    weights = relative.map((row, age) => {
      const error = Math.abs(dot(row, costs) - 1);
      return FADING ** age * Math.min(1, USUAL_ERROR / Math.max(error, 1e-9));
    });
  }
  return (effort) =>
    dot(
      featuresOf(effort),
      costs.map((cost, i) => cost * scale * usual[i]),
    );
}

/** Minimizes the weighted squares of (row · costs - 1), held near 1, over costs that are not negative. */
function descend(rows: readonly number[][], weights: readonly number[], costs: Float64Array): void {
  const errors = rows.map((row) => dot(row, costs) - 1);
  for (let descent = 0; descent < DESCENTS; descent++) {
    for (let at = 0; at < costs.length; at++) {
      let slope = HOLD * (costs[at] - 1);
      let curve = HOLD;
      rows.forEach((row, i) => {
        slope += weights[i] * errors[i] * row[at];
        curve += weights[i] * row[at] * row[at];
      });
      const next = Math.max(0, costs[at] - slope / curve);
      const change = next - costs[at];
      costs[at] = next;
      rows.forEach((row, i) => {
        errors[i] += change * row[at];
      });
    }
  }
}

function usualCosts(parameters: number): number[] {
  const { turn, text, row, pulled, generated, cell } = USUAL;
  return [turn, text, row * parameters, pulled * parameters, generated * parameters, cell];
}

function featuresOf(effort: Effort): number[] {
  return [1, ...UNITS.map((unit) => effort[unit])];
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

const sum = (values: readonly number[]): number => values.reduce((all, value) => all + value, 0);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i] * b[i];
  return total;
};
