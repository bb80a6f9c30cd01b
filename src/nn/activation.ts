/** Activation functions, named as in Hugging Face's configs, each with its derivative. */

import { gatedByKernel } from '../tensors/block-kernels.ts';
import { type Tensor2D, tf } from '../tensors/tf.ts';
import { multiplySaved, type Run, type Value } from './run.ts';

/** The value of a function, and its derivative, made from the same intermediate results where it is wanted. */
interface Evaluated {
  value: Tensor2D;
  derivative: () => Tensor2D;
}

type Activation = (x: Tensor2D) => Evaluated;

/** x * sigmoid(linear * x + cubic * x³) */
const sigmoidGated =
  (linear: number, cubic = 0): Activation =>
  (x) => {
    const wholly = gatedByKernel(x, { linear, cubic }, 'value');
    if (wholly !== null) {
      return { value: wholly, derivative: () => gatedByKernel(x, { linear, cubic }, 'derivative') as Tensor2D };
    }
    const square = cubic === 0 ? null : tf.square(x);
    const inner = square === null ? linear : tf.add(tf.mul(square, cubic), linear);
    const gate = tf.sigmoid<Tensor2D>(tf.mul(x, inner));
    const value = tf.mul<Tensor2D>(x, gate);
    return {
      value,
      derivative: () => {
        const slope = square === null ? linear : tf.add(tf.mul(square, 3 * cubic), linear);
        return tf.add(gate, tf.mul(tf.sub(value, tf.mul(value, gate)), slope));
      },
    };
  };

const TWICE_SQRT_2_OVER_PI = 2 * Math.sqrt(2 / Math.PI);

/** The approximation of Hendrycks & Gimpel 2016 (arXiv:1606.08415), whose (1 + tanh(u)) / 2 is sigmoid(2u). */
const geluTanh = sigmoidGated(TWICE_SQRT_2_OVER_PI, 0.044715 * TWICE_SQRT_2_OVER_PI);

/** x times the Gaussian distribution function. */
const geluErf: Activation = (x) => {
  const gate = tf.mul<Tensor2D>(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
  return {
    value: tf.mul(x, gate),
    derivative: () => {
      const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.add(gate, tf.mul(x, density));
    },
  };
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
