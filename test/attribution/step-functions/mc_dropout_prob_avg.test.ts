import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { DropoutMasks } from '../../../src/attribution/passes/dropout.ts';
import mcDropout, { moments } from '../../../src/attribution/step-functions/mc_dropout_prob_avg.ts';
import { Random } from '../../../src/random.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { dropoutMask } from '../../../src/tensors/dropout-mask.ts';
import { disableKernels } from '../../../src/tensors/kernels.ts';
import { type Tensor2D, tf } from '../../../src/tensors/tf.ts';
import { BACKENDS } from '../../support/backends.ts';
import { assertClose, mcDropout as golden } from '../../support/goldens.ts';
import { completedArgs, decoderSequence, loadTiny, sequenceScores, type TinyModel } from '../tiny-model.ts';

const POINTER = '/step_scores/0/args';
const file = golden('gpt2-tiny');

const call = (args: Record<string, unknown>) => ({
  fn: mcDropout,
  args: completedArgs(mcDropout.argsSchema, args),
  pointer: POINTER,
});

describe('the z-score', () => {
  for (const { n_mcd_steps: samples, logprob, draws, step_scores: scores } of file.runs) {
    it(`of ${samples} recorded draws${logprob ? ', logarithms,' : ''} is the reference library's`, () => {
      const actual = draws.map(({ original, noisy }) => {
        const { mean, deviation } = moments(Float32Array.from(noisy), 1);
        return (original - mean[0]) / deviation[0];
      });
      assertClose(actual, scores.mc_dropout_prob_avg, { rtol: 2e-4, atol: 1e-5 }, 'z-scores');
    });
  }
});

describe('dropout masks', () => {
  before(() => startBackend('tensorflow'));

  it('are the same on every backend', async () => {
    for (const key of [0, 1, 77, 2 ** 31, 2 ** 32 - 1]) {
      const native = dropoutMask([3, 700, 101], 0.1, key).dataSync();
      const restore = disableKernels();
      assert.deepEqual(dropoutMask([3, 700, 101], 0.1, key).dataSync(), native);
      restore();
    }
  });

  it('of different keys have nothing in common', () => {
    const rate = 0.3;
    const count = 200_000;
    const masks = [0, 1, 2, 2 ** 31].map((key) => dropoutMask([count], rate, key).dataSync());
    for (const [i, one] of masks.entries()) {
      for (const other of masks.slice(0, i)) {
        let both = 0;
        for (let k = 0; k < count; k++) if (one[k] === 0 && other[k] === 0) both += 1;
        const error = Math.sqrt((rate ** 2 * (1 - rate ** 2)) / count);
        assert.ok(Math.abs(both / count - rate ** 2) < 4 * error, `${both} of ${count}`);
      }
    }
  });

  for (const rate of [0.1, 0.5, 0.9]) {
    it(`drop entries independently at rate ${rate}`, () => {
      const masks = new DropoutMasks(new Random(7));
      const count = 200_000;
      const mask = masks.draw([400, count / 400], rate).dataSync();
      const dropped = Array.from(mask).filter((value) => value === 0).length;
      const error = Math.sqrt((rate * (1 - rate)) / count);
      assert.ok(Math.abs(dropped / count - rate) < 4 * error, `${dropped} of ${count}`);
      // Neighbours that are both dropped: rate squared, if draws are independent.
      let pairs = 0;
      for (let i = 1; i < count; i++) if (mask[i] === 0 && mask[i - 1] === 0) pairs++;
      assert.ok(Math.abs(pairs / count - rate ** 2) < 6 * error, `${pairs} pairs of ${count}`);
      const kept = mask.find((value) => value !== 0) ?? 0;
      assert.ok(Math.abs(kept - 1 / (1 - rate)) < 1e-5);
      assert.ok(masks.drawn > 0);
    });
  }
});

for (const backend of BACKENDS) {
  describe(`draws of gpt2-tiny on ${backend}`, () => {
    let tiny: TinyModel;
    before(async () => {
      await startBackend(backend);
      tiny = await loadTiny('gpt2-tiny');
    });
    after(() => tiny.dispose());
    const sequence = () => decoderSequence(tiny.tokenizer, file.input_texts, file.generated_texts);

    it('have the mean and the deviation of 2,000 passes of the reference library', async () => {
      const samples = 2000;
      // Deviations are up to 20 times the mean: one draw in 2,000 may double it. The median of three runs does not mind.
      const runs = { mean: [] as Float32Array[], z_score: [] as Float32Array[] };
      for (const seed of [1, 2, 3]) {
        const scores = sequenceScores(tiny, sequence(), seed);
        for (const estimand of ['mean', 'z_score'] as const) {
          runs[estimand].push(await scores.score(call({ n_mcd_steps: samples, estimand })));
        }
        scores.dispose();
      }
      const median = (values: Float32Array[], t: number) => values.map((run) => run[t]).sort((a, b) => a - b)[1];
      file.statistics.steps.forEach((step, t) => {
        // Both sides are samples of 2,000: the standard error of their difference is sqrt(2) of one's.
        const error = Math.SQRT2 * step.standard_error_of_mean;
        const mean = median(runs.mean, t);
        assert.ok(Math.abs(mean - step.mean) < 4.5 * error, `step ${t}: mean ${mean}, expected ${step.mean}`);
        // With the original in evaluation mode. Draws are heavy-tailed: a deviation of 2,000 is good to a tenth or so.
        const slack = 0.3 * Math.abs(step.expected_score) + 4.5 * Math.sqrt(2 / samples);
        const z = median(runs.z_score, t);
        assert.ok(Math.abs(z - step.expected_score) < slack, `step ${t}: ${z}, expected ${step.expected_score}`);
      });
    });

    it('depend on the seed and on nothing else', async () => {
      const run = async (seed: number) => {
        const scores = sequenceScores(tiny, sequence(), seed);
        const values = await scores.score(call({}));
        scores.dispose();
        return values;
      };
      assert.deepEqual(await run(5), await run(5));
      assert.notDeepEqual(await run(5), await run(6));
    });

    it('are all alike without dropout: no z-score, and the probability as mean', async () => {
      const still = await loadTiny('gpt2-tiny', { resid_pdrop: 0, embd_pdrop: 0, attn_pdrop: 0 });
      const scores = sequenceScores(still, sequence());
      const z = await scores.score(call({ n_mcd_steps: 5 }));
      assertClose(z, file.dropout_zero.mc_dropout_prob_avg, { atol: 1e-12 }, 'dropout off');
      const mean = await scores.score(call({ n_mcd_steps: 5, estimand: 'mean' }));
      file.statistics.steps.forEach(({ original }, t) => {
        assert.ok(Math.abs(mean[t] - original) < 1e-3 * original, `step ${t}: ${mean[t]}, expected ${original}`);
      });
      await assert.rejects(scores.objective({ ...call({}), pointer: '/attributed_fn/args' }, true), /no dropout/);
      scores.dispose();
      still.dispose();
    });

    for (const estimand of ['z_score', 'mean']) {
      it(`attributed, ${estimand}: the gradient is that of the frozen draws`, async () => {
        const tensors = tf.memory().numTensors;
        const scores = sequenceScores(tiny, sequence());
        const { passes } = scores;
        const objective = await scores.objective(call({ n_mcd_steps: 4, estimand, logprob: true }), true);
        const random = new Random(11);
        const { shape } = passes.targetFeatures;
        const direction = tf.tensor2d(
          Float32Array.from({ length: shape[0] * shape[1] }, () => random.normal()),
          shape,
        );
        // The slope along one direction, from the gradients of each step's prefix.
        const slopes = new Float64Array(passes.steps);
        const wanted = { source: false, target: true };
        await objective.gradients(passes.clean, wanted, async ({ target, columnStart, columns }) => {
          const gradient = (target as Tensor2D).dataSync();
          const along = direction.dataSync();
          let row = 0;
          for (let t = columnStart; t < columnStart + columns; t++) {
            for (let cell = 0; cell < (passes.read[t] + 1) * shape[1]; cell++) {
              slopes[t] += gradient[row * shape[1] + cell] * along[cell];
            }
            row += passes.read[t] + 1;
          }
        });
        const h = 2e-3;
        const moved = (by: number): Tensor2D => tf.tidy(() => tf.add(passes.targetFeatures, tf.mul(direction, by)));
        // Both points in one batch: the draws are the same for every copy.
        const target = tf.tidy(() => tf.concat2d([moved(h), moved(-h)], 0));
        const values = await objective.evaluate({ segments: 2, source: null, target });
        const largest = Math.max(...slopes.map(Math.abs));
        slopes.forEach((slope, t) => {
          const expected = (values[t] - values[passes.steps + t]) / (2 * h);
          assert.ok(Math.abs(slope - expected) < 0.02 * largest, `step ${t}: ${slope}, expected ${expected}`);
        });
        assert.ok(largest > 0);
        scores.dispose();
        direction.dispose();
        target.dispose();
        assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
      });
    }

    it('attributed by occlusion: the drop of the frozen score at every later step', async () => {
      const scores = sequenceScores(tiny, sequence());
      const { passes } = scores;
      const objective = await scores.objective(call({ n_mcd_steps: 3, estimand: 'mean' }), false);
      const replacement = tf.zerosLike(passes.targetFeatures);
      const units = [2, 9].map((start) => ({ start, end: start + 1 }));
      const { replaced } = await objective.replaceTarget(units, replacement, async () => {});
      for (const [s, position] of [2, 9].entries()) {
        const keep = tf.tensor2d(
          Array.from({ length: passes.length }, (_, p) => [p === position ? 0 : 1]),
          [passes.length, 1],
        );
        const target = tf.mul(passes.targetFeatures, keep) as Tensor2D;
        const expected = await objective.evaluate({ segments: 1, source: null, target });
        expected.forEach((value, t) => {
          const score = replaced[s * passes.steps + t];
          if (passes.read[t] < position) assert.ok(Number.isNaN(score));
          else assert.ok(Math.abs(score - value) <= 1e-4 * Math.abs(value) + 1e-9, `step ${t}: ${score}, not ${value}`);
        });
      }
      scores.dispose();
    });

    it('refuse what has no meaning', async () => {
      const scores = sequenceScores(tiny, sequence());
      await assert.rejects(scores.score(call({ n_mcd_steps: 1 })), { pointer: `${POINTER}/n_mcd_steps` });
      await assert.rejects(scores.objective(call({ n_mcd_steps: 10_000 }), true), {
        code: 'too_large',
        message: /10001 runs' logits of 9 steps need \d+ MB and 256 MB are allowed/,
      });
      scores.dispose();
    });
  });
}
