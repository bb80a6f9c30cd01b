/** Merging the tokens of sentences. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { over, run, texts } from './support.ts';

describe('sentences', () => {
  it('merge the tokens of each sentence', () => {
    const text = 'It rains. We stay.';
    const sentences = run(over(text, 0, 2, 8, 9, 12, 17), [{ name: 'sentences' }], text);
    assert.deepEqual(texts(sentences), ['It rains.', ' We stay.', '</s>']);
    // Cell (row, column) of the seven tokens' scores is 6 row + column: the largest of each block stays.
    assert.deepEqual(sentences.targetAttributions?.shape, [3, 3]);
    assert.deepEqual(Array.from(sentences.targetAttributions?.data ?? []), [13, 16, 17, 31, 34, 35, 37, 40, 41]);
    assert.deepEqual(Array.from(sentences.stepScores.probability), [0.25, 0.125, 0.5]);
  });

  it('are found in Chinese', () => {
    const chinese = '我喜欢北京。你呢？';
    const each = [...chinese].map((_, at) => at);
    const parts = run(over(chinese, ...each), [{ name: 'sentences' }], chinese);
    assert.deepEqual(texts(parts), ['我喜欢北京。', '你呢？', '</s>']);
  });
});
