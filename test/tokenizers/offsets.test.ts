import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/random.ts';
import { type Encoding, loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { modelDir, modelNames } from '../support/goldens.ts';
import { randomText } from './random-text.ts';

/** Each token with the characters that it covers. */
function covered(text: string, { tokens, offsets }: Encoding): [string, string | null][] {
  return tokens.map((token, i) => {
    const range = offsets[i];
    return [token, range === null ? null : text.slice(range[0], range[1])];
  });
}

test('bytes of one character all cover it; a space belongs to the word after it', () => {
  const text = 'a naïve 🙂';
  const gpt2 = loadTokenizer(modelDir('gpt2-tiny'));
  assert.deepEqual(covered(text, gpt2.encode(text)).slice(1, 6), [
    ['Ġn', ' n'],
    ['a', 'a'],
    ['Ã', 'ï'],
    ['¯', 'ï'],
    ['ve', 've'],
  ]);
  assert.deepEqual(
    covered(text, gpt2.encode(text))
      .slice(-4)
      .map(([, characters]) => characters),
    ['🙂', '🙂', '🙂', '🙂'],
  );
});

test('SentencePiece: the inserted space covers nothing, the tokens around the text have no offsets', () => {
  const text = ' Hello  東京 end';
  const marian = loadTokenizer(modelDir('marian-tiny'));
  const pairs = covered(text, marian.encode(text));
  assert.deepEqual(pairs[0], ['▁Hello', 'Hello']);
  assert.deepEqual(pairs.at(-1), ['</s>', null]);
  assert.ok(pairs.some(([token, characters]) => token === '<unk>' && characters === '東京'));
  const m2m = loadTokenizer(modelDir('m2m100-tiny'));
  assert.deepEqual(covered('a', m2m.encode('a')), [
    ['__en__', null],
    ['▁a', 'a'],
    ['</s>', null],
  ]);
});

test('normalization is undone: ligatures, composed letters, decomposed letters', () => {
  const nllb = loadTokenizer(modelDir('nllb-tiny'));
  const text = 'ﬁne e\u0301té ½';
  const pairs = covered(text, nllb.encode(text, { addSpecialTokens: false }));
  assert.deepEqual(pairs[0], ['▁f', 'ﬁ']);
  assert.deepEqual(pairs[1], ['ine', 'ﬁne']);
  const e = pairs.findIndex(([token]) => token === '▁ét');
  assert.deepEqual(pairs[e], ['▁ét', ' e\u0301t']);
  assert.deepEqual(pairs.slice(-3), [
    ['1', '½'],
    ['<unk>', '½'],
    ['2', '½'],
  ]);
});

test('special tokens that stand in the text cover their characters', () => {
  const llama = loadTokenizer(modelDir('llama-tiny'));
  const text = 'a</s> b';
  const pairs = covered(text, llama.encode(text));
  assert.deepEqual(pairs[0], ['<s>', null]);
  assert.ok(pairs.some(([token, characters]) => token === '</s>' && characters === '</s>'));
});

for (const model of modelNames()) {
  test(`${model}: on random text offsets go forward, lie in the text, and miss only white space and what is dropped`, () => {
    const tokenizer = loadTokenizer(modelDir(model));
    const random = new Random(7);
    for (let round = 0; round < 150; round++) {
      const text = randomText(random, 8, round % 2 === 1);
      const encoding = tokenizer.encode(text);
      const { ids, tokens, offsets } = encoding;
      const where = `${JSON.stringify(text)} ${JSON.stringify(encoding)}`;
      assert.equal(ids.length, tokens.length);
      assert.equal(ids.length, offsets.length);
      assert.ok(ids.every((id) => Number.isSafeInteger(id) && id >= 0 && id < tokenizer.vocabSize));
      assert.ok(ids.every((id, i) => tokenizer.idToToken(id) === tokens[i] && tokenizer.tokenToId(tokens[i]) === id));
      let [lastStart, lastEnd] = [0, 0];
      const isCovered = new Uint8Array(text.length);
      for (const range of offsets) {
        if (range === null) continue;
        const [start, end] = range;
        assert.ok(start >= lastStart && end >= lastEnd && start <= end && end <= text.length, where);
        [lastStart, lastEnd] = [start, end];
        isCovered.fill(1, start, end);
      }
      for (let i = 0; i < text.length; i++) {
        // White space, marks and controls that normalizers drop; everything else must be some token's.
        if (isCovered[i] === 0) assert.match(text.slice(i).charAt(0), /[\s\u0085\p{C}\p{M}▁]/u, where);
      }
    }
  });
}
