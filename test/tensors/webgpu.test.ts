/** The WebGPU backend: which adapter is taken, kernels put right, int8 in words, faults, loss of the device, the end. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Backend, startBackend } from '../../src/tensors/backend.ts';
import { Int8Matrix } from '../../src/tensors/matrix.ts';
import { read } from '../../src/tensors/read.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { packCodes } from '../../src/tensors/webgpu-int8.ts';
import { runProgram } from '../../src/tensors/webgpu-program.ts';
import { assertClose } from '../support/close.ts';
import { softwareGpu } from '../support/software-gpu.ts';

const { skip } = softwareGpu();

const wave = (length: number, step = 0.7): Float32Array => Float32Array.from({ length }, (_, i) => Math.sin(i * step));

/** Values on WebGPU, and by tfjs's own JavaScript. */
async function onBoth(make: () => Tensor): Promise<{ found: Float32Array; wanted: Float32Array }> {
  await tf.setBackend('cpu');
  const wanted = await read(make);
  await tf.setBackend('webgpu');
  return { found: await read(make), wanted };
}

describe('WebGPU', { skip }, () => {
  let backend: Backend;
  before(async () => {
    backend = await startBackend('webgpu');
  });

  it('names the adapter, and says that it computes on the CPU', () => {
    assert.equal(backend.name, 'webgpu');
    assert.match(String(backend.device), /SwiftShader/);
    assert.match(backend.reason, /^WebGPU on SwiftShader.*computes on the CPU/);
  });

  const x = (...shape: number[]): Tensor => tf.tensor(wave(shape.reduce((size, length) => size * length, 1)), shape);
  const cases: Record<string, () => Tensor> = {
    'tile of five axes': () => tf.tile(x(2, 3, 1, 4, 5), [2, 1, 3, 1, 1]),
    'where of five axes': () =>
      tf.where(tf.greater(x(2, 3, 1, 4, 5), 0.2), x(2, 3, 1, 4, 5), tf.zeros([2, 3, 1, 4, 5])),
    'cumsum of the last axis, from its end': () => tf.cumsum(x(3, 7), 1, true, true),
    'softmax of rows with -1e9': () => tf.softmax(tf.where(tf.greater(x(4, 9), 0), x(4, 9), tf.fill([4, 9], -1e9))),
    'a sum of 50 tensors': () => tf.addN(Array.from({ length: 50 }, (_, i) => tf.mul(x(3, 4), i + 1))),
    'a gradient through gather': () =>
      tf.grad((v) => tf.sum(tf.square(tf.gather(v, tf.tensor1d([1, 1, 0], 'int32')))))(x(3, 4)),
  };
  for (const [name, make] of Object.entries(cases)) {
    it(`${name} is that of tfjs's JavaScript`, async () => {
      const tensors = tf.memory().numTensors;
      const { found, wanted } = await onBoth(make);
      assertClose(found, Array.from(wanted), { rel_to_max: 2e-6 }, name);
      assert.equal(tf.memory().numTensors, tensors);
    });
  }

  it('keeps codes as one byte each, four in a word, rows filled up with 0', () => {
    const words = packCodes(Int8Array.of(1, -2, 3, -4, 5, 6, 7, 8, 9, -10), [2, 5]);
    assert.deepEqual([...new Int8Array(words.buffer)], [1, -2, 3, -4, 5, 0, 0, 0, 6, 7, 8, 9, -10, 0, 0, 0]);
  });

  for (const outliers of ['row', 'batch'] as const) {
    for (const [rows, width, out] of [
      [1, 64, 96],
      [5, 63, 33],
      [37, 70, 130],
    ]) {
      it(`int8 of [${out}, ${width}] with ${rows} rows and outliers by ${outliers} is that of the composed ops`, async () => {
        const weight = wave(out * width, 1.1);
        const input = wave(rows * width, 1.3).map((value, i) => (i % 29 === 0 ? 9 * value : value));
        const dy = wave(rows * out, 0.9);
        const results: Float32Array[][] = [];
        for (const name of ['cpu', 'webgpu']) {
          await tf.setBackend(name);
          const tensors = tf.memory().numTensors;
          const matrix = Int8Matrix.quantize(weight, [out, width], false, { threshold: 6, outliers });
          results.push([
            await read(() => matrix.multiply(tf.tensor2d(input, [rows, width]), tf.tensor1d(wave(out)))),
            await read(() => matrix.pullback(tf.tensor2d(dy, [rows, out]))),
            await read(() => matrix.toTensor()),
          ]);
          matrix.dispose();
          assert.equal(tf.memory().numTensors, tensors);
        }
        const [wanted, found] = results;
        ['product', 'pullback', 'weight'].forEach((what, i) => {
          assertClose(found[i], Array.from(wanted[i]), { rel_to_max: 3e-6 }, what);
        });
      });
    }
  }

  it('gives a row the same bytes alone as beside others, in float32 and int8', async () => {
    const weight = wave(50 * 40, 1.1);
    const many = wave(33 * 40, 1.3);
    const matrix = Int8Matrix.quantize(weight, [50, 40], false, { threshold: 6, outliers: 'row' });
    const float = tf.tensor2d(weight, [50, 40]);
    const products: ((rows: Tensor2D) => Tensor)[] = [
      (rows) => matrix.multiply(rows),
      (rows) => tf.softmax(tf.matMul(rows, float, false, true)),
    ];
    for (const product of products) {
      const together = await read(() => product(tf.tensor2d(many, [33, 40])));
      const two = await read(() => product(tf.tensor2d(many.slice(7 * 40, 9 * 40), [2, 40])));
      assert.deepEqual(two, together.slice(7 * 50, 9 * 50));
    }
    matrix.dispose();
    float.dispose();
  });

  it('fails the read that follows a program that does not compile, and no later one', async () => {
    const broken = () =>
      runProgram(
        { name: 'Broken', inputs: { x: x(4) }, outputShape: [4], source: 'fn main(i: i32) { nonsense; }' },
        'float32',
      );
    await assert.rejects(() => read(broken), /WebGPU: .*WGSL.* fn main/);
    assert.deepEqual([...(await read(() => tf.add(tf.tensor1d([1, 2]) as Tensor1D, 1)))], [2, 3]);
  });

  it('fails the read where memory does not suffice', async () => {
    // More than the adapter allows for one buffer.
    await assert.rejects(() => read(() => tf.fill([2 ** 29], 1)), /WebGPU: .*(size|memory|exceeds|limit)/i);
    assert.deepEqual([...(await read(() => tf.add(tf.tensor1d([1, 2]) as Tensor1D, 1)))], [2, 3]);
  });

  it('tells that the device is lost, refuses further reads, and starts anew', async () => {
    const { device } = tf.backend() as unknown as { device: GPUDevice };
    device.destroy();
    assert.match(String(await backend.lost), /destroyed/i);
    await assert.rejects(() => read(() => tf.add(tf.tensor1d([1, 2]) as Tensor1D, 1)), /lost|destroyed/i);
    backend = await startBackend('webgpu');
    assert.deepEqual([...(await read(() => tf.add(tf.tensor1d([1, 2]) as Tensor1D, 1)))], [2, 3]);
  });

  it('leaves nothing that keeps a process from ending', () => {
    const script = fileURLToPath(new URL('./webgpu-process.ts', import.meta.url));
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', script], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.deepEqual([status, signal, stdout.trim(), stderr], [0, null, '5,7,9', '']);
  });

  after(() => tf.setBackend('cpu'));
});

describe('the choice of a backend', () => {
  const start = (choice: string, env: Record<string, string>): { status: number | null; stdout: string } =>
    spawnSync(
      process.execPath,
      ['--import', 'tsx', fileURLToPath(new URL('./backend-process.ts', import.meta.url)), choice],
      { encoding: 'utf8', env: { ...process.env, ...env }, timeout: 60_000 },
    );

  it('without any adapter, refuses `webgpu` and says what it needs', () => {
    const { status, stdout } = start('webgpu', { VK_ICD_FILENAMES: '/nowhere' });
    assert.equal(status, 1);
    assert.match(stdout, /^WHENCE_BACKEND is "webgpu", but WebGPU cannot be used: no WebGPU adapter.*driver.*"auto"/);
  });

  it('takes WASM by `auto` where there is neither the native backend nor a GPU, and says why', { skip }, () => {
    const { status, stdout } = start('auto', { TEST_WITHOUT_NATIVE: '1' });
    assert.equal(status, 0);
    assert.match(stdout, /^wasm cpu the native backend is not available: .*; nor is WebGPU: the only.* on the CPU/);
  });
});
