import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/random.ts';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { modelDir, modelNames } from '../support/goldens.ts';
import { randomText } from './random-text.ts';

const LOSSLESS = ['gpt2-tiny', 'gpt2-pad-tiny', 'opt-tiny', 'bart-tiny', 'gptneox-tiny', 'llama-tiny'];

for (const model of LOSSLESS) {
  test(`${model}: decoding what was encoded gives the text back, whatever it is`, () => {
    const tokenizer = loadTokenizer(modelDir(model));
    const random = new Random(11);
    for (let round = 0; round < 300; round++) {
      const text = randomText(random, 10, false);
      const { ids } = tokenizer.encode(text, { addSpecialTokens: false });
      // Llama writes spaces as ▁: a ▁ of the text cannot be told from a space.
      const wanted = model === 'llama-tiny' ? text.replaceAll('▁', ' ') : text;
      assert.equal(tokenizer.decode(ids), wanted);
    }
  });
}

test('Qwen gives back the composed form (NFC)', () => {
  const tokenizer = loadTokenizer(modelDir('qwen2-tiny'));
  const random = new Random(13);
  for (let round = 0; round < 300; round++) {
    const text = randomText(random, 10, false);
    assert.equal(tokenizer.decode(tokenizer.encode(text).ids), text.normalize('NFC'));
  }
});

for (const model of ['marian-tiny', 'm2m100-tiny', 'nllb-tiny', 'mbart-tiny', 't5-tiny']) {
  test(`${model}: plain text with single spaces comes back`, () => {
    const tokenizer = loadTokenizer(modelDir(model));
    const random = new Random(17);
    for (let round = 0; round < 200; round++) {
      const words = Array.from({ length: random.integer(6) + 1 }, () =>
        Array.from({ length: random.integer(7) + 1 }, () => 'abcdefghilmnoprstuvw'[random.integer(20)]).join(''),
      );
      const text = words.join(' ');
      assert.equal(tokenizer.decode(tokenizer.encode(text).ids, { skipSpecialTokens: true }), text);
    }
  });
}

test('no text of any code units makes a tokenizer fail, and the same text gives the same ids', () => {
  for (const model of modelNames()) {
    const tokenizer = loadTokenizer(modelDir(model));
    const again = loadTokenizer(modelDir(model));
    const random = new Random(19);
    for (let round = 0; round < 60; round++) {
      const text = randomText(random, 6, true);
      const { ids } = tokenizer.encode(text);
      tokenizer.decode(ids);
      assert.deepEqual(again.encode(text).ids, ids);
    }
  }
});

test('decoding leaves out ids that the vocabulary does not have, and special tokens where asked', () => {
  const tokenizer = loadTokenizer(modelDir('gpt2-tiny'));
  const { ids } = tokenizer.encode('Hello');
  assert.equal(tokenizer.decode([...ids, 999_999, -1, 1.5]), 'Hello');
  assert.equal(tokenizer.decode([0, ...ids, 0]), '<|endoftext|>Hello<|endoftext|>');
  assert.equal(tokenizer.decode([0, ...ids, 0], { skipSpecialTokens: true }), 'Hello');
  assert.equal(tokenizer.decode([]), '');
});

test('spaces before punctuation are removed only where asked', () => {
  const tokenizer = loadTokenizer(modelDir('gpt2-tiny'));
  const { ids } = tokenizer.encode("He is n't here , is he ?");
  assert.equal(tokenizer.decode(ids), "He is n't here , is he ?");
  assert.equal(tokenizer.decode(ids, { cleanUp: true }), "He isn't here, is he?");
});
