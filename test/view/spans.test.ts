/** Spans of an answer that are outputs, shown as one token each. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toHeatmap } from '../../src/results/heatmap.ts';
import { toText } from '../../src/results/text.ts';
import { spansAsTokens } from '../../src/view/model/spans.ts';
import { resultOf, smallSequence, spannedSequence } from '../results/support.ts';

describe('spans as tokens', () => {
  it('join their tokens: as outputs they have their columns, as inputs the sums of their rows', () => {
    const { target, attr_pos_start, attr_pos_end, target_attributions, step_scores, ...rest } = spansAsTokens(
      spannedSequence(),
    );
    assert.deepEqual(
      target.map(({ token, start, end }) => [token, start, end]),
      [
        ['The', 0, 3],
        [' capital is', 3, 14],
        [' Paris', 14, 20],
        ['.', 20, 21],
      ],
    );
    assert.deepEqual([attr_pos_start, attr_pos_end], [1, 4]);
    assert.deepEqual(target_attributions, [
      [0.5, null, 0.25],
      [0.125, null, 0.75],
      [null, null, -0.5],
      [null, null, null],
    ]);
    assert.deepEqual(step_scores, { probability: [1.7, null, 0.5] });
    assert.equal('target_spans' in rest, false);
  });

  it('sum raw scores number by number', () => {
    const sequence = spannedSequence();
    const raw = {
      ...sequence,
      target_attributions: [
        [
          [1, 2],
          [3, 4],
        ],
        [
          [1, 1],
          [2, 2],
        ],
        [null, [5, 6]],
        [null, [1, 1]],
      ],
    };
    assert.deepEqual(spansAsTokens(raw).target_attributions?.[1], [[1, 1], null, [7, 8]]);
  });

  it('leave a sequence without spans as it is', () => {
    const sequence = smallSequence();
    assert.equal(spansAsTokens(sequence), sequence);
  });

  it('are the columns of text and pages', () => {
    const text = toText(resultOf(spannedSequence()));
    assert.match(text, /^text 1 +capital is +Paris +\.\n/);
    assert.match(text, /\nprobability +1\.700 +0\.500\n/);
    assert.match(toHeatmap(resultOf(spannedSequence())), /capital is/);
  });
});
