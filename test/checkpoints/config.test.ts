import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readModelConfig } from '../../src/checkpoints/config.ts';
import { readGenerationConfig } from '../../src/checkpoints/generation-config.ts';
import { modelDir } from '../support/goldens.ts';
import { temporaryDir } from './write-safetensors.ts';

test('generation settings of the fixtures', () => {
  const marian = readGenerationConfig(modelDir('marian-tiny'));
  assert.deepEqual(marian.rules.bad_words_ids, [[368]]);
  assert.deepEqual(marian.eosTokenIds, [0]);
  assert.equal(marian.decoderStartTokenId, 368);
  assert.equal(marian.rules.forced_eos_token_id, 0);
  assert.equal(marian.rules.num_beams, 4);
  assert.equal(marian.rules.max_length, 64);
  assert.deepEqual(readGenerationConfig(modelDir('qwen2-tiny')).eosTokenIds, [592, 590]);
  assert.equal(readGenerationConfig(modelDir('bart-tiny')).rules.forced_bos_token_id, 0);
  assert.equal(readGenerationConfig(modelDir('gpt2-tiny')).padTokenId, null);
  assert.equal(readModelConfig(modelDir('m2m100-tiny')).model_type, 'm2m_100');
});

test('config.json says how to generate where there is no generation_config.json, else it names special tokens', (t) => {
  const dir = temporaryDir(t);
  const write = (file: string, json: unknown) => fs.writeFileSync(path.join(dir, file), JSON.stringify(json));
  write('config.json', { model_type: 'gpt2', eos_token_id: 5, bos_token_id: 6, num_beams: 3, forced_bos_token_id: 9 });
  const alone = readGenerationConfig(dir);
  assert.equal(alone.file, 'config.json');
  assert.deepEqual(alone.eosTokenIds, [5]);
  assert.deepEqual(alone.rules, { num_beams: 3, forced_bos_token_id: 9 });
  assert.deepEqual(alone.notFollowed, {}, 'fields of the model are not about generation');
  write('generation_config.json', { eos_token_id: [7, 8], bos_token_id: null, num_beams: 2, pad_token_id: -1 });
  const config = readGenerationConfig(dir);
  assert.equal(config.file, 'generation_config.json');
  assert.deepEqual(config.eosTokenIds, [7, 8]);
  assert.equal(config.bosTokenId, 6);
  assert.equal(config.padTokenId, null);
  assert.deepEqual(config.rules, { num_beams: 2 });
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
  fs.writeFileSync(path.join(dir, 'generation_config.json'), '{"repetition_penalty": 0}');
  assert.throws(
    () => readGenerationConfig(dir),
    /generation_config.json: "repetition_penalty" is 0; it must be a number above 0/,
  );
});
