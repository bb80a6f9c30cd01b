import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { alignerWords, mutualAlignment, tokenPairs, wordPairs } from '../../src/alignment/align-texts.ts';
import { autoAlignment } from '../support/goldens.ts';

describe('mutualAlignment', () => {
  it('pairs what is closest in both directions', () => {
    const a = new Float32Array([9, 0, 0, 9]);
    const b = new Float32Array([0, 9, 9, 0, 5, 5]);
    assert.deepEqual(mutualAlignment(a, b, 2), [
      [0, 1],
      [1, 0],
    ]);
  });

  it('keeps several counterparts above the threshold, and survives large products', () => {
    const same = new Float32Array([300, 300]);
    assert.deepEqual(mutualAlignment(same, same, 1, 0.4), [
      [0, 0],
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    assert.deepEqual(mutualAlignment(same, same, 1, 0.6), []);
  });
});

describe('words of an aligner', () => {
  const unit = autoAlignment().word_alignments as unknown as { a: string; a_words: string[] }[];
  for (const { a, a_words } of unit) {
    it(`splits "${a}" as the reference library`, () => {
      assert.deepEqual(
        alignerWords(a).map(({ start, end }) => a.slice(start, end)),
        a_words,
      );
    });
  }

  it('joins pieces to words, and words to tokens by their characters', () => {
    const words = wordPairs(
      [
        [0, 0],
        [1, 0],
        [2, 1],
      ],
      [
        [0, 0, 1],
        [0, 1],
      ],
    );
    assert.deepEqual(words, [
      [0, 0],
      [1, 1],
    ]);
    const token = (start: number | null, end: number | null) => ({ id: 1, token: '', start, end });
    const pairs = tokenPairs(
      words,
      [alignerWords('unhappy dog'), alignerWords('sad cat')],
      [
        [token(null, null), token(0, 2), token(2, 7), token(7, 11)],
        [token(null, null), token(0, 3), token(3, 7)],
      ],
    );
    assert.deepEqual(pairs, [
      [0, 0],
      [1, 1],
      [2, 1],
      [3, 2],
    ]);
  });
});
