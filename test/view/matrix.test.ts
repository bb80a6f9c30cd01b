/** Scores in the units that a reader chose, the strongest links among them, and how two results agree. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Result } from '../../src/contract/result.ts';
import { agreement, rankCorrelation } from '../../src/view/model/correlation.ts';
import { headline } from '../../src/view/model/headline.ts';
import { shortNames } from '../../src/view/model/layers.ts';
import { sourcesOf, targetsOf } from '../../src/view/model/links.ts';
import { matrixOf, quantile, withoutFaintRows } from '../../src/view/model/matrix.ts';
import { focusOf, formatSelection, parseSelection } from '../../src/view/model/selection.ts';
import { smallSequence, tokensOf } from '../results/support.ts';

/** "un" "happy" are one word, and so are the generated "walk" "ing". */
const sequence = smallSequence({
  target: tokensOf('un', 'happy', ' dogs', ' walk', 'ing'),
  attr_pos_start: 3,
  attr_pos_end: 5,
  target_attributions: [
    [0.1, 0.2],
    [0.3, 0.2],
    [0.6, 0.1],
    [null, 0.5],
    [null, null],
  ],
});
const TOKENS = { granularity: 'token', shares: false } as const;
const rounded = (values: Iterable<number>) => Array.from(values, (value) => Math.round(value * 1e6) / 1e6);

describe('a matrix', () => {
  it('has a row for each token that counts, NaN where it comes later', () => {
    const matrix = matrixOf(sequence, TOKENS);
    assert.deepEqual(
      matrix.rows.map(({ unit, group }) => `${group} ${unit.text}`),
      ['Prompt un', 'Prompt happy', 'Prompt dogs', 'Generated before walk'],
    );
    assert.deepEqual(rounded(matrix.values), [0.1, 0.2, 0.3, 0.2, 0.6, 0.1, Number.NaN, 0.5]);
  });

  it('of words sums what counts and averages what is generated, and no word comes from itself', () => {
    const matrix = matrixOf(sequence, { granularity: 'word', shares: false });
    assert.deepEqual(
      matrix.columns.map(({ text }) => text),
      ['walking'],
    );
    assert.deepEqual(
      matrix.rows.map(({ unit }) => unit.text),
      ['unhappy', 'dogs'],
    );
    assert.deepEqual(rounded(matrix.values), [(0.4 + 0.4) / 2, (0.6 + 0.1) / 2]);
  });

  it('of shares sums to one in each column', () => {
    const { values } = matrixOf(sequence, { granularity: 'word', shares: true });
    assert.deepEqual(rounded(values), rounded([0.4 / 0.75, 0.35 / 0.75]));
    const signed = matrixOf(smallSequence(), { granularity: 'token', shares: true });
    assert.deepEqual(rounded(signed.values), rounded([0.25, 0.5, 0.75, -0.125, Number.NaN, 0.375]));
  });

  it('without faint rows keeps what reaches the share in any column', () => {
    const matrix = withoutFaintRows(matrixOf(sequence, TOKENS), 0.25);
    assert.deepEqual(
      matrix.rows.map(({ unit }) => unit.text),
      ['happy', 'dogs', 'walk'],
    );
    assert.deepEqual(rounded(matrix.values), [0.3, 0.2, 0.6, 0.1, Number.NaN, 0.5]);
  });

  it('knows below which size most of it lies', () => {
    assert.equal(quantile(Float64Array.of(-9, 1, 2, Number.NaN, 3), 0.5), 3);
    assert.equal(quantile(new Float64Array(0), 0.5), 0);
  });
});

describe('links', () => {
  const matrix = matrixOf(sequence, TOKENS);

  it('are the sources of a column and the effects of a row, strongest first, with their shares', () => {
    assert.deepEqual(
      sourcesOf(matrix, 1).map(({ row, share }) => [row, Math.round(share * 100)]),
      [
        [3, 50],
        [0, 20],
        [1, 20],
        [2, 10],
      ],
    );
    assert.deepEqual(
      targetsOf(matrix, 2).map(({ column, share }) => [column, Math.round(share * 100)]),
      [
        [0, 60],
        [1, 10],
      ],
    );
  });

  it('of all columns are means of shares', () => {
    const all = sourcesOf(matrix, null);
    assert.deepEqual(
      all.map(({ row, share }) => [row, Math.round(share * 100)]),
      [
        [2, 35],
        [1, 25],
        [3, 25],
        [0, 15],
      ],
    );
  });
});

describe('a headline', () => {
  const info = { attributed_fn: 'probability', method: 'saliency' } as Result['info'];
  const say = (column: number | null, row: number | null, extra: Partial<Result['info']> = {}, of = sequence) => {
    const { target, attr_pos_start } = of;
    const subject = { info: { ...info, ...extra }, sequence: { index: 0, target, attr_pos_start } };
    return headline(matrixOf(of, TOKENS), { column, row }, subject)
      .map(({ text }) => text)
      .join('');
  };

  it('names the source of a token, of the answer, and what a token led to', () => {
    assert.equal(say(0, null), '“walk” came mostly from “dogs” (60 %).');
    assert.equal(say(null, null), '“walk” came most from “dogs” (60 %) and “ing” from “walk” (50 %).');
    assert.equal(say(null, 2), '“dogs” counted most for “walk”: 60 % of it.');
    assert.equal(say(1, 2), '“dogs” is 10 % of what counted for “ing”.');
    assert.equal(say(0, 3), '“walk” does not come before “walk”.');
  });

  it('names two sources where none is the main one, and what speaks against', () => {
    const spread = smallSequence({
      target_attributions: [
        [0.36, 1],
        [-0.34, 1],
        [null, 1],
        [null, null],
      ],
    });
    assert.equal(say(0, null, {}, spread), '“is” came mostly from “The” (51 %).');
    const even = smallSequence({
      target: tokensOf('a', ' b', ' c', ' d'),
      attr_pos_start: 3,
      target_attributions: [[0.35], [-0.33], [0.32], [null]],
    });
    assert.equal(say(0, null, {}, even), '“d” came most from “a” (35 %) and “b” (33 %, against it).');
  });

  it('says what a token was compared with, and which function it is about', () => {
    const contrasts = [
      {
        sequence: 0,
        step_function: 'x',
        role: 'attributed_fn' as const,
        alignments: [],
        contrast_tokens: [' run', 's'],
        pairs: [],
      },
    ];
    assert.equal(
      say(0, null, { attributed_fn: 'contrast_prob_diff', contrasts }),
      '“walk” rather than “run” came mostly from “dogs” (60 %).',
    );
    assert.equal(say(0, null, { attributed_fn: 'entropy' }), 'The entropy of “walk” came mostly from “dogs” (60 %).');
  });

  it('speaks of the source where there is one', () => {
    const translation = { ...sequence, source: tokensOf('chiens'), source_attributions: [[0.2, 0.1]] };
    assert.equal(say(0, null, {}, translation), 'Of the source, “walk” came most from “chiens” (17 %).');
  });

  it('says where nothing was attributed', () => {
    assert.equal(
      say(null, null, {}, { ...sequence, target_attributions: null }),
      'Nothing was attributed: step scores alone.',
    );
  });
});

describe('a selection', () => {
  it('is written and read again', () => {
    for (const text of ['t5', 's3', 'p12', 't5,s3']) assert.equal(formatSelection(parseSelection(text)), text);
    for (const text of ['', 'x', 't', ',s3', 't5s3', 't5,', 't9999999', '<script>'])
      assert.equal(parseSelection(text), null, text);
  });

  it('means the unit that holds its token', () => {
    const words = matrixOf(sequence, { granularity: 'word', shares: false });
    assert.deepEqual(focusOf(words, parseSelection('t4,p1')), { column: 0, row: 0 });
    assert.deepEqual(focusOf(words, parseSelection('t99')), { column: null, row: null });
  });
});

describe('rank correlation', () => {
  it("is Spearman's, ties at their mean rank", () => {
    assert.equal(rankCorrelation([1, 2, 3], [10, 20, 40]), 1);
    assert.equal(rankCorrelation([1, 2, 3], [3, 2, 1]), -1);
    // scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 4]).statistic
    assert.ok(Math.abs((rankCorrelation([1, 2, 2, 4], [1, 3, 2, 4]) ?? 0) - 0.9486832980505138) < 1e-12);
    assert.equal(rankCorrelation([1, 1], [1, 2]), null);
    assert.equal(rankCorrelation([1, Number.NaN], [1, 2]), null);
  });

  it('of two results is that of the cells they share; null for other texts', () => {
    const matrix = matrixOf(sequence, TOKENS);
    assert.deepEqual(agreement(matrix, matrix), { all: 1, columns: [1, 1] });
    assert.equal(agreement(matrix, matrixOf(smallSequence(), TOKENS)), null);
    const shorter = matrixOf(
      { ...sequence, attr_pos_end: 4, target_attributions: [[3], [2], [1], [null], [null]] },
      TOKENS,
    );
    assert.deepEqual(agreement(matrix, shorter), { all: -1, columns: [-1, null] });
  });
});

it('layers are named by what tells them apart', () => {
  assert.deepEqual(shortNames(['transformer.h.0.mlp', 'transformer.h.12.mlp']), ['0', '12']);
  assert.deepEqual(shortNames(['h.0.mlp', 'h.0.attn']), ['mlp', 'attn']);
  assert.deepEqual(shortNames(['h.0.mlp', 'lm_head']), ['h.0.mlp', 'lm_head']);
});
