/** Checkpoints that cannot be served: told apart in the catalogue and to the job that asks, and in nobody's way. */

import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CheckpointError } from '../../src/checkpoints/errors.ts';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { faultOfCheckpoint } from '../../src/engine/unusable.ts';
import { modelDir } from '../support/goldens.ts';
import { hooks, request } from './request.ts';

describe('checkpoints that cannot be served', () => {
  let folder: string;
  let engine: Engine;
  const modelsFile = (models: object[], name = 'models.json') => {
    const file = join(folder, name);
    writeFileSync(file, JSON.stringify({ models }));
    return file;
  };
  const start = (file: string) =>
    startEngine({ modelsFile: file, backend: 'auto', threads: 0, pool: 'default', memoryBudgetMb: 512, plugins: [] });
  /** A copy of a good checkpoint with another config.json. */
  const damaged = (name: string, change: object) => {
    const dir = join(folder, name);
    cpSync(modelDir('gpt2-tiny'), dir, { recursive: true });
    const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
    writeFileSync(join(dir, 'config.json'), JSON.stringify({ ...config, ...change }));
    return { id: name, path: dir, quantization: 'none' };
  };
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whence-unusable-'));
    mkdirSync(join(folder, 'empty'));
    const good = { id: 'gpt2', path: modelDir('gpt2-tiny'), quantization: 'none' };
    engine = await start(
      modelsFile([damaged('mamba', { model_type: 'mamba' }), { id: 'empty', path: join(folder, 'empty') }, good]),
    );
  });
  after(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  it('are in the catalogue with what is wrong, beside those that can', () => {
    const { models, unusable_models: unusable = [] } = engine.catalogue();
    assert.deepEqual(
      models.map(({ id }) => id),
      ['gpt2'],
    );
    assert.deepEqual(
      unusable.map(({ id, model_type }) => [id, model_type]),
      [
        ['mamba', 'mamba'],
        ['empty', null],
      ],
    );
    assert.match(unusable[0].unusable.detail, /^mamba: model_type "mamba" is not supported; supported are bart, /);
    assert.match(unusable[1].unusable.detail, /^config\.json: there is no such file/);
    assert.ok(!JSON.stringify(unusable).includes(folder), 'folders of this machine stay here');
  });

  it('do not keep the others from computing', async () => {
    const { result } = await engine.attribute(request({}), hooks());
    assert.equal(result.sequences.length, 1);
  });

  it('fail a job with the sentence, and not with a retry', async () => {
    await assert.rejects(engine.attribute(request({ model: 'mamba' }), hooks()), {
      name: 'AttributionError',
      code: 'model_unusable',
      pointer: '#/model',
      message: /^The model "mamba" cannot be loaded: mamba: model_type "mamba" is not supported/,
    });
  });

  it('keep the engine from starting where there is no other', async () => {
    const alone = modelsFile([{ id: 'empty', path: join(folder, 'empty') }], 'alone.json');
    await assert.rejects(
      start(alone),
      /no model of .*alone\.json can be served:\n {2}empty: config\.json: there is no/,
    );
  });

  it('are told from a lack of memory, a bug and trouble of the system, which may pass', () => {
    const dir = join(folder, 'empty');
    assert.equal(faultOfCheckpoint(new CheckpointError(join(dir, 'a.json'), 'is wrong'), dir), 'a.json: is wrong');
    assert.equal(
      faultOfCheckpoint(new Error('config.json: "n_layer" is missing'), dir),
      'config.json: "n_layer" is missing',
    );
    for (const error of [
      new TypeError('x is undefined'),
      new RangeError('Array buffer allocation failed'),
      new Error('Invalid TF_Status: 8\nMessage: OOM when allocating tensor'),
      Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' }),
    ]) {
      assert.equal(faultOfCheckpoint(error, dir), null, String(error));
    }
  });
});
