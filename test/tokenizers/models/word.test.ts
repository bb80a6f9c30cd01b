import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createModel } from '../../../src/tokenizers/models/model.ts';
import { loadTokenizer } from '../../../src/tokenizers/tokenizer.ts';
import { autoAlignment, modelDir } from '../../support/goldens.ts';

test('WordPiece takes the longest prefix, and gives up a word as a whole', () => {
  const vocab = { '[UNK]': 0, un: 1, '##aff': 2, '##able': 3, unaff: 4, '##ab': 5 };
  const model = createModel({ type: 'WordPiece', vocab, unk_token: '[UNK]', continuing_subword_prefix: '##' });
  assert.deepEqual(
    model.tokenize('unaffable').map(({ id, start, end }) => [id, start, end]),
    [
      [4, 0, 5],
      [3, 5, 9],
    ],
  );
  assert.deepEqual(model.tokenize('unaffx'), [{ id: 0, start: 0, end: 6 }]);
  assert.deepEqual(model.tokenize(`un${'able'.repeat(25)}`), [{ id: 0, start: 0, end: 102 }]);
  assert.throws(() => createModel({ type: 'WordPiece', vocab: { a: 0 } }), /unknown token "\[UNK\]" is not/);
});

test('WordLevel: the word or the unknown token', () => {
  const model = createModel({ type: 'WordLevel', vocab: { '<unk>': 0, cat: 1 }, unk_token: '<unk>' });
  assert.deepEqual(model.tokenize('cat'), [{ id: 1, start: 0, end: 3 }]);
  assert.deepEqual(model.tokenize('dog'), [{ id: 0, start: 0, end: 3 }]);
});

test('the aligner’s words are cut at their borders: pieces of a word never reach over it', () => {
  const tokenizer = loadTokenizer(modelDir('aligner-tiny'));
  assert.deepEqual(tokenizer.special, { bos: null, eos: null, unk: 1, sep: 3, pad: 0, cls: 2, mask: 4 });
  for (const { a, a_words } of autoAlignment().word_alignments) {
    assert.ok(typeof a === 'string' && Array.isArray(a_words));
    const { tokens, offsets } = tokenizer.encode(a, { addSpecialTokens: false });
    const words: string[] = [];
    for (const [i, token] of tokens.entries()) {
      const [start, end] = offsets[i] ?? [0, 0];
      if (token.startsWith('##')) words[words.length - 1] += a.slice(start, end);
      else words.push(a.slice(start, end));
    }
    assert.deepEqual(words, a_words);
  }
});
