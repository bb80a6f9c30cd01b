/** Monte Carlo dropout: every family draws its masks where transformers does in training mode, at the same rates. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { loadModel } from '../../src/models/load.ts';
import { embedIds, type LanguageModel, runStack } from '../../src/models/model.ts';
import { Rows } from '../../src/nn/rows.ts';
import { Run } from '../../src/nn/run.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { writeCheckpoint } from './generated-checkpoint.ts';

interface Models {
  ids: number[];
  cases: Record<string, { config: object; tensors: Record<string, number[]> }>;
}

const read = <T>(file: string): T =>
  JSON.parse(readFileSync(new URL(`../fixtures/families/${file}.json`, import.meta.url), 'utf8')) as T;
const decoders = read<Models>('logits');
const translators = read<Models & { source: number[] }>('translation');
const { cases } = read<{
  cases: {
    model: string;
    rates: Record<string, number>;
    /** How many masks have each "rate x size". */
    masks: Record<string, number>;
  }[];
}>('dropout');

/** The masks of one pass over the first six tokens, counted as the fixture does. */
function drawnMasks(model: LanguageModel): Record<string, number> {
  const drawn: Record<string, number> = {};
  const run = new Run({
    dropout: (shape, rate) => {
      const key = `${rate} x ${shape.reduce((product, size) => product * size, 1)}`;
      drawn[key] = (drawn[key] ?? 0) + 1;
      return tf.ones(shape);
    },
  });
  const { encoder, sourceEmbedding, decoder, targetEmbedding } = model;
  tf.tidy(() => {
    const leaf = (embedding: typeof targetEmbedding, ids: number[]) =>
      run.leaf(embedIds(embedding, ids), run.ownRows(Rows.full(1, ids.length)));
    const memory =
      encoder && sourceEmbedding && runStack(run, encoder, leaf(sourceEmbedding, translators.source), null);
    model.head(run, runStack(run, decoder, leaf(targetEmbedding, decoders.ids.slice(0, 6)), memory));
  });
  run.dispose();
  return drawn;
}

describe('dropout', () => {
  before(() => startBackend('auto'));

  for (const { model: name, rates, masks } of cases) {
    it(`${name}, ${Object.keys(rates).length === 0 ? 'rates left out' : JSON.stringify(rates)}`, async () => {
      const dir = mkdtempSync(join(tmpdir(), 'whence-dropout-'));
      const { config, tensors } = decoders.cases[name] ?? translators.cases[name];
      writeCheckpoint(join(dir, 'model'), { ...config, ...rates }, tensors);
      const loaded = await loadModel(join(dir, 'model'), {
        quantization: 'none',
        rule: { threshold: 6, outliers: 'row' },
      });
      assert.deepEqual(drawnMasks(loaded.model), masks);
      loaded.dispose();
      rmSync(dir, { recursive: true, force: true });
    });
  }
});
