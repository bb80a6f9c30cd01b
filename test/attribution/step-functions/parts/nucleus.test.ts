import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keepTopK, keepTopP } from '../../../../src/attribution/step-functions/parts/nucleus.ts';
import { Random } from '../../../../src/random.ts';
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

describe('top-p and top-k filters', () => {
  for (const [index, unit] of (units().filter_logits.cases as unknown as FilterUnit[]).entries()) {
    it(`agree with the reference library, case ${index}`, () => {
      const { original, contrast, top_p, top_k, min_tokens_to_keep: least } = unit;
      const byP = new Uint8Array(original.length);
      const byK = new Uint8Array(original.length);
      const merged = Float32Array.from(original, (value, id) => value + contrast[id]);
      keepTopP(merged, top_p, least, byP);
      keepTopK(merged, top_k === 0 ? 0 : Math.max(top_k, least), byK);
      assert.deepEqual(
        unit.kept,
        Array.from(byP, (kept, id) => kept & byK[id]),
      );
      const count = keepTopP(Float32Array.from(original), top_p, least, byP);
      assert.deepEqual(Array.from(byP), unit.kept_by_top_p_original_only);
      assert.equal(
        count,
        byP.reduce((sum, kept) => sum + kept, 0),
      );
    });
  }

  it('find the same nucleus in a wide vocabulary as a full sort', () => {
    const random = new Random(3);
    const logits = Float32Array.from({ length: 50_257 }, () => 2.5 * random.normal());
    const total = logits.reduce((sum, value) => sum + Math.exp(value), 0);
    const kept = new Uint8Array(logits.length);
    for (const p of [0.05, 0.5, 0.9, 0.999]) {
      const ascending = Float64Array.from(logits, (value) => Math.exp(value) / total).sort();
      let dropped = 0;
      let sum = 0;
      while (sum + ascending[dropped] <= 1 - p) sum += ascending[dropped++];
      assert.equal(keepTopP(logits, p, 1, kept), logits.length - dropped, `p ${p}`);
    }
    const third = Float32Array.from(logits).sort().at(-3) ?? 0;
    assert.equal(keepTopK(logits, 3, kept), 3);
    assert.deepEqual(
      Array.from(kept.keys()).filter((id) => kept[id] === 1),
      Array.from(logits.keys()).filter((id) => logits[id] >= third),
    );
  });
});
