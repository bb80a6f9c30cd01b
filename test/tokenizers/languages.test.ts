import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { UnknownLanguageError } from '../../src/tokenizers/errors.ts';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { modelDir } from '../support/goldens.ts';
import { copyModel } from './copy-model.ts';

const tokensOf = (model: string, options: Parameters<ReturnType<typeof loadTokenizer>['encode']>[1]) =>
  loadTokenizer(modelDir(model)).encode('a', options).tokens;

test('codes stand where the class puts them, on both sides', () => {
  assert.deepEqual(tokensOf('m2m100-tiny', { srcLang: 'de' }), ['__de__', '▁a', '</s>']);
  assert.deepEqual(tokensOf('m2m100-tiny', { asTarget: true, tgtLang: 'es' }), ['__es__', '▁a', '</s>']);
  assert.deepEqual(tokensOf('m2m100-tiny', { asTarget: true, srcLang: 'de' }), ['__fr__', '▁a', '</s>']);
  assert.deepEqual(tokensOf('nllb-tiny', { srcLang: 'deu_Latn' }), ['deu_Latn', '▁a', '</s>']);
  assert.deepEqual(tokensOf('nllb-tiny', { asTarget: true }), ['fra_Latn', '▁a', '</s>']);
  assert.deepEqual(tokensOf('mbart-tiny', { srcLang: 'de_DE' }), ['▁a', '</s>', 'de_DE']);
  assert.deepEqual(tokensOf('mbart-tiny', { asTarget: true }), ['▁a', '</s>', 'fr_XX']);
  assert.deepEqual(tokensOf('m2m100-tiny', { srcLang: 'de', addSpecialTokens: false }), ['▁a']);
});

test('mBART-50 and the first NLLB put the code elsewhere', (t) => {
  const change = (model: string, fields: Record<string, unknown>) => {
    const dir = copyModel(t, model, () => true);
    const file = path.join(dir, 'tokenizer_config.json');
    fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')), ...fields }));
    return loadTokenizer(dir);
  };
  const mbart50 = change('mbart-tiny', { tokenizer_class: 'MBart50Tokenizer' });
  assert.deepEqual(mbart50.encode('a').tokens, ['en_XX', '▁a', '</s>']);
  const legacy = change('nllb-tiny', { legacy_behaviour: true });
  assert.deepEqual(legacy.encode('a').tokens, ['▁a', '</s>', 'eng_Latn']);
});

test('languages are listed by the codes that requests use', () => {
  const m2m = loadTokenizer(modelDir('m2m100-tiny'));
  assert.ok(m2m.languages?.includes('fr') && m2m.languages.length === 100, `${m2m.languages?.length}`);
  assert.equal(m2m.forcedLanguageId('fr'), 505);
  assert.equal(loadTokenizer(modelDir('nllb-tiny')).forcedLanguageId('fra_Latn'), 538);
  assert.equal(loadTokenizer(modelDir('mbart-tiny')).languages?.length, 25);
  for (const model of ['gpt2-tiny', 'marian-tiny', 't5-tiny', 'bart-tiny']) {
    assert.equal(loadTokenizer(modelDir(model)).languages, null, model);
  }
});

test('an unknown code is refused with the known ones, a missing one with the field', (t) => {
  const m2m = loadTokenizer(modelDir('m2m100-tiny'));
  assert.throws(
    () => m2m.encode('a', { srcLang: 'xx' }),
    (error) => {
      assert.ok(error instanceof UnknownLanguageError);
      assert.match(error.message, /^src_lang "xx" is not a language of the model; known are af, am, /);
      assert.equal(error.code, 'xx');
      return true;
    },
  );
  assert.throws(() => m2m.forcedLanguageId('french'), /tgt_lang "french" is not a language/);
  assert.throws(() => m2m.encode('a', { srcLang: '__en__' }), UnknownLanguageError);
  const gpt2 = loadTokenizer(modelDir('gpt2-tiny'));
  assert.throws(() => gpt2.encode('a', { srcLang: 'en' }), /src_lang is "en", but the model has no language codes/);
  const dir = copyModel(t, 'm2m100-tiny', () => true);
  const file = path.join(dir, 'tokenizer_config.json');
  fs.writeFileSync(
    file,
    JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')), src_lang: null, tgt_lang: null }),
  );
  const bare = loadTokenizer(dir);
  assert.equal(bare.encode('a').tokens[0], '__en__');
  assert.throws(() => bare.encode('a', { asTarget: true }), /^UnknownLanguageError: tgt_lang is missing.*known are af/);
});

test('one call leaves nothing behind for the next', () => {
  const nllb = loadTokenizer(modelDir('nllb-tiny'));
  const before = nllb.encode('a').ids;
  nllb.encode('a', { srcLang: 'deu_Latn' });
  nllb.encode('a', { asTarget: true, tgtLang: 'spa_Latn' });
  assert.deepEqual(nllb.encode('a').ids, before);
});

test('Marian takes the language from a code at the start of the text', (t) => {
  const dir = copyModel(t, 'marian-tiny', () => true);
  const file = path.join(dir, 'vocab.json');
  fs.writeFileSync(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')), '>>fra<<': 369 }));
  const marian = loadTokenizer(dir);
  assert.deepEqual(marian.encode('>>fra<< a').tokens, ['>>fra<<', '▁a', '</s>']);
  assert.deepEqual(marian.encode('>>fra<< a').offsets.slice(0, 2), [
    [0, 7],
    [8, 9],
  ]);
  assert.deepEqual(marian.languages, ['fra']);
  assert.deepEqual(marian.encode('a', { tgtLang: 'fra' }).tokens, ['>>fra<<', '▁a', '</s>']);
  assert.deepEqual(marian.encode('a', { tgtLang: 'fra' }).offsets, [null, [0, 1], null]);
  assert.deepEqual(marian.encode('a', { tgtLang: 'fra', asTarget: true }).tokens, ['▁a', '</s>']);
  assert.deepEqual(marian.encode('a').tokens, ['▁a', '</s>']);
  assert.equal(marian.forcedLanguageId('fra'), null);
  assert.throws(
    () => marian.encode('a', { tgtLang: 'xxx' }),
    /tgt_lang "xxx" is not a language of the model; known are fra/,
  );
  assert.throws(() => marian.encode('a', { srcLang: 'fra' }), /src_lang is "fra", but the model has no language codes/);
  assert.equal(marian.decode(marian.encode('>>fra<< a').ids, { skipSpecialTokens: true }), 'a');
});
