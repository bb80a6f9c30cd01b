import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readModelsFile } from '../../src/checkpoints/models-file.ts';
import { addModel, removeModel } from '../../src/cli/edit-models.ts';
import { listModels } from '../../src/cli/models.ts';
import { startHub } from '../checkpoints/fake-hub.ts';
import { temporaryDir } from '../checkpoints/write-safetensors.ts';
import { modelDir } from '../support/goldens.ts';

test('add downloads, writes the file and keeps what is there; list shows it', async (t) => {
  const dir = temporaryDir(t);
  const file = path.join(dir, 'sub', 'models.json');
  const fixture = modelDir('gpt2-tiny');
  const files = fs.readdirSync(fixture).map((name) => [name, fs.readFileSync(path.join(fixture, name))]);
  const hub = await startHub(t, 'someone/tiny', Object.fromEntries(files));
  const options = { endpoint: hub.endpoint, cacheDir: path.join(dir, 'cache') };

  const added = await addModel(file, 'someone/tiny@main', options);
  assert.equal(added.id, 'tiny');
  assert.ok(fs.existsSync(path.join(added.dir, 'model.safetensors')));
  const local = await addModel(file, modelDir('marian-tiny'), options);
  assert.deepEqual(local, { id: 'marian-tiny', dir: modelDir('marian-tiny') });
  assert.deepEqual(
    readModelsFile(file).map(({ id, source }) => [id, source.kind]),
    [
      ['tiny', 'hub'],
      ['marian-tiny', 'directory'],
    ],
  );
  const lines = listModels(file).split('\n');
  assert.match(lines[0], /^id +type +quantization +pool +source$/);
  assert.match(lines[2], /^marian-tiny +marian +int8 +default +\S+marian-tiny$/);
});

test('a model that cannot be had leaves the file as it was', async (t) => {
  const dir = temporaryDir(t);
  const file = path.join(dir, 'models.json');
  const text = '{"models":[{"id":"tiny","path":"./missing"}]}';
  fs.writeFileSync(file, text);
  const hub = await startHub(t, 'someone/tiny', {});
  const options = { endpoint: hub.endpoint, cacheDir: dir };
  await assert.rejects(addModel(file, 'someone/tiny', options), /has a model "tiny" already/);
  await assert.rejects(addModel(file, 'someone/else', options), /answered 404/);
  for (const none of ['../escape', dir, 'someone/else@']) {
    await assert.rejects(addModel(file, none, options), (error: Error) => {
      assert.ok(error.message.startsWith(`${none}: is neither the directory of a checkpoint`), error.message);
      return true;
    });
  }
  assert.equal(fs.readFileSync(file, 'utf8'), text);
  assert.deepEqual(fs.readdirSync(dir), ['models.json']);
  assert.match(listModels(file), /\(missing\)/);
});

test('a directory that is not complete, or whose weights cannot be read, is never added', async (t) => {
  const dir = temporaryDir(t);
  const file = path.join(dir, 'models.json');
  const copy = path.join(dir, 'copy');
  fs.cpSync(modelDir('llama-sharded-tiny'), copy, { recursive: true });
  fs.rmSync(path.join(copy, 'model-00004-of-00005.safetensors'));
  await assert.rejects(addModel(file, copy), /model-00004-of-00005.safetensors: is missing, but the index names it/);
  const config = JSON.parse(fs.readFileSync(path.join(copy, 'config.json'), 'utf8'));
  config.quantization_config = { quant_method: 'gptq', bits: 4 };
  fs.writeFileSync(path.join(copy, 'config.json'), JSON.stringify(config));
  await assert.rejects(addModel(file, copy), /has the quant_method "gptq", and weights quantized by it are not read/);
  assert.equal(fs.existsSync(file), false);
});

const WRITTEN = `{
  "$schema": "./models.schema.json",
  "models": [
    { "id": "first", "path": "somewhere", "pool": "large" },
    { "id": "second", "path": "elsewhere" }
  ]
}
`;

test('what a person wrote in the file stays as it is written', async (t) => {
  const dir = temporaryDir(t);
  const file = path.join(dir, 'models.json');
  fs.writeFileSync(file, WRITTEN);
  const model = modelDir('gpt2-tiny');
  await addModel(file, model, {}, { id: 'mine', quantization: 'none', pool: 'small' });
  const added = `    { "id": "mine", "path": ${JSON.stringify(model)}, "quantization": "none", "pool": "small" }`;
  assert.equal(fs.readFileSync(file, 'utf8'), WRITTEN.replace('"elsewhere" }\n', `"elsewhere" },\n${added}\n`));
  removeModel(file, 'mine');
  assert.equal(fs.readFileSync(file, 'utf8'), WRITTEN);
  removeModel(file, 'first');
  assert.equal(fs.readFileSync(file, 'utf8'), WRITTEN.replace(/ {4}\{ "id": "first".*\n/, ''));
  assert.throws(() => removeModel(file, 'first'), /models\.json: has no model "first"; it has second$/);
  removeModel(file, 'second');
  assert.deepEqual(readModelsFile(file), []);
  await addModel(file, model);
  assert.deepEqual(
    readModelsFile(file).map(({ id, quantization }) => [id, quantization]),
    [['gpt2-tiny', 'int8']],
  );
  await assert.rejects(addModel(file, model), /has a model "gpt2-tiny" already; remove it first/);
  await assert.rejects(addModel(file, model, {}, { id: 'not an id' }), /models\/1\/id: is "not an id"/);
});
