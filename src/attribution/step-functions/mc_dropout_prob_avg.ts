import { Type } from 'typebox';
import { type Tensor1D, tf } from '../../tensors/tf.ts';
import { LOGPROB, rowsOf } from '../contrast.ts';
import { AttributionError } from '../errors.ts';
import { logProbability } from '../logits.ts';
import type { Scorer, StepFunction } from '../step-function.ts';

/**
 * Monte Carlo dropout (Gal and Ghahramani 2016): the generated token's probability under n networks that dropout
 * draws at random, all steps from one pass each. The original prediction is always made without dropout; Inseq 0.7.1
 * leaves its model in training mode after the first step.
 *
 * Two estimands. `z_score` is what Inseq computes, (p - mean) / standard deviation of the draws; `mean` is what its
 * documentation describes, the average of the draws. A model without dropout has no deviation: its z-score is 0 / 0,
 * reported as null. As attributed function the z-score's mean and deviation are constants; a mean of draws does not
 * depend on the prediction that is attributed, and is refused.
 */
const mcDropoutProbAvg: StepFunction = {
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
      estimand: Type.Unsafe<Estimand>({
        ...Type.Union([Type.Literal('z_score'), Type.Literal('mean')]),
        default: 'z_score',
        description: 'z_score: (p - mean) / standard deviation of the draws. mean: their mean.',
      }),
    },
    { additionalProperties: false },
  ),
  differentiable: true,
  spanAggregation: 'prod',

  async prepare(context, args) {
    const samples = Number(args.n_mcd_steps);
    const estimand: Estimand = args.estimand === 'mean' ? 'mean' : 'z_score';
    refuse(context.role, estimand, samples);
    const probability: Scorer = (rows) => {
      const logs = logProbability(rows.logits, rows.targets);
      return args.logprob === true ? logs : tf.exp(logs);
    };
    const draws = await context.noisyScores(samples, probability);
    const { mean, deviation } = moments(draws.scores, context.targets.length);
    if (context.role === 'attribute' && !draws.noisy) {
      throw new AttributionError('no_dropout', 'the model has no dropout: its z-score is 0 / 0 and has no gradient');
    }
    // Draws of a model without dropout differ by rounding at most: their deviation is 0, whatever the sum says.
    if (!draws.noisy) deviation.fill(0);
    const means = context.keep(tf.tensor1d(mean));
    if (estimand === 'mean') return (rows) => rowsOf(means, rows);
    const scales = context.keep(tf.tensor1d(deviation.map((value) => (value === 0 ? Number.NaN : 1 / value))));
    return (rows): Tensor1D => tf.mul(tf.sub(probability(rows), rowsOf(means, rows)), rowsOf(scales, rows));
  },
};

export type Estimand = 'z_score' | 'mean';

function refuse(role: 'score' | 'attribute', estimand: Estimand, samples: number): void {
  if (estimand === 'z_score' && samples < 2) {
    const message = `n_mcd_steps is ${samples}, but a standard deviation needs at least 2 draws`;
    throw new AttributionError('invalid_argument', message, '/n_mcd_steps');
  }
  if (role === 'attribute' && estimand === 'mean') {
    const message =
      'estimand "mean" does not depend on the prediction that is attributed: attribute "z_score", or ask for the mean ' +
      'in step_scores';
    throw new AttributionError('invalid_argument', message, '/estimand');
  }
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
