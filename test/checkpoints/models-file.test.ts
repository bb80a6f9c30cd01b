import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { readAligner, readModelsFile } from '../../src/checkpoints/models-file.ts';
import { temporaryDir } from './write-safetensors.ts';

test('defaults are filled in, and paths start from the file', (t) => {
  const dir = temporaryDir(t);
  const file = path.join(dir, 'models.json');
  fs.writeFileSync(
    file,
    JSON.stringify({
      models: [
        { id: 'a', path: './here' },
        {
          id: 'b',
          hub: 'someone/model',
          revision: 'refs/pr/3',
          quantization: 'none',
          int8_outliers: 'batch',
          pool: 'big',
          preload: false,
        },
        { id: 'c', hub: 'gpt2', int8_threshold: 0 },
      ],
    }),
  );
  assert.deepEqual(readModelsFile(file), [
    {
      id: 'a',
      source: { kind: 'directory', dir: path.join(dir, 'here') },
      quantization: 'int8',
      int8Threshold: 6,
      int8Outliers: 'row',
      pool: 'default',
      preload: false,
    },
    {
      id: 'b',
      source: { kind: 'hub', repository: 'someone/model', revision: 'refs/pr/3' },
      quantization: 'none',
      int8Threshold: 6,
      int8Outliers: 'batch',
      pool: 'big',
      preload: false,
    },
    {
      id: 'c',
      source: { kind: 'hub', repository: 'gpt2', revision: 'main' },
      quantization: 'int8',
      int8Threshold: 0,
      int8Outliers: 'row',
      pool: 'default',
      preload: false,
    },
  ]);
});

test('the aligner is where it says, or there is none', (t) => {
  const dir = temporaryDir(t);
  const file = path.join(dir, 'models.json');
  const read = (extra: object) => {
    fs.writeFileSync(file, JSON.stringify({ models: [{ id: 'a', path: 'x' }], ...extra }));
    assert.equal(readModelsFile(file).length, 1);
    return readAligner(file);
  };
  assert.equal(read({}), null);
  assert.deepEqual(read({ aligner: { path: './bert' } }), { kind: 'directory', dir: path.join(dir, 'bert') });
  assert.deepEqual(read({ aligner: { hub: 'sentence-transformers/LaBSE' } }), {
    kind: 'hub',
    repository: 'sentence-transformers/LaBSE',
    revision: 'main',
  });
  for (const [aligner, message] of [
    [{}, /#\/aligner: the aligner must have either "path" or "hub"/],
    [{ path: 'x', revision: 'main' }, /#\/aligner\/revision: belongs to "hub" models/],
  ] as const) {
    assert.throws(() => read({ aligner }), { name: 'CheckpointError', message });
  }
});

const wrong: [json: unknown, message: RegExp][] = [
  [{}, /#: "models" is missing/],
  [{ models: {} }, /#\/models: is \{\}; it must be a list of models/],
  [{ models: [3] }, /#\/models\/0: is 3; it must be an object/],
  [{ models: [{ path: 'x' }] }, /#\/models\/0: "id" is missing/],
  [{ models: [{ id: 'a/b', path: 'x' }] }, /#\/models\/0\/id: is "a\/b"; it must be up to 128 letters/],
  [{ models: [{ id: 'a' }] }, /#\/models\/0: "a" must have either "path" or "hub"/],
  [{ models: [{ id: 'a', path: 'x', hub: 'y' }] }, /either "path" or "hub"/],
  [{ models: [{ id: 'a', path: 'x', revision: 'main' }] }, /#\/models\/0\/revision: belongs to "hub" models/],
  [{ models: [{ id: 'a', hub: '../../etc' }] }, /#\/models\/0\/hub: is "..\/..\/etc"/],
  [{ models: [{ id: 'a', hub: 'a/b', revision: 'x/../../y' }] }, /#\/models\/0\/revision: is "x\/..\/..\/y"/],
  [{ models: [{ id: 'a', path: 'x', quantization: 'int4' }] }, /quantization: is "int4"; it must be "int8" or "none"/],
  [{ models: [{ id: 'a', path: 'x', int8_threshold: -1 }] }, /int8_threshold: is -1; it must be a number of 0/],
  [
    { models: [{ id: 'a', path: 'x', int8_outlier: 'row' }] },
    /#\/models\/0: unknown field "int8_outlier"; known are id, path/,
  ],
  [{ models: [], model: [] }, /#: unknown field "model"; known are \$schema, models, aligner/],
  [{ models: [], aligner: 'x' }, /#\/aligner: is "x"; it must be the "path" or "hub" of a BERT checkpoint/],
  [{ models: [], aligner: { id: 'x' } }, /#\/aligner: unknown field "id"; known are path, hub, revision/],
  [{ models: [], aligner: { hub: '../x' } }, /#\/aligner\/hub: is "..\/x"; it must be a repository/],
  [
    {
      models: [
        { id: 'a', path: 'x' },
        { id: 'a', path: 'y' },
      ],
    },
    /#\/models\/1\/id: "a" is there twice/,
  ],
];

for (const [json, message] of wrong) {
  test(`refused: ${JSON.stringify(json)}`, (t) => {
    const file = path.join(temporaryDir(t), 'models.json');
    fs.writeFileSync(file, JSON.stringify(json));
    assert.throws(() => readModelsFile(file), { name: 'CheckpointError', message });
    assert.throws(() => readModelsFile(file), { file });
  });
}
