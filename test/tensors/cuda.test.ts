/**
 * What of the way to an NVIDIA GPU shows without one: every reason why TensorFlow computes on the CPU, that it is noticed,
 * and that a pass on the device uses no op of ours, none without a GPU kernel, and reads nothing back on its way.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadRegistries } from '../../src/attribution/registries.ts';
import { soloScores, soloTask } from '../../src/attribution/solo.ts';
import { loadModel } from '../../src/models/load.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import {
  describeGpu,
  type Gpu,
  hasKernels,
  type Probes,
  parseGpus,
  usedGpu,
  whyNoGpu,
} from '../../src/tensors/cuda.ts';
import { disableKernels } from '../../src/tensors/kernels.ts';
import { tf } from '../../src/tensors/tf.ts';
import { completedArgs } from '../attribution/tiny-model.ts';
import { modelDir } from '../support/goldens.ts';
import { GPU_KERNELS } from './gpu-kernels.ts';

const H100: Gpu = { name: 'NVIDIA H100 80GB HBM3', capability: 9, memoryBytes: 81_559 * 2 ** 20 };

describe('the GPU', () => {
  it("is read from nvidia-smi's table, and the last one is the binding's", () => {
    const gpus = parseGpus('NVIDIA L4, 8.9, 23034\nNVIDIA H100 80GB HBM3, 9.0, 81559\n');
    assert.deepEqual(gpus[1], H100);
    assert.deepEqual(usedGpu(machine({ gpus: () => gpus })), H100);
    assert.equal(describeGpu(H100), 'NVIDIA H100 80GB HBM3 (CUDA, compute capability 9.0)');
    assert.deepEqual(parseGpus('No devices were found\n'), []);
  });

  it('needs a generation that the wheel has kernels for', () => {
    const fits = [5.2, 6, 8.9, 9, 10, 12].map((capability) => hasKernels({ ...H100, capability }));
    assert.deepEqual(fits, [false, true, true, true, false, false]);
  });
});

/** A machine on which all is well but for `changes`. */
function machine(changes: Partial<Probes>): Probes {
  return {
    driver: () => true,
    gpus: () => [H100],
    libraries: () => ['/nvidia/cublas/lib'],
    obstacle: () => null,
    ...changes,
  };
}

describe('why there is no GPU', () => {
  const only = (broken: string) => (library: string) => (library === broken ? 'cannot open shared object file' : null);
  const reasons: [string, Partial<Probes>, RegExp][] = [
    ['no driver', { driver: () => false }, /no NVIDIA driver: install one .* or start the container with its GPUs/],
    ['the CPU build', { libraries: () => [] }, /CUDA build .* not installed: run `WHENCE_DEVICE=cuda npm run setup`/],
    [
      "the driver's library",
      { obstacle: only('libcuda.so.1') },
      /^libcuda\.so\.1 does not load \(cannot.*\): it is the driver's/,
    ],
    [
      'a library of the wheels',
      { obstacle: only('libcudnn.so.9') },
      /^libcudnn\.so\.9 does not load.*: remove .* npm run setup/,
    ],
    [
      'Blackwell',
      { gpus: () => [{ ...H100, name: 'NVIDIA B200', capability: 10 }] },
      /B200 has compute capability 10\.0.*6\.0 to 9\.0: use WHENCE_BACKEND=webgpu/,
    ],
    ['what nobody knows', {}, /finds no GPU.*TF_CPP_MIN_LOG_LEVEL=0/],
  ];
  for (const [what, changes, message] of reasons) {
    it(what, () => assert.match(whyNoGpu(machine(changes)), message));
  }

  it('is told where cuda is asked for and TensorFlow takes the CPU', { skip: hasDriver() }, async () => {
    await assert.rejects(
      () => startBackend('auto', { device: 'cuda' }),
      /^Error: WHENCE_DEVICE is "cuda", but there is no NVIDIA driver/,
    );
    await assert.rejects(
      () => startBackend('wasm', { device: 'cuda' }),
      /WHENCE_DEVICE is "cuda".*WHENCE_BACKEND is "wasm"/,
    );
  });
});

function hasDriver(): string | false {
  return whyNoGpu().includes('no NVIDIA driver') ? false : 'an NVIDIA driver is there';
}

/** TensorFlow's DataType, of those that are used. */
const DTYPES: Record<number, string> = { 1: 'float32', 3: 'int32', 4: 'uint8', 6: 'int8', 10: 'bool' };
/** Attributes by which a kernel is chosen: what it reads, and where it turns one type into another, what it gives. */
const KEYS = ['T', 'Tparams', 'SrcT', 'DstT', 'type'];

interface Counted {
  /** By op: the types that it was used with, `int8 to float32` of casts. */
  ops: Map<string, Set<string>>;
  /** Stacks of reads that nobody awaits. */
  synchronous: string[];
}

/** Counts the ops and reads of the native backend until the function returned is called. */
function count(counted: Counted): () => void {
  const backend = tf.backend() as unknown as { binding: Record<string, unknown> };
  const { binding } = backend;
  const before = (key: string, [first, attributes]: unknown[]): void => {
    if (key === 'executeOp') {
      const types = (attributes as { name: string; value: number }[])
        .filter(({ name }) => KEYS.includes(name))
        .map(({ value }) => DTYPES[value] ?? `type ${value}`);
      const used = counted.ops.get(String(first)) ?? new Set();
      counted.ops.set(String(first), used.add(types.join(' to ') || 'any type'));
    }
    if (key !== 'tensorDataSync') return;
    const stack = String(new Error().stack);
    if (!/\bread\b/.test(stack)) counted.synchronous.push(stack); // the backend's read, for those who await it
  };
  backend.binding = new Proxy(
    {},
    {
      get(_, key: string) {
        const value = binding[key];
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          before(key, args);
          return value.apply(binding, args);
        };
      },
    },
  );
  return () => {
    backend.binding = binding;
  };
}

describe('a pass in device mode', () => {
  let enable: () => void;
  before(async () => {
    Error.stackTraceLimit = 50;
    await startBackend('tensorflow');
    enable = disableKernels(); // as on a GPU, where they are left out
  });
  after(() => enable());

  for (const [name, source, target] of [
    ['gpt2-tiny', null, [9, 40, 71, 22]],
    ['llama-tiny', null, [9, 40, 71, 22]],
    ['marian-tiny', [12, 35, 50, 0], [60, 21, 44]],
    ['t5-tiny', [12, 35, 50, 1], [0, 21, 44]],
  ] as const) {
    for (const quantization of ['none', 'int8'] as const) {
      it(`of ${name}, ${quantization}: no op of ours, none without a GPU kernel, no read within`, async () => {
        const { methods, stepFunctions } = await loadRegistries();
        const loaded = await loadModel(modelDir(name), { quantization, rule: { threshold: 1.5, outliers: 'row' } });
        const counted: Counted = { ops: new Map(), synchronous: [] };
        const ids = (list: readonly number[]): Int32Array => Int32Array.from(list);
        for (const id of [
          'saliency',
          'integrated_gradients',
          'occlusion',
          'deeplift',
          'attention',
          'value_zeroing',
          'lime',
        ]) {
          const method = methods.get(id);
          const fn = stepFunctions.get('probability');
          assert.ok(method && fn);
          using scores = soloScores({
            model: loaded.model,
            sequence: {
              sourceIds: source && ids(source),
              sourceBaselineIds: source && ids(source),
              targetIds: ids(target),
              targetBaselineIds: new Int32Array(target.length).fill(1),
              start: 2,
              end: target.length,
            },
            memoryBudget: 2 ** 28,
          });
          const stop = count(counted);
          try {
            const args = completedArgs(method.argsSchema, { n_steps: 3, n_samples: 3 }) as never;
            const attributedFn = { fn, args: { logprob: false }, pointer: '' };
            await method.attribute(await soloTask(scores, method, { args, attributedFn, attributeTarget: true }));
          } finally {
            stop();
          }
        }
        loaded.dispose();
        assert.ok(counted.ops.size > 10);
        // A pass runs in one piece: what is awaited is read before or after it.
        assert.deepEqual(counted.synchronous, [], 'reads within a pass');
        const used = [...counted.ops].flatMap(([op, types]) => Array.from(types, (type) => `${op} of ${type}`));
        assert.deepEqual(
          used.filter((op) => op.startsWith('Whence')),
          [],
        );
        assert.deepEqual(used.filter((op) => !(op in GPU_KERNELS)).sort(), [], 'ops without a GPU kernel');
      });
    }
  }
});
