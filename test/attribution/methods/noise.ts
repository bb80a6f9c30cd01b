/** Gradients at noisy copies, one copy after the other and summed in double precision: what noisy methods are held to. */

import assert from 'node:assert/strict';
import type { Method } from '../../../src/attribution/method.ts';
import type { Sequence } from '../../../src/attribution/passes/sequence-features.ts';
import { soloScores, soloTask } from '../../../src/attribution/solo.ts';
import probability from '../../../src/attribution/step-functions/probability.ts';
import { Random } from '../../../src/random.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { tf } from '../../../src/tensors/tf.ts';
import { completedArgs, decoderSequence, loadTiny } from '../tiny-model.ts';

const SAMPLES = 6;
const SEED = 11;

/** A model, its sequence and the sides that are attributed. */
const SETTINGS = [
  { name: 'gpt2-tiny', attributeTarget: true, stdevs: 0.05 },
  { name: 'gpt2-tiny', attributeTarget: true, stdevs: null },
  { name: 'marian-tiny', attributeTarget: false, stdevs: null },
  { name: 'marian-tiny', attributeTarget: true, stdevs: 0.2 },
] as const;

interface NoisyCase {
  title: string;
  /** Of one number of the scores: what the method says, and its gradient in each sample. */
  cells: { actual: number; gradients: number[] }[];
}

/** The method's scores beside the gradients of each sample, for two models, with given and default noise. */
async function noisyCases(method: Method): Promise<NoisyCase[]> {
  await startBackend('tensorflow');
  const cases: NoisyCase[] = [];
  for (const { name, attributeTarget, stdevs } of SETTINGS) {
    const tiny = await loadTiny(name);
    const forced = decoderSequence(tiny.tokenizer, 'Every small cat', 'Every small cat sees a green garden!');
    const sourceIds = name === 'marian-tiny' ? forced.targetIds : null;
    const sequence: Sequence = { ...forced, sourceIds, sourceBaselineIds: sourceIds && forced.targetBaselineIds };
    // A budget of few copies: samples come in several batches.
    using scores = soloScores({ model: tiny.model, sequence, memoryBudget: 2 ** 18 });
    const task = await soloTask(scores, method, {
      args: completedArgs(method.argsSchema, { n_samples: SAMPLES, stdevs }) as never,
      attributedFn: { fn: probability, args: { logprob: false }, pointer: '' },
      attributeTarget,
      random: new Random(SEED),
    });
    const result = await method.attribute(task);
    const { passes, objective } = task;
    const inputs = { source: passes.sourceFeatures, target: passes.targetFeatures };
    const sides = (['source', 'target'] as const).filter((side) =>
      side === 'source' ? sourceIds !== null : attributeTarget,
    );
    const level = (values: Float32Array): number => {
      if (stdevs !== null) return stdevs;
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      return 0.15 * Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    };
    const random = new Random(SEED);
    const cells = new Map<string, number[]>();
    for (let sample = 0; sample < SAMPLES; sample++) {
      const noisy = { segments: 1, ...inputs };
      for (const side of sides) {
        const input = inputs[side];
        assert.ok(input !== null);
        const values = input.dataSync() as Float32Array;
        const stdev = level(values);
        noisy[side] = tf.tensor2d(
          values.map((value) => value + stdev * random.normal()),
          input.shape,
        );
      }
      const wanted = { source: sides.includes('source'), target: sides.includes('target') };
      await objective.gradients(noisy, wanted, async (block) => {
        for (const side of sides) {
          const gradients = block[side];
          assert.ok(gradients !== null);
          const values = gradients.dataSync();
          const hidden = gradients.shape[1];
          let row = 0;
          for (let t = block.columnStart; t < block.columnStart + block.columns; t++) {
            const visible = side === 'source' ? passes.sourceLength : passes.read[t] + 1;
            for (let token = 0; token < visible; token++, row++) {
              for (let d = 0; d < hidden; d++) {
                const key = `${side} ${(token * passes.steps + t) * hidden + d}`;
                cells.set(key, [...(cells.get(key) ?? []), values[row * hidden + d]]);
              }
            }
          }
        }
      });
      for (const side of sides) noisy[side]?.dispose();
    }
    for (const side of sides) {
      result[side]?.data.forEach((value, k) => {
        assert.equal(Number.isNaN(value), !cells.has(`${side} ${k}`), `${side} ${k} is visible or not`);
      });
    }
    cases.push({
      title: `${name}, ${sides.join(' and ')}, stdevs ${stdevs}`,
      cells: [...cells].map(([key, gradients]) => {
        const [side, k] = key.split(' ') as ['source' | 'target', string];
        return { actual: result[side]?.data[Number(k)] ?? Number.NaN, gradients };
      }),
    });
    tiny.dispose();
  }
  return cases;
}

/** Holds a method to a formula of the gradients of the samples of one number. */
export async function assertNoisy(method: Method, formula: (gradients: number[]) => number): Promise<void> {
  for (const { title, cells } of await noisyCases(method)) {
    const expected = cells.map(({ gradients }) => formula(gradients));
    const largest = Math.max(...expected.map(Math.abs));
    assert.ok(largest > 0 && cells.length > 0, title);
    assert.equal(cells[0].gradients.length, SAMPLES, title);
    cells.forEach(({ actual }, k) => {
      assert.ok(Math.abs(actual - expected[k]) <= 2e-5 * largest, `${title}: ${k}: ${actual} is not ${expected[k]}`);
    });
  }
}

export const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
