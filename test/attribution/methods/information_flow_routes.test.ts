/** Information flow routes against a forward pass and the paper's formulas in plain double-precision arrays. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import method from '../../../src/attribution/methods/information_flow_routes.ts';
import { flowDown, flowShares } from '../../../src/attribution/methods/parts/information-flow.ts';
import type { Sequence } from '../../../src/attribution/passes/sequence-features.ts';
import { soloScores, soloTask } from '../../../src/attribution/solo.ts';
import probability from '../../../src/attribution/step-functions/probability.ts';
import { openCheckpoint } from '../../../src/checkpoints/safetensors.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { tf } from '../../../src/tensors/tf.ts';
import { modelDir } from '../../support/goldens.ts';
import { completedArgs, decoderSequence, loadTiny, type TinyModel } from '../tiny-model.ts';

type Rows = number[][];
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const l1 = (values: readonly number[]): number => sum(values.map(Math.abs));
const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, d) => value + b[d]);

/** Edges into each position after attention: of the position itself, and by head and position. */
interface Edges {
  residual: number;
  /** [heads][positions] */
  heads: Rows;
}

/** GPT-2 in double precision: the importance of the edges of each layer, as the paper defines it. */
function referenceEdges(name: string, ids: readonly number[]): Edges[][] {
  const dir = modelDir(name);
  const config = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8'));
  const checkpoint = openCheckpoint(dir);
  const prefix = checkpoint.has('transformer.wte.weight') ? 'transformer.' : '';
  const vector = (path: string): number[] => Array.from(checkpoint.readF32(prefix + path));
  const matrix = (path: string, columns: number): Rows => {
    const flat = vector(path);
    return Array.from({ length: flat.length / columns }, (_, row) => flat.slice(row * columns, (row + 1) * columns));
  };
  const { n_embd: hidden, n_head: heads, n_layer: layers, layer_norm_epsilon: epsilon = 1e-5 } = config;
  const width = hidden / heads;
  const layerOf = (path: string) => {
    const bias = vector(`${path}.bias`);
    return { weight: matrix(`${path}.weight`, bias.length), bias };
  };
  const times = (x: readonly number[], { weight, bias }: ReturnType<typeof layerOf>): number[] =>
    bias.map((start, out) => x.reduce((total, value, d) => total + value * weight[d][out], start));
  const norm = (x: readonly number[], path: string): number[] => {
    const mean = sum([...x]) / hidden;
    const deviation = Math.sqrt(sum(x.map((value) => (value - mean) ** 2)) / hidden + epsilon);
    const [weight, bias] = [vector(`${path}.weight`), vector(`${path}.bias`)];
    return x.map((value, d) => ((value - mean) / deviation) * weight[d] + bias[d]);
  };
  const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
  const [tokens, positions] = [matrix('wte.weight', hidden), matrix('wpe.weight', hidden)];
  let stream = ids.map((id, t) => plus(tokens[id], positions[t]));
  return Array.from({ length: layers }, (_, layer) => {
    const path = `h.${layer}`;
    const [attention, output] = [layerOf(`${path}.attn.c_attn`), layerOf(`${path}.attn.c_proj`)];
    const [up, down] = [layerOf(`${path}.mlp.c_fc`), layerOf(`${path}.mlp.c_proj`)];
    const projected = stream.map((x) => times(norm(x, `${path}.ln_1`), attention));
    const part = (row: readonly number[], which: number, head: number): number[] =>
      row.slice(which * hidden + head * width, which * hidden + (head + 1) * width);
    const edges = stream.map((x, t): Edges & { mid: number[] } => {
      const parts = Array.from({ length: heads }, (_, head) => {
        const scores = projected.slice(0, t + 1).map((row) => {
          const [query, key] = [part(projected[t], 0, head), part(row, 1, head)];
          return sum(query.map((value, d) => value * key[d])) / Math.sqrt(width);
        });
        const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
        return exponentials.map((value, j) => {
          const own = part(projected[j], 2, head);
          const weight = value / sum(exponentials);
          return Array.from({ length: hidden }, (_, out) =>
            sum(own.map((entry, d) => weight * entry * output.weight[head * width + d][out])),
          );
        });
      });
      const mid = plus(plus(x, output.bias), parts.flat().reduce(plus));
      const near = (vectorOf: readonly number[]): number =>
        Math.max(0, l1(mid) - l1(mid.map((value, d) => value - vectorOf[d])));
      const [residual, byHead] = [near(x), parts.map((ofHead) => ofHead.map(near))];
      const total = residual + sum(byHead.flat());
      return { mid, residual: residual / total, heads: byHead.map((row) => row.map((value) => value / total)) };
    });
    stream = edges.map(({ mid }) => plus(mid, times(times(norm(mid, `${path}.ln_2`), up).map(gelu), down)));
    return edges;
  });
}

/** Importance of every token for a position above the last layer, edge by edge from the top. */
function referenceScores(layers: readonly Edges[][], position: number, tau: number): number[] {
  let mass = layers[0].map((_, t): number => (t === position ? 1 : 0));
  for (const edges of layers.toReversed()) {
    const below = mass.map(() => 0);
    edges.forEach(({ residual, heads }, t) => {
      const all = [{ to: t, share: residual }, ...heads.flatMap((row) => row.map((share, to) => ({ to, share })))];
      const kept = all.filter(({ share }) => share > tau);
      const total = sum(kept.map(({ share }) => share));
      for (const { to, share } of kept) below[to] += (mass[t] * share) / total;
    });
    mass = below;
  }
  return mass;
}

describe('information_flow_routes', () => {
  const models = new Map<string, TinyModel>();
  before(async () => {
    await startBackend('tensorflow');
    for (const name of ['gpt2-tiny', 'llama-tiny']) models.set(name, await loadTiny(name));
  });
  after(() => {
    for (const model of models.values()) model.dispose();
  });

  async function scoresOf(name: string, given: Record<string, unknown>, changes: Partial<Sequence> = {}) {
    const tiny = models.get(name) as TinyModel;
    const whole = decoderSequence(tiny.tokenizer, 'Every small cat', 'Every small cat sees a green garden!');
    const sequence = { ...whole, ...changes };
    using scores = soloScores({ model: tiny.model, sequence, memoryBudget: 2 ** 28 });
    const attributedFn = { fn: probability, args: { logprob: false }, pointer: '' };
    const args = completedArgs(method.argsSchema, given) as never;
    const task = await soloTask(scores, method as never, { args, attributedFn, attributeTarget: true });
    const { target } = await method.attribute(task as never);
    assert.ok(target !== null);
    const [tokens, columns] = target.shape;
    return {
      sequence,
      columns: Array.from({ length: columns }, (_, c) =>
        Array.from({ length: tokens }, (_, token) => target.data[token * columns + c]),
      ),
    };
  }

  function assertClose(found: readonly number[], expected: readonly number[]): void {
    expected.forEach((value, token) => {
      assert.ok(Math.abs(found[token] - value) < 2e-6, `token ${token}: ${found[token]} is not ${value}`);
    });
  }

  for (const tau of [0, 0.02]) {
    it(`gpt2-tiny, tau ${tau}: the scores of the paper's graph`, async () => {
      const { sequence, columns } = await scoresOf('gpt2-tiny', { tau });
      const { targetIds, start, end } = sequence;
      const layers = referenceEdges('gpt2-tiny', Array.from(targetIds.subarray(0, end - 1)));
      columns.forEach((found, t) => {
        const expected = referenceScores(layers, start - 1 + t, tau);
        assertClose(found.slice(0, start + t), expected.slice(0, start + t));
        assert.ok(found.slice(start + t).every(Number.isNaN), 'nothing after the position that is read');
      });
    });
  }

  it('a span has the mean of its tokens, and hops pass the mass of reasoning tokens on', async () => {
    const { sequence, columns } = await scoresOf('gpt2-tiny', {});
    const { start, end } = sequence;
    const spans = [
      { start, end: start + 3 },
      { start: end - 2, end },
    ];
    const bySpan = await scoresOf('gpt2-tiny', {}, { spans });
    spans.forEach((span, column) => {
      const own = columns.slice(span.start - start, span.end - start);
      const expected = Array.from(
        { length: span.end - 1 },
        (_, token) => sum(own.map((one) => one[token] || 0)) / own.length,
      );
      assertClose(bySpan.columns[column].slice(0, span.end - 1), expected);
    });
    // Each hop: what a reasoning token has goes where its own column says.
    let expected = bySpan.columns[1].slice(0, end - 1);
    for (let hops = 1; hops <= 3; hops++) {
      const passed = expected.map((value, token) => (token >= start && token < end - 2 ? 0 : value));
      for (let token = start; token < end - 2; token++) {
        columns[token - start].forEach((share, at) => {
          if (!Number.isNaN(share)) passed[at] += expected[token] * share;
        });
      }
      expected = passed;
      const found = await scoresOf('gpt2-tiny', { hops }, { spans });
      assertClose(found.columns[1].slice(0, end - 1), expected);
      assertClose(found.columns[0].slice(0, start + 2), bySpan.columns[0].slice(0, start + 2));
    }
    const named = await scoresOf(
      'gpt2-tiny',
      { hops: 3, reasoning_spans: [start, end] },
      { spans: spans.slice(1), start: end - 2 },
    );
    assertClose(named.columns[0].slice(0, end - 1), expected);
  });

  it('llama-tiny: shares and scores sum to one, at every threshold', async () => {
    const tiny = models.get('llama-tiny') as TinyModel;
    for (const tau of [0, 0.05, 0.9]) {
      const { columns, sequence } = await scoresOf('llama-tiny', { tau, hops: 2 });
      for (const column of columns) {
        const seen = column.filter((value) => !Number.isNaN(value));
        assert.ok(seen.every((value) => value >= 0));
        assert.ok(Math.abs(sum(seen) - 1) < 1e-5);
      }
      using scores = soloScores({ model: tiny.model, sequence, memoryBudget: 2 ** 28 });
      const shares = await flowShares(scores.passes, { tau, first: 0 }, async () => {});
      assert.equal(shares.length, tiny.model.numLayers);
      for (const layer of shares) {
        const { length } = scores.passes;
        for (let t = 0; t < length; t++) {
          const row = Array.from(layer.subarray(t * length, (t + 1) * length));
          assert.ok(Math.abs(sum(row) - 1) < 1e-12);
          assert.ok(row.slice(t + 1).every((share) => share === 0));
        }
      }
    }
  });

  it('mass flows by the products of shares along each route', () => {
    const layer = (...rows: number[][]): Float64Array => Float64Array.from(rows.flat());
    const shares = [layer([1, 0], [0.25, 0.75]), layer([1, 0], [0.5, 0.5])];
    assert.deepEqual([...flowDown(shares, Float64Array.of(0, 1))], [0.5 + 0.5 * 0.25, 0.5 * 0.75]);
  });

  it('refuses texts that its memory does not hold, and models that normalize attention', async () => {
    const tiny = models.get('gpt2-tiny') as TinyModel;
    const sequence = decoderSequence(tiny.tokenizer, 'Every small cat', 'Every small cat sees a green garden!');
    const tensors = tf.memory().numTensors;
    const run = async (model: TinyModel['model'], memoryBudget: number) => {
      using scores = soloScores({ model, sequence, memoryBudget });
      await flowShares(scores.passes, { tau: 0, first: 0 }, async () => {});
    };
    await assert.rejects(run(tiny.model, 4096), { code: 'too_large', message: /MB are allowed: shorten the text/ });
    await assert.rejects(run({ ...tiny.model, modelType: 'gemma2' }, 2 ** 28), { code: 'unsupported_model' });
    assert.equal(tf.memory().numTensors, tensors);
  });
});
