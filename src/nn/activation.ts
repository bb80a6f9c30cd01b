/** Activation functions, named as in Hugging Face's configs, each with its derivative. */

import { type Tensor2D, tf } from '../tensors/tf.ts';
import { lookUp, type Run, type Value } from './run.ts';

interface Activation {
  value(x: Tensor2D): Tensor2D;
  /** The derivative at x, where y is the value there. */
  derivative(x: Tensor2D, y: Tensor2D): Tensor2D;
  /** True for the functions whose modules DeepLIFT's rescale rule covers in Captum. */
  rescaled?: boolean;
}

const SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);

/** tanh's argument in the approximation of Hendrycks & Gimpel 2016 (arXiv:1606.08415). */
const geluInner = (x: Tensor2D): Tensor2D =>
  tf.mul(tf.mul(x, tf.add(tf.mul(tf.square(x), 0.044715), 1)), SQRT_2_OVER_PI);

const geluTanh: Activation = {
  value: (x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(geluInner(x)), 1)),
  derivative: (x) => {
    const tanh = tf.tanh(geluInner(x));
    const slope = tf.mul(tf.add(tf.mul(tf.square(x), 3 * 0.044715), 1), SQRT_2_OVER_PI);
    const curved = tf.mul(tf.mul(x, slope), tf.sub(1, tf.square(tanh)));
    return tf.mul(tf.add(tf.add(tanh, 1), curved), 0.5);
  },
};

/** The Gaussian distribution function. */
const normalCdf = (x: Tensor2D): Tensor2D => tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);

const geluErf: Activation = {
  value: (x) => tf.mul(x, normalCdf(x)),
  derivative: (x) => {
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.add(normalCdf(x), tf.mul(x, density));
  },
};

const sigmoidGated = (slope: number): Activation => ({
  value: (x) => tf.mul(x, tf.sigmoid(tf.mul(x, slope))),
  derivative: (x, y) => {
    const gate = tf.sigmoid(tf.mul(x, slope));
    return tf.add(gate, tf.mul(tf.mul(y, slope), tf.sub(1, gate)));
  },
});

const relu: Activation = {
  value: (x) => tf.relu(x),
  derivative: (x) => tf.step(x),
  rescaled: true,
};

const ACTIVATIONS: Readonly<Record<string, Activation>> = {
  gelu: geluErf,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  quick_gelu: sigmoidGated(1.702),
  relu,
  silu: sigmoidGated(1),
  swish: sigmoidGated(1),
  sigmoid: {
    value: (x) => tf.sigmoid(x),
    derivative: (_x, y) => tf.mul(y, tf.sub(1, y)),
    rescaled: true,
  },
  tanh: {
    value: (x) => tf.tanh(x),
    derivative: (_x, y) => tf.sub(1, tf.square(y)),
    rescaled: true,
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
  const output = known.value(x.tensor);
  return run.apply([x], output, x.rows, () => {
    let slope = known.derivative(x.tensor, output);
    if (run.options.rescale === true && known.rescaled === true) slope = rescaleRule(x.tensor, output, slope);
    run.keep(slope);
    return ([dy]) => [dy && { tensor: tf.mul(dy.tensor, lookUp(slope, dy.rows)), rows: dy.rows }];
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
