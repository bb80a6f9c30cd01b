/** What the catalogue says of a model, from its files alone, is what loading it finds. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { loadRegistries } from '../../src/attribution/registries.ts';
import { buildCatalogue } from '../../src/engine/catalogue.ts';
import { loadModel } from '../../src/models/load.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { modelDir, modelNames } from '../support/goldens.ts';

// The aligner is no model of its own.
const NAMES = modelNames().filter((name) => name !== 'aligner-tiny');

describe('catalogue', () => {
  before(() => startBackend('auto'));

  it('describes each model as it is when loaded', async () => {
    const entries = NAMES.map((id) => ({
      id,
      source: { kind: 'directory' as const, dir: modelDir(id) },
      quantization: 'int8' as const,
      int8Threshold: 6,
      int8Outliers: 'row' as const,
      pool: 'default',
      preload: false,
    }));
    const registries = await loadRegistries();
    const backend = { name: 'tensorflow' as const, version: '0', reason: '' };
    const surroundings = { backend, versions: {}, plugins: '', aligner: null };
    const budget = { bytes: 0, activations: () => 0 };
    const { models } = await buildCatalogue(entries, registries, surroundings, budget);
    assert.equal(models.length, NAMES.length);
    for (const info of models) {
      const loaded = await loadModel(modelDir(info.id), {
        quantization: 'int8',
        rule: { threshold: 6, outliers: 'row' },
      });
      const { modelType, architecture, numLayers, vocabSize, maxPositions } = loaded.model;
      assert.deepEqual(
        {
          model_type: info.model_type,
          architecture: info.architecture,
          layers: info.layers,
          vocab_size: info.vocab_size,
          max_positions: info.max_positions,
          parameters: info.parameters,
        },
        {
          model_type: modelType,
          architecture,
          layers: numLayers,
          vocab_size: vocabSize,
          max_positions: maxPositions,
          parameters: loaded.parameters,
        },
        info.id,
      );
      const applicable = [...registries.methods.values()].filter(({ appliesTo }) => appliesTo.includes(architecture));
      assert.deepEqual(
        info.methods,
        applicable.map(({ id }) => id),
      );
      loaded.dispose();
    }
  });
});
