import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readGenerationConfig, readModelConfig } from '../../src/checkpoints/config.ts';
import { modelDir } from '../support/goldens.ts';
import { temporaryDir } from './write-safetensors.ts';

test('generation settings of the fixtures', () => {
  const marian = readGenerationConfig(modelDir('marian-tiny'));
  assert.deepEqual(marian.badWordsIds, [[368]]);
  assert.deepEqual(marian.eosTokenIds, [0]);
  assert.equal(marian.decoderStartTokenId, 368);
  assert.equal(marian.forcedEosTokenId, 0);
  assert.equal(marian.numBeams, 4);
  assert.equal(marian.maxLength, 64);
  assert.deepEqual(readGenerationConfig(modelDir('qwen2-tiny')).eosTokenIds, [592, 590]);
  assert.equal(readGenerationConfig(modelDir('bart-tiny')).forcedBosTokenId, 0);
  assert.equal(readGenerationConfig(modelDir('gpt2-tiny')).padTokenId, null);
  assert.equal(readModelConfig(modelDir('m2m100-tiny')).model_type, 'm2m_100');
});

test('config.json fills what generation_config.json leaves out; null is left out', (t) => {
  const dir = temporaryDir(t);
  const write = (file: string, json: unknown) => fs.writeFileSync(path.join(dir, file), JSON.stringify(json));
  write('config.json', { model_type: 'gpt2', eos_token_id: 5, bos_token_id: 6, num_beams: 3, forced_bos_token_id: 9 });
  assert.deepEqual(readGenerationConfig(dir).eosTokenIds, [5]);
  write('generation_config.json', { eos_token_id: [7, 8], bos_token_id: null, num_beams: 2 });
  const config = readGenerationConfig(dir);
  assert.deepEqual(config.eosTokenIds, [7, 8]);
  assert.equal(config.bosTokenId, 6);
  assert.equal(config.numBeams, 2);
  assert.equal(config.forcedBosTokenId, 9);
  assert.deepEqual(config.badWordsIds, []);
});

test('errors name file, field and value', (t) => {
  const dir = temporaryDir(t);
  assert.throws(() => readModelConfig(dir), /config.json: there is no such file/);
  fs.writeFileSync(path.join(dir, 'config.json'), '{"model_type": 3}');
  assert.throws(() => readModelConfig(dir), /config.json: "model_type" must be a name such as "gpt2", it is 3/);
  fs.writeFileSync(path.join(dir, 'config.json'), '{"model_type": "gpt2",');
  assert.throws(() => readModelConfig(dir), /config.json: is not JSON/);
  fs.writeFileSync(path.join(dir, 'config.json'), '[]');
  assert.throws(() => readModelConfig(dir), /must hold a JSON object/);
  fs.writeFileSync(path.join(dir, 'config.json'), '{"model_type": "gpt2", "eos_token_id": "x"}');
  assert.throws(() => readGenerationConfig(dir), /config.json: "eos_token_id" is "x"; it must be a token id or a list/);
});
