import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { splitSpans } from '../../../src/attribution/aggregation/aggregators/split.ts';
import { subwordSpans } from '../../../src/attribution/aggregation/aggregators/subwords.ts';
import { mergeAxis, normalizeColumns, reduceLast, rescale } from '../../../src/attribution/aggregation/arrays.ts';
import { FUNCTION_NAMES, reduction } from '../../../src/attribution/aggregation/functions.ts';
import { assertClose, flatten, type Golden } from '../../support/close.ts';
import { units } from '../../support/goldens.ts';

const CLOSE = { rtol: 1e-5, atol: 1e-6 };

function scores(golden: Golden) {
  const { shape, data } = flatten(golden);
  return { shape, data: Float32Array.from(data) };
}

describe('functions of the reference library', () => {
  const cases = units().functions.cases as Record<string, Golden>[];
  for (const [index, unit] of cases.entries()) {
    for (const name of FUNCTION_NAMES) {
      it(`${name}, case ${index}`, () => {
        assertClose(reduceLast(scores(unit.input), reduction(name)), unit[name], CLOSE, name);
      });
    }
    it(`normalize and rescale, case ${index}`, () => {
      const input = scores(unit.normalize_input);
      assertClose(normalizeColumns([input])[0], unit.normalize, CLOSE, 'normalize');
      assertClose(rescale([input])[0], unit.rescale, CLOSE, 'rescale');
      const [first, second] = unit.normalize_pair_input as Golden[];
      const pair = normalizeColumns([scores(first), scores(second)]);
      const expected = unit.normalize_pair as Golden[];
      pair.forEach((side, i) => void assertClose(side, expected[i], CLOSE, `side ${i}`));
    });
    it(`spans, case ${index}`, () => {
      const [first, second] = unit.contiguous_spans as [number, number][];
      const input = scores(unit.contiguous_input);
      const cuts = [...new Set([0, ...first, ...second, input.shape[0]])].sort((a, b) => a - b);
      const covers = ([start, end]: [number, number], at: number) => at >= start && at < end;
      const groups = cuts.slice(0, -1).flatMap((start, i) => {
        const end = cuts[i + 1];
        if (covers(first, start) || covers(second, start)) return [{ start, end }];
        return Array.from({ length: end - start }, (_, k) => ({ start: start + k, end: start + k + 1 }));
      });
      const merged = mergeAxis(input, 0, groups, reduction('absmax'));
      assertClose(merged, unit.contiguous_absmax_dim0, CLOSE, 'merged');
    });
  }
});

describe('spans of the reference library', () => {
  const pairs = (spans: { start: number; end: number }[]) => spans.map(({ start, end }) => [start, end]);
  const tokensOf = (unit: Record<string, unknown>) =>
    (unit.tokens as string[]).map((token) => ({ token, start: null }));

  for (const [index, unit] of units().subword_spans.cases.entries()) {
    it(`subwords, case ${index}`, () => {
      const options = {
        special_chars: unit.special_chars as string | string[],
        is_suffix_symbol: unit.is_suffix_symbol as boolean,
        last_subword: 'separate' as const,
      };
      assert.deepEqual(pairs(subwordSpans(tokensOf(unit), options)), unit.spans);
    });
  }

  for (const [index, unit] of units().split_spans.cases.entries()) {
    it(`split, case ${index}`, () => {
      const mode = unit.split_mode as 'single' | 'start' | 'end';
      assert.deepEqual(pairs(splitSpans(tokensOf(unit), unit.split_pattern as string, mode)), unit.spans);
    });
  }
});
