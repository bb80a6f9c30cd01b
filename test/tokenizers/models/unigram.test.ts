import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../src/random.ts';
import { createModel } from '../../../src/tokenizers/models/model.ts';

/** The best score over all segmentations, by trying them all. Unknown characters cost 10 more than the worst token. */
function bestScore(text: string, scores: ReadonlyMap<string, number>, unk: number): number {
  if (text === '') return 0;
  let best = -Infinity;
  for (let end = 1; end <= text.length; end++) {
    const score = scores.get(text.slice(0, end)) ?? (end === 1 ? unk : undefined);
    if (score !== undefined) best = Math.max(best, score + bestScore(text.slice(end), scores, unk));
  }
  return best;
}

test('the segmentation has the best score of all', () => {
  const random = new Random(5);
  for (let round = 0; round < 60; round++) {
    const scores = new Map<string, number>();
    for (let i = 0; i < 14; i++) {
      const token = Array.from({ length: random.integer(4) + 1 }, () => 'abc'[random.integer(3)]).join('');
      scores.set(token, -random.uniform() * 8);
    }
    const vocab = [['<unk>', 0], ...scores];
    const model = createModel({ type: 'Unigram', vocab, unk_id: 0 });
    const unk = Math.min(...scores.values()) - 10;
    for (let word = 0; word < 10; word++) {
      const text = Array.from({ length: random.integer(11) + 1 }, () => 'abcx'[random.integer(4)]).join('');
      const tokens = model.tokenize(text);
      // A run of unknown characters is one token.
      const score = tokens.reduce(
        (sum, { id, start, end }) =>
          sum + (id === 0 ? unk * (end - start) : (scores.get(text.slice(start, end)) ?? Number.NaN)),
        0,
      );
      assert.ok(Math.abs(score - bestScore(text, scores, unk)) < 1e-9, `${text}: ${JSON.stringify(tokens)}`);
      assert.equal(tokens[0].start, 0);
      assert.equal(tokens.at(-1)?.end, text.length);
      for (let i = 1; i < tokens.length; i++) {
        assert.equal(tokens[i].start, tokens[i - 1].end);
        assert.ok(tokens[i].id !== 0 || tokens[i - 1].id !== 0);
      }
    }
  }
});

test('unknown characters become bytes where the model has them', () => {
  const bytes = Array.from({ length: 256 }, (_, i) => [`<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, -9]);
  const model = createModel({
    type: 'Unigram',
    vocab: [['<unk>', 0], ['a', -1], ...bytes],
    unk_id: 0,
    byte_fallback: true,
  });
  assert.deepEqual(
    model.tokenize('a🙂').map(({ id, start, end }) => [id, start, end]),
    [[1, 0, 1], ...[0xf0, 0x9f, 0x99, 0x82].map((byte) => [2 + byte, 1, 3])],
  );
});

test('a damaged vocabulary is refused', () => {
  assert.throws(() => createModel({ type: 'Unigram', vocab: [['a']], unk_id: 0 }), /entry 0 of the Unigram vocabulary/);
  assert.throws(
    () => createModel({ type: 'Unigram', vocab: [], unk_id: 0 }),
    /vocabulary of the Unigram model is empty/,
  );
});
