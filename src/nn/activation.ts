/** Activation functions, named as in Hugging Face's configs, each with its derivative. */

import { type Tensor2D, tf } from '../tensors/tf.ts';
import { multiplySaved, type Run, type Value } from './run.ts';

/** The value of a function, and its derivative, made from the same intermediate results where it is wanted. */
interface Evaluated {
  value: Tensor2D;
  derivative: () => Tensor2D;
}

type Activation = (x: Tensor2D) => Evaluated;

/** x * gate(x), by the gate and its derivative. */
const gated = (x: Tensor2D, gate: Tensor2D, gateSlope: (value: Tensor2D) => Tensor2D): Evaluated => {
  const value = tf.mul<Tensor2D>(x, gate);
  return { value, derivative: () => tf.add(gate, gateSlope(value)) };
};

/** x * sigmoid(slope * x); slope 1: SiLU. */
const sigmoidGated =
  (slope: number): Activation =>
  (x) => {
    const gate = tf.sigmoid<Tensor2D>(slope === 1 ? x : tf.mul(x, slope));
    // x * gate' = slope * value * (1 - gate)
    return gated(x, gate, (value) => tf.mul(tf.sub(value, tf.mul(value, gate)), slope));
  };

const TWICE_SQRT_2_OVER_PI = 2 * Math.sqrt(2 / Math.PI);
const CUBIC = 0.044715 * TWICE_SQRT_2_OVER_PI;

/** The approximation of Hendrycks & Gimpel 2016 (arXiv:1606.08415), whose (1 + tanh(u)) / 2 is sigmoid(2u). */
const geluTanh: Activation = (x) => {
  const square = tf.square(x);
  const gate = tf.sigmoid<Tensor2D>(tf.mul(x, tf.add(tf.mul(square, CUBIC), TWICE_SQRT_2_OVER_PI)));
  return gated(x, gate, (value) => {
    const innerSlope = tf.add(tf.mul(square, 3 * CUBIC), TWICE_SQRT_2_OVER_PI);
    return tf.mul(tf.sub(value, tf.mul(value, gate)), innerSlope);
  });
};

/** x times the Gaussian distribution function. */
const geluErf: Activation = (x) => {
  const gate = tf.mul<Tensor2D>(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
  return gated(x, gate, () => {
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.mul(x, density);
  });
};

/** Functions whose modules DeepLIFT's rescale rule covers in Captum. */
const RESCALED: ReadonlySet<string> = new Set(['relu', 'sigmoid', 'tanh']);

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: geluErf,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  quick_gelu: sigmoidGated(1.702),
  relu: (x) => ({ value: tf.relu(x), derivative: () => tf.step(x) }),
  silu: sigmoidGated(1),
  swish: sigmoidGated(1),
  sigmoid: (x) => {
    const value = tf.sigmoid(x);
    return { value, derivative: () => tf.sub(value, tf.square(value)) };
  },
  tanh: (x) => {
    const value = tf.tanh(x);
    return { value, derivative: () => tf.sub(1, tf.square(value)) };
  },
};

/** Names that a config's activation field may have. */
export const ACTIVATION_NAMES: readonly string[] = Object.keys(ACTIVATIONS);

/**
 * The activation `kind` of x. In a run with `rescale`, functions that Captum covers by the rescale rule of DeepLIFT
 * (Shrikumar et al. 2017, arXiv:1704.02685) pull back the difference quotient to the baseline segment.
 * @throws {RangeError} when the name is not known.
 */
export function activation(run: Run, x: Value, kind: string): Value {
  const known = ACTIVATIONS[kind];
  if (known === undefined) {
    throw new RangeError(`activation function "${kind}" is not known; known are ${ACTIVATION_NAMES.join(', ')}`);
  }
  const { value, derivative } = known(x.tensor);
  return run.apply([x], value, x.rows, () => {
    let slope = derivative();
    if (run.options.rescale === true && RESCALED.has(kind)) slope = rescaleRule(x.tensor, value, slope);
    run.keep(slope);
    return ([dy]) => [dy && multiplySaved(dy, slope)];
  });
}

/** Below this difference of inputs Captum's rule falls back to the derivative. */
const RESCALE_EPSILON = 1e-10;

/** Difference quotients between the two halves of the rows (inputs, then baselines), for both halves. */
function rescaleRule(x: Tensor2D, y: Tensor2D, derivative: Tensor2D): Tensor2D {
  const [inputs, baselines] = tf.split(x, 2, 0);
  const [outputs, references] = tf.split(y, 2, 0);
  const once = tf.sub(inputs, baselines);
  const difference = tf.concat2d([once, once] as Tensor2D[], 0);
  const change = tf.sub(outputs, references);
  const quotient = tf.divNoNan(tf.concat2d([change, change] as Tensor2D[], 0), difference);
  return tf.where(tf.less(tf.abs(difference), RESCALE_EPSILON), derivative, quotient) as Tensor2D;
}
