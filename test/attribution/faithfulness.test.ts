/** Soft metrics: what their masks do to the embeddings, and the numbers that follow where chance has no part. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type InputUnit, measureMetrics } from '../../src/attribution/faithfulness.ts';
import type { Objective } from '../../src/attribution/passes/objective.ts';
import { loadRegistries } from '../../src/attribution/registries.ts';
import { soloScores } from '../../src/attribution/solo.ts';
import { Random } from '../../src/random.ts';
import { read } from '../../src/tensors/read.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { decoderSequence, loadTiny, type TinyModel } from './tiny-model.ts';

const { metrics, stepFunctions } = await loadRegistries();
const PROMPT = 'A green garden';
const TEXT = `${PROMPT} sees the old town`;

let tiny: TinyModel;
before(async () => {
  tiny = await loadTiny('gpt2-tiny');
});
after(() => tiny.dispose());

/** A sequence's passes, and the probability of its tokens. */
async function scored() {
  const scores = soloScores({
    model: tiny.model,
    sequence: decoderSequence(tiny.tokenizer, PROMPT, TEXT),
    memoryBudget: 2 ** 28,
  });
  const fn = stepFunctions.get('probability');
  assert.ok(fn);
  const objective = await scores.objective({ fn, args: { logprob: false }, pointer: '' }, false);
  return { scores, passes: scores.passes, objective };
}

const unitsOf = (importance: number[]): InputUnit[] =>
  importance.map((value, at) => ({ side: 'target', start: at, end: at + 1, importance: [value] }));

function call(id: string, args: Record<string, unknown>) {
  const metric = metrics.get(id);
  assert.ok(metric);
  return { metric, args };
}

const quietly = async (): Promise<void> => {};

test('units of importance 1 and 0 are masked whole or not at all', async () => {
  const { scores, passes, objective } = await scored();
  using _ = scores;
  const calls = ['soft_comprehensiveness', 'soft_sufficiency'].map((id) => call(id, { samples: 1 }));
  const { measured, unchanged, copies } = await measureMetrics(
    calls,
    unitsOf([3, -5]),
    [{ passes, objective, clean: null }],
    new Random(1),
    quietly,
  );
  /** The mean score when the embeddings of some positions are 0. */
  const zeroed = async (positions: number[]): Promise<number> => {
    const { targetFeatures } = passes;
    const [length, width] = targetFeatures.shape;
    const kept = Float32Array.from({ length: length * width }, (_, k) =>
      positions.includes(Math.floor(k / width)) ? 0 : 1,
    );
    const target = tf.mul(targetFeatures, tf.tensor2d(kept, [length, width])) as Tensor2D;
    const values = await objective.evaluate({ segments: 1, source: null, target });
    target.dispose();
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const drop = async (positions: number[]): Promise<number> =>
    Math.max(0, (await zeroed([])) - (await zeroed(positions)));
  const most = await drop([0, 1]);
  assert.ok(most > 0);
  assert.ok(Math.abs(unchanged - (await zeroed([]))) < 1e-6);
  const [comprehensiveness, sufficiency] = measured;
  // Without the important unit; with it alone.
  assert.ok(Math.abs(Number(comprehensiveness.value) - (await drop([0])) / most) < 1e-5);
  assert.ok(Math.abs(Number(sufficiency.value) - (1 - (await drop([1])) / most)) < 1e-5);
  // By the random ranking the two are the same way round or the other.
  const either = [await drop([0]), await drop([1])].map((value) => value / most);
  assert.ok(either.some((value) => Math.abs(value - Number(comprehensiveness.random)) < 1e-5));
  assert.equal(copies, 5, 'two masks, their random twins and the zeroed text');
});

test('masks keep each number of an embedding by the importance of its unit, and touch nothing else', async () => {
  const { scores, passes } = await scored();
  using _ = scores;
  const [length, width] = passes.targetFeatures.shape;
  const clean = await read(() => passes.targetFeatures.clone());
  const seen: Float32Array[] = [];
  const objective: Pick<Objective, 'evaluate'> = {
    async evaluate({ segments, target }) {
      const values = await read(() => target.clone());
      for (let s = 0; s < segments; s++) seen.push(values.slice(s * length * width, (s + 1) * length * width));
      return new Float32Array(segments * passes.steps);
    },
  };
  const samples = 50;
  const units = unitsOf([1, 0.25, 0]);
  const measure = (seed: number) =>
    measureMetrics(
      [call('soft_sufficiency', { samples })],
      units,
      [{ passes, objective: objective as Objective, clean: null }],
      new Random(seed),
      quietly,
    );
  await measure(1);
  /** The share of an embedding that copies keep; what is not 0 is as it was. */
  const kept = (copies: Float32Array[], position: number): number => {
    let count = 0;
    for (const copy of copies) {
      for (let d = position * width; d < (position + 1) * width; d++) {
        if (copy[d] !== 0) {
          assert.equal(copy[d], clean[d]);
          count += 1;
        }
      }
    }
    return count / (copies.length * width);
  };
  // The text as it is, the masks by importance, the zeroed text, and the random twins.
  const [masked, zeroed, twins] = [
    seen.slice(1, samples + 1),
    seen.slice(samples + 1, samples + 2),
    seen.slice(samples + 2),
  ];
  assert.equal(seen.length, 1 + samples + 1 + samples);
  assert.equal(kept(seen.slice(0, 1), 1), 1);
  assert.equal(kept(masked, 0), 1);
  assert.equal(kept(masked, 2), 0);
  const share = kept(masked, 1);
  const deviation = Math.sqrt((0.25 * 0.75) / (samples * width));
  assert.ok(Math.abs(share - 0.25) < 5 * deviation, `${share}`);
  assert.notDeepEqual(masked[0], masked[1], 'each mask is drawn anew');
  assert.deepEqual(
    units.map((_unit, at) => kept(zeroed, at)),
    [0, 0, 0],
  );
  assert.equal(kept(seen, 3), 1, 'what is no unit stays');
  const shares = units.map((_unit, at) => kept(twins, at)).sort();
  assert.deepEqual([shares[0], shares[2]], [0, 1]);
  const before = seen.splice(0);
  await measure(1);
  assert.deepEqual(seen, before, 'the same seed draws the same masks');
  seen.length = 0;
  await measure(2);
  assert.notDeepEqual(seen, before);
});
