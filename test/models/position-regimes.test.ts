/**
 * Position regimes: two lengths of a text share one exactly when what they have in common is computed alike in both.
 * Rotary positions that are stretched by the length of the text (LongRoPE, dynamic scaling) have several.
 */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { families } from '../../src/models/load.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { FAMILY_CASES, IDS } from './family-cases.ts';
import { logitsOf, withModel } from './family-forward.ts';

const types = await families();
const decoders = FAMILY_CASES.filter(({ config }) => types.get(config.model_type)?.architecture === 'decoder-only');

/** Regimes that differ, of texts up to the longest that is tried. */
const SEVERAL: Record<string, number> = {
  'llama-dynamic': IDS.length - 7,
  'gpt_neox-dynamic': IDS.length - 7,
  'phi3-longrope': 2,
  'phi3-su': 2,
  'phi3-yarn': 2,
  'llama-longrope': 2,
};

describe('position regimes', () => {
  before(() => startBackend('auto'));

  for (const golden of decoders) {
    it(`${golden.name}: texts of one regime, and no others, are computed alike`, () =>
      withModel(golden, {}, (model) => {
        const lengths = Array.from({ length: IDS.length - 1 }, (_, k) => k + 2);
        const logits = lengths.map((length) => tf.tidy(() => logitsOf(model, {}, IDS.subarray(0, length)).arraySync()));
        const regimes = lengths.map((length) => model.positionRegime?.(length));
        assert.equal(new Set(regimes).size, SEVERAL[golden.name] ?? 1);
        lengths.forEach((short, i) => {
          for (let j = i + 1; j < lengths.length; j++) {
            const [own, other] = [logits[i][short - 1], logits[j][short - 1]];
            const size = Math.max(...own.map(Math.abs));
            const apart = Math.max(...own.map((value, id) => Math.abs(value - other[id]))) / size;
            const label = `${short} of ${lengths[j]} tokens are ${apart} apart`;
            assert.ok(regimes[i] === regimes[j] ? apart < 1e-5 : apart > 1e-5, label);
          }
        });
      }));
  }
});
