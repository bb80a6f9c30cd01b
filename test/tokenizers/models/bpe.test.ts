import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../src/random.ts';
import { createModel } from '../../../src/tokenizers/models/model.ts';

/** The definition, in quadratic time: the best-ranked pair, the leftmost of several, is joined until there is none. */
function mergeNaively(piece: string, merges: readonly [string, string][]): string[] {
  const symbols = [...piece];
  for (;;) {
    const ranks = symbols.slice(1).map((right, i) => merges.findIndex(([a, b]) => a === symbols[i] && b === right));
    const best = Math.min(...ranks.filter((rank) => rank >= 0));
    if (best === Infinity) return symbols;
    const at = ranks.indexOf(best);
    symbols.splice(at, 2, symbols[at] + symbols[at + 1]);
  }
}

test('random merges of random words are those of the definition', () => {
  const random = new Random(3);
  for (let round = 0; round < 40; round++) {
    const tokens = [...'abcd'];
    const merges: [string, string][] = [];
    for (let i = 0; i < 25; i++) {
      const [left, right] = [tokens[random.integer(tokens.length)], tokens[random.integer(tokens.length)]];
      if (merges.some(([a, b]) => a === left && b === right)) continue;
      merges.push([left, right]);
      if (!tokens.includes(left + right)) tokens.push(left + right);
    }
    const vocab = Object.fromEntries(tokens.map((token, id) => [token, id]));
    const form = round % 2 === 0 ? merges : merges.map((pair) => pair.join(' '));
    const model = createModel({ type: 'BPE', vocab, merges: form });
    for (let word = 0; word < 30; word++) {
      const piece = Array.from({ length: random.integer(90) + 1 }, () => 'abcd'[random.integer(4)]).join('');
      const found = model.tokenize(piece);
      assert.deepEqual(
        found.map(({ id }) => tokens[id]),
        mergeNaively(piece, merges),
      );
      for (const { id, start, end } of found) assert.equal(piece.slice(start, end), tokens[id]);
      assert.deepEqual(model.tokenize(piece), found); // remembered or not
    }
  }
});

test('unknown characters: one token each, one for a run, bytes, or nothing', () => {
  const vocab = { '<unk>': 0, a: 1 };
  const ids = (options: Record<string, unknown>, text: string) =>
    createModel({ type: 'BPE', merges: [], ...options })
      .tokenize(text)
      .map(({ id, start, end }) => [id, start, end]);
  assert.deepEqual(ids({ vocab, unk_token: '<unk>' }, 'aéèa'), [
    [1, 0, 1],
    [0, 1, 2],
    [0, 2, 3],
    [1, 3, 4],
  ]);
  assert.deepEqual(ids({ vocab, unk_token: '<unk>', fuse_unk: true }, 'é🙂aè'), [
    [0, 0, 3],
    [1, 3, 4],
    [0, 4, 5],
  ]);
  assert.deepEqual(ids({ vocab, unk_token: null }, 'aéa'), [
    [1, 0, 1],
    [1, 2, 3],
  ]);
  const bytes = Object.fromEntries(
    Array.from({ length: 256 }, (_, i) => [`<0x${i.toString(16).toUpperCase().padStart(2, '0')}>`, 10 + i]),
  );
  assert.deepEqual(ids({ vocab: { ...vocab, ...bytes }, unk_token: '<unk>', byte_fallback: true }, 'aé'), [
    [1, 0, 1],
    [10 + 0xc3, 1, 2],
    [10 + 0xa9, 1, 2],
  ]);
});

test('marks of continuing subwords and of word ends, and words that are taken whole', () => {
  const vocab = { a: 0, '##b': 1, 'ab</w>': 2, '##b</w>': 3, 'a</w>': 4, ab: 5 };
  const model = createModel({
    type: 'BPE',
    vocab,
    merges: [['a', '##b</w>']],
    continuing_subword_prefix: '##',
    end_of_word_suffix: '</w>',
  });
  assert.deepEqual(
    model.tokenize('ab').map(({ id }) => id),
    [2],
  );
  assert.deepEqual(
    model.tokenize('a').map(({ id }) => id),
    [4],
  );
  const whole = createModel({ type: 'BPE', vocab: { a: 0, b: 1, ab: 2 }, merges: [], ignore_merges: true });
  assert.deepEqual(
    whole.tokenize('ab').map(({ id }) => id),
    [2],
  );
  assert.deepEqual(
    whole.tokenize('ba').map(({ id }) => id),
    [1, 0],
  );
});

test('a merge of tokens that are not there is refused', () => {
  assert.throws(() => createModel({ type: 'BPE', vocab: { a: 0 }, merges: ['a b'] }), /merge "a b" has tokens/);
  assert.throws(() => createModel({ type: 'BPE', vocab: {}, merges: [] }), /vocabulary of the tokenizer is empty/);
  assert.throws(
    () => createModel({ type: 'Fancy', vocab: { a: 0 } }),
    /model "Fancy" of tokenizer.json is not supported/,
  );
});
