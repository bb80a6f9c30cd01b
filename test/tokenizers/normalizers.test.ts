import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Random } from '../../src/random.ts';
import { AlignedText } from '../../src/tokenizers/aligned-text.ts';
import { createNormalizer } from '../../src/tokenizers/normalizers.ts';
import { readSentencePiece } from '../../src/tokenizers/sentencepiece.ts';
import { temporaryDir } from '../checkpoints/write-safetensors.ts';
import { modelDir } from '../support/goldens.ts';
import { randomText } from './random-text.ts';

const normalize = (config: Record<string, unknown>, text: string): AlignedText =>
  createNormalizer(config)(AlignedText.of(text));

test('Unicode forms are those of JavaScript on any text', () => {
  const random = new Random(23);
  for (const type of ['NFC', 'NFD', 'NFKC', 'NFKD']) {
    for (let round = 0; round < 300; round++) {
      const text = randomText(random, 8, true);
      assert.equal(normalize({ type }, text).text, text.normalize(type));
    }
    assert.equal(normalize({ type }, '각').text, '각'.normalize(type));
  }
});

test('a composed letter covers its parts, the letters of a ligature cover it', () => {
  const composed = normalize({ type: 'NFC' }, 'xe\u0301y');
  assert.deepEqual([composed.text, composed.range(1, 2), composed.range(2, 3)], ['xéy', [1, 3], [3, 4]]);
  const ligature = normalize({ type: 'NFKC' }, 'xﬁy');
  assert.deepEqual([ligature.text, ligature.range(1, 2), ligature.range(2, 4)], ['xfiy', [1, 2], [1, 3]]);
});

test('replacing, stripping, prepending, and several of them', () => {
  assert.equal(normalize({ type: 'Replace', pattern: { String: '$&' }, content: '$1' }, 'a$&b').text, 'a$1b');
  assert.equal(normalize({ type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' }, 'a   b  c').text, 'a b c');
  const stripped = normalize({ type: 'Strip', strip_left: true, strip_right: true }, '\u0085 a b \u3000');
  assert.deepEqual([stripped.text, stripped.range(0, 3)], ['a b', [2, 5]]);
  assert.equal(normalize({ type: 'Strip', strip_left: false, strip_right: true }, ' a ').text, ' a');
  assert.equal(normalize({ type: 'Strip', strip_left: true, strip_right: true }, '  ').text, '');
  const normalizers = [
    { type: 'Prepend', prepend: '▁' },
    { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
  ];
  const both = normalize({ type: 'Sequence', normalizers }, 'a b');
  assert.deepEqual([both.text, both.range(0, 2), both.range(2, 4)], ['▁a▁b', [0, 1], [1, 3]]);
  assert.equal(normalize({ type: 'Sequence', normalizers }, '').text, '');
  assert.equal(normalize({ type: 'StripAccents' }, 'e\u0301a').text, 'ea');
  assert.equal(normalize({ type: 'Lowercase' }, 'ΑΣ İ').text, 'ας i̇'.replace('ς', 'σ'));
});

test('BERT: controls go, Chinese characters stand apart, accents go with the case', () => {
  const bert = { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true };
  const text = 'É\u0000\t京b';
  assert.equal(normalize({ ...bert, lowercase: true, strip_accents: null }, text).text, 'e  京 b');
  assert.equal(normalize({ ...bert, lowercase: false, strip_accents: null }, text).text, 'É  京 b');
});

const charsmap = (): string =>
  Buffer.from(readSentencePiece(path.join(modelDir('t5-tiny'), 'spiece.model')).charsmap).toString('base64');

test('SentencePiece’s rules nmt_nfkc: compatibility forms, white space, no full-width tilde', () => {
  for (const rule of ['longest', 'grapheme']) {
    const config = { type: 'Precompiled', precompiled_charsmap: charsmap(), rule };
    assert.equal(normalize(config, 'ﬁ①ＡＢ\u3000…').text, 'fi1AB ...');
    assert.equal(normalize(config, 'a\tb\nc\u200bd\ufeffe').text, 'a b c d e');
    assert.equal(normalize(config, '～').text, '～');
    assert.equal(normalize(config, 'e\u0301').text, 'é');
    assert.equal(normalize(config, 'plain text').text, 'plain text');
  }
});

test('the two match rules differ where Hugging Face’s fast tokenizers differ from SentencePiece', () => {
  const both = (text: string) =>
    ['longest', 'grapheme'].map(
      (rule) => normalize({ type: 'Precompiled', precompiled_charsmap: charsmap(), rule }, text).text,
    );
  assert.deepEqual(both('a\r\nb'), ['a  b', 'a b']);
  // Six bytes, too long for a cluster to be looked up as a whole.
  assert.deepEqual(both('\uff76\uff9e'), ['\u30ac', '\u30ab\u3099']);
});

test('a damaged charsmap and an unknown normalizer are refused', () => {
  for (const bytes of [
    [1, 2],
    [255, 255, 0, 0, 1],
    [8, 0, 0, 0, 1, 2, 3],
  ]) {
    const precompiled_charsmap = Buffer.from(bytes).toString('base64');
    assert.throws(
      () => createNormalizer({ type: 'Precompiled', precompiled_charsmap }),
      /precompiled_charsmap .* damaged/,
    );
  }
  assert.throws(() => createNormalizer({ type: 'Rot13' }), /normalizer "Rot13" of tokenizer.json is not supported/);
  assert.throws(() => createNormalizer({ type: 'Replace', content: '' }), /no pattern/);
});

test('SentencePiece files that are cut or are something else are refused, never hung upon', (t) => {
  const file = path.join(modelDir('marian-tiny'), 'source.spm');
  const bytes = fs.readFileSync(file);
  const damaged = path.join(temporaryDir(t), 'x.spm');
  for (const content of [Buffer.alloc(0), Buffer.from('hello world'), bytes.subarray(0, 1001), Buffer.alloc(50, 255)]) {
    fs.writeFileSync(damaged, content);
    assert.throws(() => readSentencePiece(damaged), { name: 'TokenizerError', message: /x\.spm: / });
  }
});

test('normalizers that double the text over and over end in an error', () => {
  const double = { type: 'Replace', pattern: { String: 'a' }, content: 'aa' };
  const config = { type: 'Sequence', normalizers: Array.from({ length: 60 }, () => double) };
  assert.throws(() => normalize(config, 'a'.repeat(1024)), {
    name: 'TokenizerLimitError',
    message: /make \d+ characters of 1024; the limit is 112400/,
  });
});
