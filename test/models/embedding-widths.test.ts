/** Models whose embeddings are narrower or wider than their layers (OPT-350M): scores of replaced tokens are right. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ScoreObjective } from '../../src/attribution/passes/score-objective.ts';
import { embedIds } from '../../src/models/model.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { assertClose } from '../support/goldens.ts';
import { passesOver, targetLogits } from './encoder-decoder.ts';
import { FAMILY_CASES } from './family-cases.ts';
import { logitsOf, TOKENS, withModel } from './family-forward.ts';

const REPLACEMENT = 2;

describe('embeddings of another width than the layers', () => {
  before(() => startBackend('auto'));

  for (const name of ['opt-350m', 'opt-no-last-norm', 'opt-wide']) {
    const golden = FAMILY_CASES.find((other) => other.name === name);
    it(`${name}: each token replaced`, async () => {
      assert.ok(golden);
      await withModel(golden, {}, async (model) => {
        assert.notEqual(model.targetEmbedding.table.shape[1], model.hiddenSize);
        const passes = passesOver(model, [], TOKENS);
        const positions = Int32Array.from({ length: passes.length }, (_, position) => position);
        const replacement = tf.keep(
          embedIds(
            model.targetEmbedding,
            positions.map(() => REPLACEMENT),
          ),
        );
        /** Logits of the tokens after a text's: [steps] */
        const scores = (tokens: Int32Array): number[] => {
          const logits = tf.tidy(() => logitsOf(model, {}, tokens).arraySync());
          return Array.from(passes.targets, (target, step) => logits[step][target]);
        };
        const objective = new ScoreObjective(passes, targetLogits);
        const units = Array.from(positions, (start) => ({ start, end: start + 1 }));
        const { clean, replaced } = await objective.replaceTarget(units, replacement, async () => {});
        assertClose(clean, scores(TOKENS), { rel_to_max: 2e-5 }, 'clean');
        for (const position of positions) {
          const own = replaced.slice(position * passes.steps + position, (position + 1) * passes.steps);
          const expected = scores(TOKENS.with(position, REPLACEMENT)).slice(position);
          assertClose(own, expected, { rel_to_max: 2e-5 }, `token ${position}`);
        }
        passes.dispose();
        replacement.dispose();
      });
    });
  }
});
