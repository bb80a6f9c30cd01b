/** Models and the aligner that share a memory budget: what is given up for what. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { ModelEntry } from '../../src/checkpoints/models-file.ts';
import { ModelStore } from '../../src/engine/model-store.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { modelDir } from '../support/goldens.ts';

const entry = (id: string): ModelEntry => ({
  id,
  source: { kind: 'directory', dir: modelDir(id) },
  quantization: 'none',
  int8Threshold: 6,
  int8Outliers: 'row',
  pool: 'default',
  preload: false,
});
const ENTRIES = ['gpt2-tiny', 'llama-tiny'].map(entry);
const ALIGNER = { kind: 'directory', dir: modelDir('aligner-tiny') } as const;
const none = () => {};

describe('the store of models', () => {
  let sizes: { model: number; other: number; aligner: number };
  let store: ModelStore;
  before(async () => {
    await startBackend('auto');
    const all = new ModelStore(ENTRIES, ALIGNER, 2 ** 30);
    const model = (await all.get('gpt2-tiny', none)).bytes;
    const other = (await all.get('llama-tiny', none)).bytes;
    const aligner = (await all.aligner('llama-tiny', none))?.bytes ?? 0;
    assert.equal(all.loadedBytes, model + other + aligner);
    all.dispose();
    assert.equal(all.loadedBytes, 0);
    sizes = { model, other, aligner };
  });
  after(() => store.dispose());

  /** A store in which weights may take so many bytes. */
  const storeFor = (bytes: number) => new ModelStore(ENTRIES, ALIGNER, bytes / 0.7 + 1);

  it('gives up other models for the aligner, and not the one that it is wanted for', async () => {
    const { model, other, aligner } = sizes;
    store = storeFor(Math.max(model, other) + aligner);
    await store.get('gpt2-tiny', none);
    assert.ok(await store.aligner('gpt2-tiny', none));
    assert.deepEqual(store.loaded(), ['gpt2-tiny']);
    await store.get('llama-tiny', none);
    assert.deepEqual(store.loaded(), ['llama-tiny']);
    assert.equal(store.loadedBytes, other + aligner, 'the aligner stays while it fits');
    store.dispose();
  });

  it('gives up the aligner where the model alone is all that fits, and loads it again', async () => {
    const tensors = tf.memory().numTensors;
    store = storeFor(sizes.other);
    await store.get('gpt2-tiny', none);
    const first = await store.aligner('gpt2-tiny', none);
    assert.equal(await store.aligner('gpt2-tiny', none), first, 'it is loaded once');
    await store.get('llama-tiny', none);
    assert.equal(store.loadedBytes, sizes.other);
    assert.ok((await store.aligner('llama-tiny', none))?.pieces('garden').length);
    store.dispose();
    assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
  });

  it('has no aligner where the models file names none', async () => {
    store = new ModelStore(ENTRIES, null, 2 ** 30);
    assert.equal(await store.aligner('gpt2-tiny', none), null);
  });

  it('requests for one model share its load, and one that is stopped leaves the others to it', async () => {
    store = storeFor(Number.MAX_SAFE_INTEGER);
    const stop = new Error('stopped');
    const stopped = store.get('gpt2-tiny', () => {
      throw stop;
    });
    const [first, second] = [store.get('gpt2-tiny', none), store.get('gpt2-tiny', none)];
    await assert.rejects(stopped, stop);
    assert.equal(await first, await second);
    assert.deepEqual(store.loaded(), ['gpt2-tiny']);
    store.dispose();
  });

  it('a load that nobody waits for any more is given up, and leaves no memory', async () => {
    const tensors = tf.memory().numTensors;
    store = storeFor(Number.MAX_SAFE_INTEGER);
    const stop = new Error('stopped');
    const leave = (): void => {
      throw stop;
    };
    await assert.rejects(store.get('gpt2-tiny', leave), stop);
    assert.deepEqual(store.loaded(), []);
    assert.equal(tf.memory().numTensors, tensors);
    await store.get('gpt2-tiny', none);
    assert.deepEqual(store.loaded(), ['gpt2-tiny'], 'and can be asked for again');
    store.dispose();
  });
});
