import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Tokenizer } from '@huggingface/tokenizers';
import { byteLevelTokenizer, metaspaceTokenizer } from '../../training/tokenizer-files.ts';

test('the byte-level tokenizer gives back any text, also one it was not trained on', () => {
  const { tokenizer, config } = byteLevelTokenizer(
    ['The capital of France is Paris.', 'São Tomé lies in Africa.'],
    300,
    64,
  );
  const library = new Tokenizer(tokenizer, config);
  for (const text of ['The capital of France', 'Nukuʻalofa, 東京 & \u{1F600}\n\ttabs', ' São Tomé']) {
    assert.equal(library.decode(library.encode(text).ids), text);
  }
});

test('frequent words become single tokens with the space before them', () => {
  const texts = new Array<string>(5).fill('The capital of France is Paris.');
  const { tokenizer, config } = byteLevelTokenizer(texts, 400, 64);
  const { tokens } = new Tokenizer(tokenizer, config).encode('The capital of France is Paris.');
  assert.deepEqual(tokens, ['The', 'Ġcapital', 'Ġof', 'ĠFrance', 'Ġis', 'ĠParis', '.']);
});

test('the end of a text is one token with id 0', () => {
  const { tokenizer, config } = byteLevelTokenizer(['a b'], 258, 64);
  assert.deepEqual(new Tokenizer(tokenizer, config).encode('<|endoftext|>').ids, [0]);
});

test('the translation tokenizer puts the source language before the text and the end after it', () => {
  const { tokenizer, config } = metaspaceTokenizer(['forty-two', 'quarante-deux'], /(und)/, 60, ['en', 'fr'], 64);
  const library = new Tokenizer(tokenizer, config);
  const { tokens, ids } = library.encode('forty-two');
  assert.equal(tokens[0], '__en__');
  assert.equal(tokens.at(-1), '</s>');
  assert.equal(ids.at(-1), 2);
  assert.ok(tokens.includes('-'), 'merges do not cross punctuation');
  assert.equal(library.decode(ids, { skip_special_tokens: true }), 'forty-two');
});

test('language tokens have the last ids, and unknown characters are <unk>', () => {
  const { tokenizer, config } = metaspaceTokenizer(['ab ab ab'], /(und)/, 12, ['en', 'fr'], 64);
  const library = new Tokenizer(tokenizer, config);
  const without = (text: string) => library.encode(text, { add_special_tokens: false }).ids;
  const size = new Set(without('__en__').concat(without('__fr__'))).size;
  assert.equal(size, 2);
  assert.ok(without('__fr__')[0] > without('ab')[0]);
  assert.ok(without('東').includes(3));
});

test('compound numbers fall apart at their joints', () => {
  const words = ['einundzwanzig', 'zweiundzwanzig', 'zweiunddreißig', 'einunddreißig'];
  const { tokenizer, config } = metaspaceTokenizer([...words, ...words], /(und)/, 80, ['en', 'de'], 64);
  const { tokens } = new Tokenizer(tokenizer, config).encode('zweiundzwanzig', { add_special_tokens: false });
  assert.deepEqual(tokens, ['▁zwei', 'und', 'zwanzig']);
});
