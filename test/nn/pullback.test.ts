import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { ACTIVATION_NAMES, activation } from '../../src/nn/activation.ts';
import { type AttentionConfig, attention } from '../../src/nn/attention.ts';
import {
  add,
  addConstant,
  dropout,
  multiply,
  rowsAt,
  scale,
  softcap,
  splitColumns,
  splitHeads,
} from '../../src/nn/elementwise.ts';
import { feedForward, gatedFeedForward } from '../../src/nn/feed-forward.ts';
import { type Linear, linear } from '../../src/nn/linear.ts';
import { layerNorm, rmsNorm } from '../../src/nn/norm.ts';
import { addPositions } from '../../src/nn/positions.ts';
import { rotaryPositions } from '../../src/nn/rope-scaling.ts';
import { rotary } from '../../src/nn/rotary.ts';
import type { Run, Value } from '../../src/nn/run.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { disableKernels } from '../../src/tensors/kernels.ts';
import { FloatMatrix } from '../../src/tensors/matrix.ts';
import { tf } from '../../src/tensors/tf.ts';
import { checkPullback, FIRST_READ, randomMatrix, type Subject } from './check-pullback.ts';

const random = new Random(3);
const WIDTH = 24;
const HEADS = 4;

const matrix = (out: number, inputs: number, inputMajor = false): Linear => ({
  name: 'layer',
  matrix: new FloatMatrix(
    inputMajor ? randomMatrix(random, inputs, out, 0.4) : randomMatrix(random, out, inputs, 0.4),
    inputMajor,
  ),
  bias: tf.keep(tf.tensor1d(Array.from({ length: out }, () => random.normal()))),
});

const vector = (size: number) => tf.keep(tf.tensor1d(Array.from({ length: size }, () => 1 + 0.3 * random.normal())));

const rope = (dims: number, interleaved = false) =>
  rotaryPositions({ dims, base: 100, maxPositions: 64, originalMaxPositions: null, scaling: null, interleaved });

/** Weights of the backend under test. */
function makeWeights() {
  const norm = { name: 'n', weight: vector(WIDTH), bias: vector(WIDTH), epsilon: 1e-3 };
  return {
    up: matrix(40, WIDTH),
    gate: matrix(40, WIDTH),
    both: matrix(80, WIDTH),
    down: matrix(WIDTH, 40),
    byInput: matrix(WIDTH, WIDTH, true),
    fused: matrix(3 * WIDTH, WIDTH),
    norm,
    headNorm: { ...norm, weight: vector(WIDTH / HEADS), bias: null },
    table: tf.keep(randomMatrix(random, 10, WIDTH)),
  };
}

type Make = (weights: ReturnType<typeof makeWeights>) => Subject;

const simple =
  (block: (weights: ReturnType<typeof makeWeights>, run: Run, x: Value) => Value): Make =>
  (weights) => ({ width: WIDTH, block: (run, x) => block(weights, run, x) });

/** Self-attention with projections, so that queries, keys and values differ. */
function selfAttention(config: Partial<AttentionConfig>): Make {
  const settings = { name: 'a', numHeads: HEADS, numKvHeads: HEADS, headDim: 6, scale: 0.4, causal: true, ...config };
  return simple(({ fused }, run, x) => {
    const [q, k, v] = splitColumns(run, linear(run, x, fused), [WIDTH, WIDTH, WIDTH]);
    const narrow = (value: Value) =>
      splitColumns(run, value, [settings.numKvHeads * 6, WIDTH - settings.numKvHeads * 6])[0];
    return settings.numKvHeads === HEADS
      ? attention(run, q, k, v, settings)
      : attention(run, q, narrow(k), narrow(v), settings);
  });
}

const positionBias: AttentionConfig['bias'] = {
  name: 'waves',
  between: (from, to) => {
    const distances = to - from + 1;
    const values = Array.from({ length: HEADS * distances }, (_, i) => {
      return Math.sin(7 * Math.floor(i / distances) + from + (i % distances));
    });
    return tf.tensor2d(values, [HEADS, distances]);
  },
};

const thirds = [WIDTH, WIDTH, WIDTH];
const SUBJECTS: Record<string, Make> = {
  'linear layer': simple(({ up }, run, x) => linear(run, x, up)),
  'linear layer stored by input': simple(({ byInput }, run, x) => linear(run, x, byInput)),
  'layer norm': simple(({ norm }, run, x) => layerNorm(run, x, norm)),
  'layer norm without bias': simple(({ norm }, run, x) => layerNorm(run, x, { ...norm, bias: null })),
  'root mean square norm': simple(({ norm }, run, x) => rmsNorm(run, x, norm)),
  'root mean square norm of each head': simple(({ headNorm }, run, x) => rmsNorm(run, x, headNorm, HEADS)),
  'sum and product': simple((_, run, x) => add(run, multiply(run, x, scale(run, x, 0.5)), x)),
  'constant and positions': simple(({ norm, table }, run, x) =>
    multiply(run, addPositions(run, x, table, 2), addConstant(run, x, norm.weight)),
  ),
  'soft cap': simple((_, run, x) => softcap(run, x, 1.5)),
  dropout: simple((_, run, x) => dropout(run, x, 0.4)),
  'split by columns': simple(({ fused }, run, x) => {
    const [a, b, c] = splitColumns(run, linear(run, x, fused), thirds);
    return add(run, multiply(run, a, b), c);
  }),
  'split by columns, one part unused': simple(({ fused }, run, x) => {
    const [a, , c] = splitColumns(run, linear(run, x, fused), thirds);
    return multiply(run, a, c);
  }),
  'split by heads': simple(({ fused }, run, x) => {
    const [a, b, c] = splitHeads(run, linear(run, x, fused), HEADS, 3);
    return add(run, multiply(run, a, b), c);
  }),
  'split by heads, one part unused': simple(({ fused }, run, x) => {
    const [a, b] = splitHeads(run, linear(run, x, fused), HEADS, 3);
    return multiply(run, a, b);
  }),
  'rotary positions': simple((_, run, x) => rotary(run, x, 6, rope(6))),
  'rotary positions on a part of each head': simple((_, run, x) => rotary(run, x, 6, rope(4))),
  'rotary positions of neighbours': simple((_, run, x) => rotary(run, x, 6, rope(4, true))),
  'feed-forward layer': simple(({ up, down }, run, x) => feedForward(run, x, { up, down, kind: 'gelu' })),
  'gated feed-forward layer': simple(({ gate, up, down }, run, x) =>
    gatedFeedForward(run, x, { gate, up, down, kind: 'silu' }),
  ),
  'gated feed-forward layer, fused': simple(({ both, down }, run, x) =>
    gatedFeedForward(run, x, { gate: null, up: both, down, kind: 'gelu_new' }),
  ),
  attention: selfAttention({}),
  'attention of grouped queries': selfAttention({ numKvHeads: 2 }),
  'attention with one key head': selfAttention({ numKvHeads: 1 }),
  'attention with a window': selfAttention({ window: 2 }),
  'attention with a bias': selfAttention({ bias: positionBias }),
  'attention with a soft cap': selfAttention({ softcap: 0.8 }),
  'attention with dropout': selfAttention({ dropout: 0.3 }),
  'attention with everything': selfAttention({
    numKvHeads: 2,
    window: 3,
    bias: positionBias,
    softcap: 2,
    dropout: 0.2,
  }),
  'attention to the encoder': ({ fused }) => ({
    width: WIDTH,
    memory: 3,
    block: (run, x, memory) => {
      assert.ok(memory !== null);
      const [, k, v] = splitColumns(run, linear(run, memory, fused), thirds);
      const config = { name: 'c', numHeads: HEADS, numKvHeads: HEADS, headDim: 6, scale: 0.4, causal: false };
      return attention(run, x, k, v, config);
    },
  }),
  'parallel residual block': simple(({ norm, fused, up, down }, run, x) => {
    const normal = layerNorm(run, x, norm);
    const [q, k, v] = splitHeads(run, linear(run, normal, fused), HEADS, 3);
    const turn = (part: Value) => rotary(run, part, 6, rope(4));
    const config = { name: 'p', numHeads: HEADS, numKvHeads: HEADS, headDim: 6, scale: 0.4, causal: true };
    const attended = add(run, x, attention(run, turn(q), turn(k), v, config));
    return add(run, attended, feedForward(run, normal, { up, down, kind: 'quick_gelu' }));
  }),
  ...Object.fromEntries(
    ACTIVATION_NAMES.map((kind) => [`activation ${kind}`, simple((_, run, x) => activation(run, x, kind))]),
  ),
};

/** A block computed from the first position on where a score is read. */
const lastBlock =
  (config: Partial<AttentionConfig>): Make =>
  ({ norm, fused, up, down }) => ({
    width: WIDTH,
    ...(config.causal === false && { memory: 3 }),
    block(run, x, memory) {
      const wanted = run.ownRows(x.rows.from([FIRST_READ]));
      const [q, k, v] = splitColumns(run, linear(run, x, fused), thirds);
      const settings = {
        name: 'a',
        numHeads: HEADS,
        numKvHeads: HEADS,
        headDim: 6,
        scale: 0.4,
        causal: true,
        ...config,
      };
      const turned = rotary(run, rowsAt(run, q, wanted), 6, rope(4));
      const [keys, values] = memory === null ? [rotary(run, k, 6, rope(4)), v] : [memory, memory];
      const attended = add(run, rowsAt(run, x, wanted), attention(run, turned, keys, values, settings));
      return add(run, attended, feedForward(run, layerNorm(run, attended, norm), { up, down, kind: 'gelu' }));
    },
  });

const LAST_BLOCKS: Record<string, Make> = {
  'block of the rows that are read': lastBlock({}),
  'block of the rows that are read, with a window, a bias, a soft cap and dropout': lastBlock({
    window: 2,
    bias: positionBias,
    softcap: 2,
    dropout: 0.2,
  }),
  'block of the rows that are read, over the encoder': lastBlock({ causal: false }),
};

const WAYS = [
  { name: 'tensorflow', backend: 'tensorflow', kernels: true },
  { name: 'tensorflow without our kernels', backend: 'tensorflow', kernels: false },
  { name: 'wasm', backend: 'wasm', kernels: false },
] as const;

for (const { name, backend, kernels } of WAYS) {
  describe(`pullbacks against tf.grads on ${name}`, () => {
    let weights: ReturnType<typeof makeWeights>;
    before(async () => {
      await startBackend(backend);
      if (!kernels) disableKernels();
      weights = makeWeights();
    });

    for (const [name, make] of Object.entries(SUBJECTS)) {
      for (const behind of ['nothing', 'attention'] as const) {
        it(behind === 'nothing' ? name : `${name}, read through attention`, () => checkPullback(make(weights), behind));
      }
    }
    for (const [name, make] of Object.entries(LAST_BLOCKS)) it(name, () => checkPullback(make(weights), 'nothing'));
  });
}
