/** A multilingual Marian checkpoint as Helsinki-NLP ships them: SentencePiece models, no tokenizer.json, `>>fra<<`. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { modelDir } from '../support/goldens.ts';
import { generation, hooks, request } from './request.ts';

let engine: Engine;
let folder: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whence-marian-'));
  const path = join(folder, 'marian');
  cpSync(modelDir('marian-tiny'), path, {
    recursive: true,
    filter: (file) => !/^tokenizer(_target)?\.json$/.test(basename(file)),
  });
  const vocab = JSON.parse(readFileSync(join(path, 'vocab.json'), 'utf8'));
  const renamed = Object.entries(vocab).map(([token, id]) => [token === '▁d' ? '>>fra<<' : token, id]);
  writeFileSync(join(path, 'vocab.json'), JSON.stringify(Object.fromEntries(renamed)));
  const modelsFile = join(folder, 'models.json');
  writeFileSync(modelsFile, JSON.stringify({ models: [{ id: 'marian', path }] }));
  engine = await startEngine({
    modelsFile,
    backend: 'auto',
    threads: 1,
    pool: 'default',
    memoryBudgetMb: 512,
    plugins: [],
  });
});

after(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = async (text: string, tgtLang: string | null) => {
  const wanted = { model: 'marian', input_texts: [text], tgt_lang: tgtLang, attribute_target: true };
  const { result } = await engine.attribute(request({ ...wanted, generation_args: generation(4) }), hooks());
  return result.sequences[0];
};

test('its languages are offered, and tgt_lang puts the code in front of the source', async () => {
  assert.deepEqual(engine.catalogue().models[0].languages, ['fra']);
  const { source, target } = await ask('The old doctor', 'fra');
  assert.deepEqual(source[0], { id: 361, token: '>>fra<<', start: null, end: null });
  assert.equal(source[1].start, 0);
  assert.ok(target.every((token) => token.forced !== true && token.token !== '>>fra<<'));
});

test('the code in the text does the same, and without one nothing is put there', async () => {
  const given = await ask('The old doctor', 'fra');
  const written = await ask('>>fra<< The old doctor', null);
  const ids = ({ source }: typeof given) => source.map(({ id }) => id);
  assert.deepEqual(ids(written), ids(given));
  assert.deepEqual(written.source_attributions, given.source_attributions);
  assert.deepEqual(ids(await ask('The old doctor', null)), ids(given).slice(1));
});

test('an unknown code is answered with the known ones', async () => {
  await assert.rejects(ask('The old doctor', 'deu'), /tgt_lang "deu" is not a language of the model; known are fra/);
});
