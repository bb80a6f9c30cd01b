/**
 * Shapley values by sampling (Castro et al. 2009): the mean of what each unit adds to the score as units join in random
 * orders, the rest being replaced by their baselines. An order costs a copy a unit, shared by all steps.
 */

import { Type } from 'typebox';
import { defineMethod } from '../method.ts';
import { MAX_EXACT, ShapleyGame } from './parts/shapley-game.ts';
import { UNIT_ARGS } from './parts/units.ts';

export default defineMethod({
  id: 'shapley_sampling',
  name: 'Shapley value sampling',
  description:
    'What each token or unit adds to the score, averaged over random orders in which they join. Exact for up to ' +
    `${MAX_EXACT} units.`,
  paper: {
    title: 'Polynomial calculation of the Shapley value based on sampling',
    url: 'https://doi.org/10.1016/j.cor.2008.04.004',
  },
  argsSchema: Type.Object(
    {
      n_samples: Type.Integer({
        minimum: 1,
        maximum: 1000,
        default: 25,
        description:
          `Random orders, each of which costs a copy of the text for each unit. Up to ${MAX_EXACT} units are computed ` +
          'exactly from all 2^units copies instead.',
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
      ['+', 2, ['*', 'n_samples', ['+', 'players', -1]]],
    ],
  },

  async attribute(task) {
    const { passes, args, random } = task;
    const game = new ShapleyGame(task);
    if (game.exact) return game.scores(await game.exactValues());
    const count = game.players.length;
    const { columns } = passes;
    // In each order the first coalition is empty and the last is whole: these two are run once.
    const inner = count - 1;
    const total = args.n_samples * inner + 2;
    const { progress } = game.quote(total);
    const ends = new Uint8Array(2 * count).fill(1, count);
    const worthOfEnds = await game.worth(ends, progress);
    const sums = Array.from({ length: columns }, () => new Float64Array(count));
    const together = Math.max(1, Math.ceil(passes.plan.copiesEvaluated() / inner));
    for (let start = 0; start < args.n_samples; start += together) {
      const orders = Array.from({ length: Math.min(together, args.n_samples - start) }, () => random.order(count));
      const coalitions = new Uint8Array(orders.length * inner * count);
      orders.forEach((order, o) => {
        for (let joined = 1; joined <= inner; joined++) {
          const row = (o * inner + joined - 1) * count;
          for (const player of order.slice(0, joined)) coalitions[row + player] = 1;
        }
      });
      const worth = await game.worth(coalitions, (done) => progress(2 + start * inner + done));
      orders.forEach((order, o) => {
        for (let column = 0; column < columns; column++) {
          let before = worthOfEnds[column];
          order.forEach((player, joined) => {
            const after =
              joined < inner ? worth[(o * inner + joined) * columns + column] : worthOfEnds[columns + column];
            sums[column][player] += (after - before) / args.n_samples;
            before = after;
          });
        }
      });
    }
    return game.scores(sums);
  },
});
