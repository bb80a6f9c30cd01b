/** AdamW (Kingma & Ba 2015; Loshchilov & Hutter 2019) with gradients clipped to a global norm and a cosine learning rate. */
import { tf } from '../src/tensors/tf.ts';
import type { Parameters } from './layers.ts';

export interface AdamOptions {
  learningRate: number;
  weightDecay: number;
  warmupSteps: number;
  totalSteps: number;
}

const BETA1 = 0.9;
const BETA2 = 0.98;
const EPSILON = 1e-8;
const CLIP = 1;

/** Linear warm-up, then half a cosine down to a fiftieth of the peak. */
export function learningRateAt(step: number, { learningRate, warmupSteps, totalSteps }: AdamOptions): number {
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const progress = Math.min(1, (step - warmupSteps) / Math.max(1, totalSteps - warmupSteps));
  return learningRate * (0.02 + 0.98 * 0.5 * (1 + Math.cos(Math.PI * progress)));
}

/** Returns the function that applies one step's gradients to the parameters. */
export function adam(parameters: Parameters, options: AdamOptions): (step: number, grads: tf.NamedTensorMap) => void {
  const zeros = (x: tf.Variable) => tf.variable(tf.zerosLike(x), false);
  const moments = Object.entries(parameters).map(([name, value]) => ({
    name,
    value,
    m: zeros(value),
    v: zeros(value),
  }));
  return (step, grads) =>
    tf.tidy(() => {
      const norm = tf.addN(moments.map(({ name }) => grads[name].square().sum())).sqrt();
      const clip = tf.minimum(1, tf.div(CLIP, norm.add(EPSILON)));
      const rate = learningRateAt(step, options);
      for (const { name, value, m, v } of moments) {
        const grad = grads[name].mul(clip);
        m.assign(m.mul(BETA1).add(grad.mul(1 - BETA1)));
        v.assign(v.mul(BETA2).add(grad.square().mul(1 - BETA2)));
        const denominator = v
          .div(1 - BETA2 ** (step + 1))
          .sqrt()
          .add(EPSILON);
        const update = m.div(1 - BETA1 ** (step + 1)).div(denominator);
        // Decay only matrices: pulling norms and biases to 0 helps nobody.
        const decay = value.rank > 1 ? options.weightDecay : 0;
        value.assign(value.mul(1 - rate * decay).sub(update.mul(rate)));
      }
    });
}
