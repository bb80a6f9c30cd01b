import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alignContrast, type Pair } from '../../../../src/attribution/step-functions/parts/align-contrast.ts';
import { units } from '../../../support/goldens.ts';

interface AlignmentUnit {
  alignments: Pair[] | null;
  n_target: number;
  n_contrast: number;
  start_pos: number;
  end_pos: number;
  aligned_idx: number[];
}

describe('alignContrast', () => {
  const cases = units().adjusted_alignments.cases as unknown as AlignmentUnit[];
  for (const [index, unit] of cases.entries()) {
    it(`agrees with the reference library, case ${index}`, () => {
      const { alignments, n_target, n_contrast, start_pos, end_pos } = unit;
      const aligned = alignContrast(alignments ?? [], n_target, n_contrast, start_pos, end_pos);
      assert.deepEqual(Array.from(aligned), unit.aligned_idx);
    });
  }

  it('aligns texts of the same length position by position', () => {
    assert.deepEqual(Array.from(alignContrast([], 4, 4)).slice(1), [1, 2, 3]);
  });
});
