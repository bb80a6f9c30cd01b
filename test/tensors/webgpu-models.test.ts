/**
 * Methods on WebGPU against WASM: every method on int8 models, whose golden numbers WASM is held against, and the methods
 * that no golden file has on float32. Three texts of each, short and with few passes, for a decoder-only and an
 * encoder-decoder model. Activations of magnitude 1.5 and more are outliers of int8, so that there are some.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MethodScores } from '../../src/attribution/method.ts';
import type { Sequence } from '../../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../../src/attribution/registries.ts';
import { soloScores, soloTask } from '../../src/attribution/solo.ts';
import { type LoadedModel, loadModel } from '../../src/models/load.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { completedArgs } from '../attribution/tiny-model.ts';
import { modelDir } from '../support/goldens.ts';
import { softwareGpu } from '../support/software-gpu.ts';
import { OWN_METHODS } from './own-methods.ts';

const { skip } = softwareGpu();

/** Rounding to codes turns a last bit into a step of 1/127: the golden files of int8 allow as much. */
const REL_TO_MAX = { int8: 0.03, none: 1e-4 };

/** Arguments that keep passes few, given to the methods that have them. */
const FEW = { n_steps: 4, n_samples: 6, n_neighbors: 8, max_probe_steps: 4, num_probes: 2, keep_top_n: 3 };

/** Ids of the source, of the target, and the first one that is attributed. */
interface Sample {
  source: number[] | null;
  target: number[];
  start: number;
}

const TEXTS: Record<string, Sample[]> = {
  'gpt2-tiny': [
    { source: null, target: [9, 40, 71, 22], start: 3 },
    { source: null, target: [55, 31, 12, 64, 18], start: 3 },
    { source: null, target: [80, 14, 33], start: 2 },
  ],
  'marian-tiny': [
    { source: [12, 35, 50, 0], target: [60, 21, 44], start: 2 },
    { source: [33, 18, 0], target: [60, 52, 9, 17], start: 3 },
    { source: [70, 8, 26, 0], target: [60, 30], start: 1 },
  ],
};

const { methods, stepFunctions } = await loadRegistries();

function sequenceOf({ source, target, start }: Sample): Sequence {
  const ids = (list: number[]): Int32Array => Int32Array.from(list);
  const nothing = (list: number[]): Int32Array => new Int32Array(list.length).fill(1);
  return {
    sourceIds: source && ids(source),
    sourceBaselineIds: source && nothing(source),
    targetIds: ids(target),
    targetBaselineIds: nothing(target),
    start,
    end: target.length,
    specialIds: new Set([0]),
  };
}

async function scoresOf(loaded: LoadedModel, id: string, sample: Sample): Promise<MethodScores> {
  const method = methods.get(id);
  const fn = stepFunctions.get('probability');
  assert.ok(method && fn);
  const random = new Random(7);
  using scores = soloScores({ model: loaded.model, sequence: sequenceOf(sample), memoryBudget: 2 ** 28, random });
  const task = await soloTask(scores, method, {
    args: completedArgs(method.argsSchema, FEW) as never,
    attributedFn: { fn, args: { logprob: false }, pointer: '' },
    attributeTarget: true,
    random,
  });
  return await method.attribute(task); // before the scores are disposed
}

function assertAlike(found: MethodScores, wanted: MethodScores, tolerance: number): void {
  let compared = 0;
  for (const side of ['source', 'target'] as const) {
    const [own, other] = [found[side], wanted[side]];
    assert.deepEqual(own?.shape, other?.shape);
    if (own === null || other === null) continue;
    const numbers = Array.from(other.data).filter((value) => !Number.isNaN(value));
    const largest = Math.max(...numbers.map(Math.abs));
    assert.ok(largest > 0, `${side}: there are scores`);
    other.data.forEach((value, i) => {
      if (Number.isNaN(value)) assert.ok(Number.isNaN(own.data[i]), `${side} ${i}`);
      else {
        const away = Math.abs(own.data[i] - value);
        assert.ok(away <= tolerance * largest, `${side} ${i} is ${own.data[i]}, on WASM ${value}, largest ${largest}`);
      }
    });
    compared += numbers.length;
  }
  assert.ok(compared > 0);
}

for (const name of Object.keys(TEXTS)) {
  for (const quantization of ['int8', 'none'] as const) {
    describe(`${quantization === 'int8' ? 'int8' : 'float32'} ${name} on WebGPU`, { skip }, () => {
      const [text] = TEXTS[name];
      const architecture = text.source === null ? 'decoder-only' : 'encoder-decoder';
      const tested = [...methods.values()].filter(
        ({ id, appliesTo }) =>
          (quantization === 'int8' ? id !== 'dummy' : OWN_METHODS.includes(id)) && appliesTo.includes(architecture),
      );
      const wanted = new Map<string, MethodScores[]>();
      let loaded: LoadedModel;
      let tensors = 0;
      const load = (): Promise<LoadedModel> =>
        loadModel(modelDir(name), { quantization, rule: { threshold: 1.5, outliers: 'row' } });

      before(async () => {
        await startBackend('wasm');
        loaded = await load();
        for (const { id } of tested) {
          const scores: MethodScores[] = [];
          for (const sample of TEXTS[name]) scores.push(await scoresOf(loaded, id, sample));
          wanted.set(id, scores);
        }
        loaded.dispose();
        await startBackend('webgpu');
        loaded = await load();
        tensors = tf.memory().numTensors;
      });
      after(() => {
        assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
        loaded.dispose();
      });
      for (const { id } of tested) {
        it(id, async () => {
          for (const [k, sample] of TEXTS[name].entries()) {
            const scores = await scoresOf(loaded, id, sample);
            assertAlike(scores, wanted.get(id)?.[k] as MethodScores, REL_TO_MAX[quantization]);
          }
        });
      }
    });
  }
}
