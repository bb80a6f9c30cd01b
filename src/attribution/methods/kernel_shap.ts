/**
 * Kernel SHAP (Lundberg & Lee 2017, section 4.1): Shapley values as the linear model of which units are kept, fitted to
 * random coalitions that are drawn by the Shapley kernel, with the sum of all values held to the change of the score.
 *
 * A coalition drawn by the kernel of all units is, of the units that a step sees, drawn by their own kernel, as long as it
 * holds some and not all of them (sizes are a mixture of coin throws: p(S) is B(s, n - s)). So one set of coalitions
 * serves every step, unweighted, and each is drawn with its complement.
 */

import { Type } from 'typebox';
import type { Random } from '../../random.ts';
import { defineMethod } from '../method.ts';
import { ridge } from './parts/ridge.ts';
import { MAX_EXACT, ShapleyGame } from './parts/shapley-game.ts';
import { UNIT_ARGS } from './parts/units.ts';

export default defineMethod({
  id: 'kernel_shap',
  name: 'Kernel SHAP',
  description:
    'Shapley values of tokens or units, fitted to random coalitions of them. The values add up to the change of the ' +
    `score. Exact for up to ${MAX_EXACT} units.`,
  paper: {
    title: 'A Unified Approach to Interpreting Model Predictions',
    url: 'https://arxiv.org/abs/1705.07874',
  },
  argsSchema: Type.Object(
    {
      n_samples: Type.Integer({
        minimum: 2,
        maximum: 10_000,
        default: 256,
        description:
          'Random coalitions, a copy of the text each, drawn in pairs of complements (an odd number is rounded down); ' +
          'twice the number of units or more is advised. Up to ' +
          `${MAX_EXACT} units are computed exactly from all 2^units copies instead.`,
      }),
      ...UNIT_ARGS,
    },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,
  passes: {
    evaluated: [
      'if',
      ['at_most', 'players', MAX_EXACT],
      ['^', 2, 'players'],
      ['+', 2, ['*', 2, ['half', 'n_samples']]],
    ],
  },

  async attribute(task) {
    const { passes, args, random } = task;
    const game = new ShapleyGame(task);
    if (game.exact) return game.scores(await game.exactValues());
    const count = game.players.length;
    const coalitions = drawCoalitions(random, count, Math.floor(args.n_samples / 2));
    const samples = coalitions.length / count;
    const { progress } = game.quote(samples);
    const worth = await game.worth(coalitions, progress);
    const { columns } = passes;
    const values: Float64Array[] = [];
    for (let column = 0; column < columns; column++) {
      const worthAt = Float64Array.from({ length: samples }, (_, sample) => worth[sample * columns + column]);
      values.push(fitColumn(coalitions, worthAt, game.seenBy(column), count));
      await progress(samples);
    }
    return game.scores(values);
  },
});

/** The empty and the whole coalition, then pairs of one that the Shapley kernel draws and its complement. */
function drawCoalitions(random: Random, count: number, pairs: number): Uint8Array {
  const coalitions = new Uint8Array((2 + 2 * pairs) * count).fill(1, count, 2 * count);
  // Sizes by the kernel's total: 1 / (s (n - s)), cumulated.
  const totals = [0];
  for (let size = 1; size < count; size++) totals.push(totals[size - 1] + 1 / (size * (count - size)));
  for (let pair = 0; pair < pairs; pair++) {
    const row = (2 + 2 * pair) * count;
    const at = random.uniform() * totals[count - 1];
    const size = totals.findIndex((total, s) => s > 0 && at < total);
    random.order(count).forEach((player, place) => {
      coalitions[row + (place < size ? 0 : count) + player] = 1;
    });
  }
  return coalitions;
}

/** Keeps the system definite: rounding beside its entries of about a quarter of the samples. */
const PENALTY = 1e-7;

/**
 * Values of one column: the least squares fit to the coalitions that hold some, but not all, of the players that it sees.
 * An even share of the whole change is taken off; what is left is fitted by values that add up to 0.
 * @param worth - [coalitions], of the empty and the whole one first
 * @returns [players], 0 for those that are not seen
 */
function fitColumn(coalitions: Uint8Array, worth: Float64Array, seen: readonly number[], count: number): Float64Array {
  const change = worth[1] - worth[0];
  const x: number[] = [];
  const y: number[] = [];
  for (let sample = 2; sample < worth.length; sample++) {
    const kept = seen.map((player) => coalitions[sample * count + player]);
    const share = kept.reduce((sum, value) => sum + value, 0) / seen.length;
    if (share === 0 || share === 1) continue;
    for (const value of kept) x.push(value - share);
    y.push(worth[sample] - worth[0] - share * change);
  }
  const values = new Float64Array(count);
  // Complements have opposite rows, so the regression's intercept has no part in the fit.
  const fit =
    y.length === 0
      ? null
      : ridge(
          x,
          y,
          y.map(() => 1),
          seen.length,
          PENALTY * y.length,
        ).coefficients;
  for (const [k, player] of seen.entries()) values[player] = change / seen.length + (fit?.[k] ?? 0);
  return values;
}
