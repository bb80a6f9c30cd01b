import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { nucleusMask, nucleusSizes, topKMask } from '../../../../src/attribution/step-functions/parts/nucleus.ts';
import { Random } from '../../../../src/random.ts';
import { startBackend } from '../../../../src/tensors/backend.ts';
import { read } from '../../../../src/tensors/read.ts';
import { tf } from '../../../../src/tensors/tf.ts';
import { units } from '../../../support/goldens.ts';

interface FilterUnit {
  original: number[];
  contrast: number[];
  top_p: number;
  top_k: number;
  min_tokens_to_keep: number;
  kept: number[];
  kept_by_top_p_original_only: number[];
}

for (const backend of ['tensorflow', 'wasm'] as const) {
  describe(`top-p and top-k filters on ${backend}`, () => {
    before(() => startBackend(backend));

    for (const [index, unit] of (units().filter_logits.cases as unknown as FilterUnit[]).entries()) {
      it(`agree with the reference library, case ${index}`, async () => {
        const { original, contrast, top_p, top_k, min_tokens_to_keep: least } = unit;
        const merged = original.map((value, id) => Math.fround(value + contrast[id]));
        const byP = await read(() => nucleusMask(tf.tensor2d([merged]), top_p, least));
        const byK = await read(() => topKMask(tf.tensor2d([merged]), top_k === 0 ? 0 : Math.max(top_k, least)));
        assert.deepEqual(
          unit.kept,
          Array.from(byP, (kept, id) => kept * byK[id]),
        );
        const ofOne = await read(() => nucleusMask(tf.tensor2d([original]), top_p, least));
        assert.deepEqual(Array.from(ofOne), unit.kept_by_top_p_original_only);
        const [size] = await read(() => nucleusSizes(tf.tensor2d([original]), top_p, least));
        assert.equal(
          size,
          ofOne.reduce((sum, kept) => sum + kept, 0),
        );
      });
    }

    it('find the same nucleus in a wide vocabulary as a full sort', async () => {
      const random = new Random(3);
      const logits = Float32Array.from({ length: 50_257 }, () => 2.5 * random.normal());
      const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
      for (const p of [0.05, 0.5, 0.9, 0.999]) {
        const ascending = Float64Array.from(logits, (value) => Math.exp(value) / total).sort();
        let dropped = 0;
        let sum = 0;
        while (sum + ascending[dropped] <= 1 - p) sum += ascending[dropped++];
        const [size] = await read(() => nucleusSizes(tf.tensor2d(logits, [1, logits.length]), p));
        assert.equal(size, logits.length - dropped, `p ${p}`);
      }
      const third = Float32Array.from(logits).sort().at(-3) ?? 0;
      const kept = await read(() => topKMask(tf.tensor2d(logits, [1, logits.length]), 3));
      assert.deepEqual(
        Array.from(kept.keys()).filter((id) => kept[id] === 1),
        Array.from(logits.keys()).filter((id) => logits[id] >= third),
      );
    });
  });
}
