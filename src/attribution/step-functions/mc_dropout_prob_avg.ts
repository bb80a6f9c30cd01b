/**
 * Monte Carlo dropout (Gal and Ghahramani 2016): the generated token's probability under n networks that dropout
 * draws at random, all steps from one pass each. The original prediction is always made without dropout; Inseq 0.7.1
 * leaves its model in training mode after the first step.
 *
 * Two estimands. `z_score` is what Inseq computes, (p - mean) / standard deviation of the draws; `mean` is what its
 * documentation describes, the average of the draws. A model without dropout has no deviation: its z-score is 0 / 0,
 * reported as null. As attributed function the drawn networks are frozen, the same for every input, and the gradient
 * goes through all of them.
 */

import { Type } from 'typebox';
import { asConstant } from '../../tensors/ops.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../tensors/tf.ts';
import { AttributionError } from '../errors.ts';
import { defineStepFunction, type Ensemble, type Scorer, type StepContext, type StepRows } from '../step-function.ts';
import { LOGPROB, rowsOf } from './parts/contrast.ts';
import { logProbability } from './parts/logits.ts';

const mcDropoutProbAvg = defineStepFunction({
  id: 'mc_dropout_prob_avg',
  name: 'Monte Carlo dropout probability',
  description:
    "The generated token's probability against its draws under dropout: how many standard deviations it lies above " +
    'their mean (z_score, no unit), or that mean.',
  paper: {
    title: 'Dropout as a Bayesian Approximation: Representing Model Uncertainty in Deep Learning',
    url: 'https://arxiv.org/abs/1506.02142',
  },
  argsSchema: Type.Object(
    {
      ...LOGPROB,
      n_mcd_steps: Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: 10,
        description: 'Draws of the network (Inseq 0.4.0: 10, 0.7.1: 5). A z-score needs 2.',
      }),
      estimand: Type.Union([Type.Literal('z_score'), Type.Literal('mean')], {
        default: 'z_score',
        description: 'z_score: (p - mean) / standard deviation of the draws. mean: their mean.',
      }),
    },
    { additionalProperties: false },
  ),
  differentiable: true,
  passes: {
    runs: ['+', 'n_mcd_steps', ['is', 'estimand', 'z_score']],
    attributed: 1, // whether the model has dropout at all
    scored: 'n_mcd_steps', // a model without dropout is run less often
    most: true,
  },
  spanAggregation: 'prod',

  async prepare(context, args) {
    const { n_mcd_steps: samples, estimand, logprob } = args;
    if (estimand === 'z_score' && samples < 2) {
      const message = `n_mcd_steps is ${samples}, but a standard deviation needs at least 2 draws`;
      throw new AttributionError('invalid_argument', message, '/n_mcd_steps');
    }
    const probability: Scorer = (rows) => {
      const logs = logProbability(rows.logits, rows.targets);
      return logprob ? logs : tf.exp(logs);
    };
    if (context.role === 'attribute') return attributed(context, probability, samples, estimand);
    const draws = await context.noisyScores(samples, probability);
    const { mean, deviation } = moments(draws.scores, context.targets.length);
    // Draws of a model without dropout differ by rounding at most: their deviation is 0, whatever the sum says.
    if (!draws.noisy) deviation.fill(0);
    const means = context.keep(tf.tensor1d(mean));
    if (estimand === 'mean') return (rows) => rowsOf(means, rows);
    const scales = context.keep(tf.tensor1d(deviation.map((value) => (value === 0 ? Number.NaN : 1 / value))));
    return (rows): Tensor1D => tf.mul(tf.sub(probability(rows), rowsOf(means, rows)), rowsOf(scales, rows));
  },
});

type Estimand = 'z_score' | 'mean';

/** The estimand as a function of the input, with frozen networks. */
async function attributed(
  context: StepContext,
  probability: Scorer,
  samples: number,
  estimand: Estimand,
): Promise<Ensemble> {
  const { noisy } = await context.noisyScores(1, probability);
  if (!noisy) {
    throw new AttributionError(
      'no_dropout',
      'the model has no dropout, so all draws are the same: attribute "probability" instead',
    );
  }
  const noisyVariants = context.noisyVariants(samples);
  const stacked = (logits: readonly Tensor2D[], rows: Omit<StepRows, 'logits'>): Tensor2D =>
    tf.stack(logits.map((variant) => probability({ ...rows, logits: variant }))) as Tensor2D;
  if (estimand === 'mean') {
    return { variants: noisyVariants, score: (logits, rows) => tf.mean(stacked(logits, rows), 0) };
  }
  return {
    variants: [{ options: () => ({}) }, ...noisyVariants],
    score([clean, ...noisy], rows) {
      const draws = stacked(noisy, rows);
      // The z-score has no unit: squares of tiny probabilities would leave float32's range.
      const unit = asConstant(draws, (values) => tf.max(tf.abs(values), 0));
      const scaled = tf.div(draws, unit);
      const mean = tf.mean(scaled, 0);
      const variance = tf.div(tf.sum(tf.square(tf.sub(scaled, mean)), 0), samples - 1);
      return tf.div(tf.sub(tf.div(probability({ ...rows, logits: clean }), unit), mean), tf.sqrt(variance));
    },
  };
}

/** Mean and standard deviation (unbiased) of each step's draws; `draws` is [samples, steps], row-major. */
export function moments(draws: Float32Array, steps: number): { mean: Float32Array; deviation: Float32Array } {
  const samples = draws.length / steps;
  const mean = new Float32Array(steps);
  const deviation = new Float32Array(steps);
  for (let t = 0; t < steps; t++) {
    let sum = 0;
    for (let s = 0; s < samples; s++) sum += draws[s * steps + t];
    const center = sum / samples;
    let squares = 0;
    for (let s = 0; s < samples; s++) squares += (draws[s * steps + t] - center) ** 2;
    mean[t] = center;
    deviation[t] = Math.sqrt(squares / (samples - 1));
  }
  return { mean, deviation };
}

export default mcDropoutProbAvg;
