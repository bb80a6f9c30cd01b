/** Attention of many texts by one op: as part by part, the same bytes as alone, with caches that grow, in slices. */

import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type AttentionConfig, attention, cachedAttention } from '../../src/nn/attention.ts';
import { disposeCache, type KeyValueCache } from '../../src/nn/cache.ts';
import { alibi } from '../../src/nn/distance-bias.ts';
import { type PartSpec, Rows } from '../../src/nn/rows.ts';
import { Run, type RunOptions } from '../../src/nn/run.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { disableKernels, kernelBackend } from '../../src/tensors/kernels.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { assertClose } from '../support/goldens.ts';
import { randomMatrix } from './check-pullback.ts';

const HEAD = 20;
const CONFIG = { name: 'a', numHeads: 4, numKvHeads: 2, headDim: HEAD, scale: 0.2, causal: true };
const [WIDTH, KV_WIDTH] = [CONFIG.numHeads * HEAD, CONFIG.numKvHeads * HEAD];

const full = (length: number, segments = 1): PartSpec => ({ length, first: new Int32Array(segments) });
/** A clean copy, and copies that are computed from a position of their own on. */
const suffixes = (length: number, ...first: number[]): PartSpec => ({
  length,
  first: Int32Array.of(0, ...first),
  sharesPrefix: true,
});

/** Queries, keys and values of some texts: each part's numbers are its own, whatever the others are. */
function numbers(specs: readonly PartSpec[], seeds: readonly number[], width: number): Tensor2D {
  const parts = new Rows(specs).parts.map(({ count }, i) => randomMatrix(new Random(seeds[i]), count, width));
  return parts.length === 1 ? parts[0] : tf.concat2d(parts, 0);
}

/** Output of each part, row by row. */
function outputs(specs: readonly PartSpec[], seeds: readonly number[], config: AttentionConfig, options?: RunOptions) {
  using run = new Run(options);
  return tf.tidy(() => {
    const rows = run.ownRows(new Rows(specs));
    const [q, k, v] = [WIDTH, KV_WIDTH, KV_WIDTH].map((width, i) =>
      run.leaf(
        numbers(
          specs,
          seeds.map((seed) => 3 * seed + i),
          width,
        ),
        rows,
      ),
    );
    const { tensor } = attention(run, q, k, v, config);
    const data = tensor.dataSync() as Float32Array;
    return rows.parts.map(({ offset, count }) => data.slice(offset * WIDTH, (offset + count) * WIDTH));
  });
}

function byParts<T>(body: () => T): T {
  const restore = disableKernels();
  try {
    return body();
  } finally {
    restore();
  }
}

const SHAPES: [string, Partial<AttentionConfig>][] = [
  ['plain', {}],
  ['in a window', { window: 5 }],
  ['with a soft cap', { softcap: 1.5 }],
  ['with a bias', { bias: alibi('slopes', Float64Array.of(0.5, 0.25, 0.1, 0.01)) }],
  ['over all positions', { causal: false }],
];
const TEXTS = [full(23), full(3, 2), full(1), full(70)];

describe('attention of several texts', () => {
  before(() => startBackend('auto'));

  for (const [name, shape] of SHAPES) {
    const config = { ...CONFIG, ...shape };
    test(`${name}: as part by part, and as each alone to the byte`, (t) => {
      if (kernelBackend() === null) return t.skip('the kernels are not built here');
      const specs = config.causal ? [...TEXTS, suffixes(19, 0, 1, 7, 18)] : TEXTS;
      const seeds = specs.map((_, i) => i + 1);
      const found = outputs(specs, seeds, config);
      const expected = byParts(() => outputs(specs, seeds, config));
      found.forEach((values, i) => {
        assertClose(values, Array.from(expected[i]), { rel_to_max: 2e-6 }, `text ${i}`);
        assert.deepEqual(outputs([specs[i]], [seeds[i]], config), [values]);
      });
    });
  }

  for (const kernels of [true, false]) {
    test(`caches grow ${kernels ? 'in place' : 'part by part'}, in any company`, (t) => {
      if (kernels && kernelBackend() === null) return t.skip('the kernels are not built here');
      const generated = (prompts: readonly number[], seeds: readonly number[]): Float32Array[][] => {
        const past: KeyValueCache[] = prompts.map(() => new Map());
        const steps: Float32Array[][] = [];
        // Far enough that every cache grows more than once.
        for (let step = 0; step < 70; step++) {
          const specs = prompts.map((prompt) => ({
            length: prompt + step,
            first: Int32Array.of(step === 0 ? 0 : prompt + step - 1),
          }));
          const own = seeds.map((seed) => 100 * seed + step);
          steps.push(outputs(specs, own, CONFIG, { past, growPast: true }));
        }
        for (const cache of past) disposeCache(cache);
        return steps;
      };
      const check = (): void => {
        const { numTensors } = tf.memory();
        const batch = generated([4, 17, 1], [1, 2, 3]);
        for (const [i, prompt] of [4, 17, 1].entries()) {
          const alone = generated([prompt], [i + 1]);
          assert.deepEqual(
            batch.map((step) => step[i]),
            alone.map(([text]) => text),
          );
        }
        assert.equal(tf.memory().numTensors, numTensors);
        if (kernels) {
          const expected = byParts(() => generated([4, 17, 1], [1, 2, 3]));
          batch.forEach((step, n) => {
            step.forEach((values, i) => {
              assertClose(values, Array.from(expected[n][i]), { rel_to_max: 2e-6 }, `step ${n}, text ${i}`);
            });
          });
        }
      };
      if (kernels) check();
      else byParts(check);
    });
  }

  test('cached keys of a source serve the copies of each text', (t) => {
    if (kernelBackend() === null) return t.skip('the kernels are not built here');
    const past = [5, 9].map((length): KeyValueCache => {
      const tensor = (seed: number) =>
        tf.keep(tf.reshape(randomMatrix(new Random(seed), length, KV_WIDTH), [1, length, KV_WIDTH]));
      return new Map([['a', { keys: tensor(length), values: tensor(length + 1) }]]);
    });
    const attend = (): Float32Array => {
      using run = new Run({ past });
      return tf.tidy(() => {
        const rows = run.ownRows(new Rows([full(2, 3), full(1)]));
        const q = run.leaf(randomMatrix(new Random(1), rows.count, WIDTH), rows);
        return cachedAttention(run, q, { ...CONFIG, causal: false }).tensor.dataSync() as Float32Array;
      });
    };
    assertClose(attend(), Array.from(byParts(attend)), { rel_to_max: 2e-6 }, 'cross-attention');
    for (const cache of past) disposeCache(cache);
  });

  test('a long text is attended to in slices, between which the run looks at its signal', (t) => {
    if (kernelBackend() === null) return t.skip('the kernels are not built here');
    const length = 6000;
    let looks = 0;
    const look = (): void => {
      looks += 1;
    };
    const [values] = outputs([full(length)], [1], CONFIG, { look });
    assert.ok(looks > 2, `${looks} looks`);
    // What comes before does not depend on what follows.
    const [short] = outputs([full(100)], [1], CONFIG);
    assert.deepEqual(values.slice(0, short.length), short);
  });
});
