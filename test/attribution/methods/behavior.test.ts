/** What golden numbers do not show: budgets, cancellation, seeds, and what the methods' own draws add up to. */

import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Method, MethodScores, MethodTask } from '../../../src/attribution/method.ts';
import { limeAt } from '../../../src/attribution/methods/lime.ts';
import { MonotonicPaths } from '../../../src/attribution/methods/parts/monotonic-path.ts';
import type { Counters } from '../../../src/attribution/passes/passes.ts';
import { loadRegistries } from '../../../src/attribution/registries.ts';
import type { ScoreArray } from '../../../src/attribution/scores.ts';
import { soloScores, soloTask } from '../../../src/attribution/solo.ts';
import probability from '../../../src/attribution/step-functions/probability.ts';
import { Random } from '../../../src/random.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { tf } from '../../../src/tensors/tf.ts';
import { completedArgs, decoderSequence, loadTiny, type TinyModel } from '../tiny-model.ts';

const { methods } = await loadRegistries();
const PLENTY = 2 ** 28;
/** Arguments that keep the tests quick. */
const ARGS: Record<string, Record<string, unknown>> = {
  integrated_gradients: { n_steps: 7 },
  sequential_integrated_gradients: { n_steps: 3 },
  discretized_integrated_gradients: { n_steps: 5 },
  layer_integrated_gradients: { n_steps: 5 },
  lime: { n_samples: 30 },
  kernel_shap: { n_samples: 60 },
  shapley_sampling: { n_samples: 4 },
  smooth_grad: { n_samples: 5 },
  square_grad: { n_samples: 5 },
  var_grad: { n_samples: 5 },
  reagent: { max_probe_steps: 3, num_probes: 4 },
};

describe('methods', () => {
  let tiny: TinyModel;
  let tensors: number;
  before(async () => {
    await startBackend('tensorflow');
    tiny = await loadTiny('gpt2-tiny');
  });
  beforeEach(() => {
    tensors = tf.memory().numTensors;
  });
  after(() => {
    tiny.dispose();
  });

  interface Setting {
    budget?: number;
    seed?: number;
    counters?: Counters;
    /** Called between micro-batches and at each tick. */
    pause?: () => void;
    args?: Record<string, unknown>;
  }

  async function withTask<T>(
    method: Method,
    setting: Setting,
    body: (task: MethodTask<never>) => Promise<T>,
  ): Promise<T> {
    const { budget = PLENTY, seed = 1, counters = { forward: 0, backward: 0 }, pause = () => {} } = setting;
    const sequence = decoderSequence(tiny.tokenizer, 'Every small cat', 'Every small cat sees a green garden!');
    using scores = soloScores({ model: tiny.model, sequence, counters, memoryBudget: budget, look: pause });
    const args = completedArgs(method.argsSchema, { ...ARGS[method.id], ...setting.args }) as never;
    const attributedFn = { fn: probability, args: { logprob: false }, pointer: '' };
    const options = {
      args,
      attributedFn,
      attributeTarget: true,
      random: new Random(seed),
      onProgress: async () => pause(),
    };
    return await body(await soloTask(scores, method, options));
  }

  const run = (id: string, setting: Setting = {}): Promise<MethodScores> => {
    const method = methods.get(id) as Method;
    return withTask(method, setting, (task) => method.attribute(task));
  };
  const targetOf = (scores: MethodScores): ScoreArray => {
    assert.ok(scores.target !== null);
    return scores.target;
  };
  const largest = ({ data }: ScoreArray): number =>
    data.reduce((max, value) => (Number.isNaN(value) ? max : Math.max(max, Math.abs(value))), 0);
  function assertSame(actual: ScoreArray, expected: ScoreArray, tolerance: number): void {
    assert.deepEqual(actual.shape, expected.shape);
    const allowed = tolerance * largest(expected);
    expected.data.forEach((value, k) => {
      const found = actual.data[k];
      if (Number.isNaN(value)) assert.ok(Number.isNaN(found), `${k}: ${found} is not NaN`);
      else assert.ok(Math.abs(found - value) <= allowed, `${k}: ${found} is not ${value}`);
    });
  }

  for (const id of [...methods.keys()].filter((name) => name.endsWith('integrated_gradients'))) {
    it(`${id}: internal_batch_size changes how much is run together, and nothing else`, async () => {
      let pauses = 0;
      const setting = (size: number | null): Setting => {
        pauses = 0;
        return { args: { internal_batch_size: size }, pause: () => pauses++ };
      };
      const whole = targetOf(await run(id, setting(null)));
      const few = pauses;
      assertSame(targetOf(await run(id, setting(1))), whole, 2e-5);
      assert.ok(pauses > few, `${pauses} pauses, and ${few} before`);
    });
  }
  /** Sums over the tokens: [steps * rest]. */
  function columnSums({ shape, data }: ScoreArray): Float64Array {
    const width = data.length / shape[0];
    const sums = new Float64Array(width);
    data.forEach((value, k) => {
      if (!Number.isNaN(value)) sums[k % width] += value;
    });
    return sums;
  }

  for (const id of methods.keys()) {
    if (id === 'dummy') continue;

    it(`${id}: the same numbers in a small memory budget, and passes that are counted`, async () => {
      const counters = { forward: 0, backward: 0 };
      const plenty = targetOf(await run(id, { counters }));
      assert.ok(counters.forward > 0, 'forward passes');
      assert.equal(counters.backward > 0, methods.get(id)?.needsGradient, 'backward passes');
      assertSame(targetOf(await run(id, { budget: 2 ** 18 })), plenty, 1e-4);
      assert.ok(largest(plenty) > 0);
      assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
    });

    it(`${id}: frees its tensors when the job is canceled, wherever that is`, async () => {
      let pauses = 0;
      await run(id, { budget: 2 ** 18, pause: () => pauses++ });
      for (const stop of new Set([0, 1, Math.floor(pauses / 2), pauses - 1])) {
        if (stop < 0 || stop >= pauses) continue;
        let count = 0;
        const pause = () => {
          if (count++ === stop) throw new Error('canceled');
        };
        await assert.rejects(run(id, { budget: 2 ** 18, pause }), /canceled/);
        const left = tf.memory().numTensors - tensors;
        assert.equal(left, 0, `${left} tensors are left after pause ${stop} of ${pauses}`);
      }
    });
  }

  it('dummy attributes nothing', async () => {
    const counters = { forward: 0, backward: 0 };
    const { source, target } = await run('dummy', { counters });
    assert.deepEqual(
      { source, target, counters },
      { source: null, target: null, counters: { forward: 0, backward: 0 } },
    );
  });

  for (const id of ['lime', 'reagent', 'gradient_shap', 'smooth_grad', 'kernel_shap', 'shapley_sampling']) {
    it(`${id}: the seed decides the result`, async () => {
      const first = targetOf(await run(id, { seed: 5 }));
      assert.deepEqual(targetOf(await run(id, { seed: 5 })), first);
      assert.notDeepEqual(targetOf(await run(id, { seed: 6 })).data, first.data);
    });
  }

  it('LIME on single omissions is signed occlusion', async () => {
    const occluded = targetOf(await run('occlusion', { args: { signed: true } }));
    const method = methods.get('lime') as Method;
    const fitted = await withTask(method, { args: { alpha: 1e-9, kernel_width: 5 } }, (task) => {
      const { length } = task.passes;
      const target = new Uint8Array((length + 1) * length).fill(1);
      for (let token = 0; token < length; token++) target[(token + 1) * length + token] = 0;
      return limeAt(task, { samples: length + 1, source: null, target });
    });
    assertSame(targetOf(fitted), occluded, 1e-3);
    for (const r2 of fitted.diagnostics?.r2 ?? [0]) assert.ok(r2 > 0.999 && r2 <= 1, `R2 ${r2}`);
  });

  it('LIME fits what it draws: R2 between 0 and 1, better than chance', async () => {
    const { diagnostics, kind } = await run('lime', { args: { n_samples: 200 } });
    assert.equal(kind, 'coarse');
    assert.ok(
      diagnostics?.r2.every((r2) => r2 > 0.05 && r2 < 1),
      `${diagnostics?.r2}`,
    );
  });

  it('value zeroing and ReAGent give shares', async () => {
    for (const [id, args] of [
      ['value_zeroing', {}],
      ['value_zeroing', { similarity_metric: 'euclidean' }],
      ['reagent', {}],
    ] as const) {
      for (const total of columnSums(targetOf(await run(id, { args })))) assert.ok(Math.abs(total - 1) < 1e-5, id);
    }
  });

  it('value zeroing of single layers leaves the others whole', async () => {
    const all = targetOf(await run('value_zeroing'));
    const one = targetOf(await run('value_zeroing', { args: { decoder_zeroed_units_indices: { 1: [0, 1, 2] } } }));
    const layers = all.shape[2];
    one.data.forEach((value, k) => {
      if (Number.isNaN(value)) return;
      assert.equal(value, k % layers === 1 ? all.data[k] : 0);
    });
  });

  it('value zeroing names the heads that there are', async () => {
    const args = { decoder_zeroed_units_indices: [0, 3] };
    await assert.rejects(run('value_zeroing', { args }), {
      message: /no key-value head 3: the layer has 3, 0 to 2/,
      pointer: '#/method_args/decoder_zeroed_units_indices',
    });
    assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
  });

  it('paths of words run from the baseline to the token, monotonic in every dimension', async () => {
    const { table, scale } = tiny.model.targetEmbedding;
    const [points, hidden] = [9, tiny.model.hiddenSize];
    for (const strategy of ['greedy', 'maxcount'] as const) {
      const ids = Int32Array.of(359, 263, 77, 0, 359);
      const paths = new MonotonicPaths(table, scale, new Set([0]), { points, neighbors: 20, strategy });
      const data = await paths.embeddings(ids, Int32Array.of(1, 1, 1, 1, 1), async () => {});
      paths.dispose();
      const rows = tf.tidy(() => tf.gather(table, tf.tensor1d([...ids, 1], 'int32')).dataSync());
      const at = (point: number, token: number, d: number) => data[(point * ids.length + token) * hidden + d];
      let between = 0;
      ids.forEach((_, token) => {
        for (let d = 0; d < hidden; d++) {
          const [from, to] = [rows[ids.length * hidden + d], rows[token * hidden + d]];
          assert.equal(at(0, token, d), from);
          assert.equal(at(points - 1, token, d), to);
          for (let point = 1; point < points; point++) {
            const step = at(point, token, d) - at(point - 1, token, d);
            assert.ok(step * Math.sign(to - from) >= -1e-7, `token ${token}, point ${point}`);
            if (step !== 0 && point < points - 1) between++;
          }
        }
      });
      assert.ok(between > hidden, 'the path has points between its ends');
    }
    assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
  });
});
