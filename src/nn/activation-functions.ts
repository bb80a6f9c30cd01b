/**
 * Activation functions by their names in Hugging Face's configs: those of transformers' ACT2FN that have no weights of
 * their own. Each gives its value, its derivative, and for DeepLIFT's rescale rule its difference quotient.
 */

import { gatedByKernel } from '../tensors/block-kernels.ts';
import { type Tensor2D, tf } from '../tensors/tf.ts';

/** The value of a function, and its derivative, computed from the same intermediate results where it is needed. */
interface Evaluated {
  value: Tensor2D;
  derivative: () => Tensor2D;
}

/** (f(a) - f(b)) / (a - b) without cancellation. Where a and b agree the result means nothing. */
export type Quotient = (a: Tensor2D, b: Tensor2D) => Tensor2D;

export interface ActivationFunction {
  (x: Tensor2D): Evaluated;
  /** Of functions whose modules Captum covers by the rescale rule. */
  quotient?: Quotient;
}

const withQuotient = (fn: ActivationFunction, quotient: Quotient): ActivationFunction =>
  Object.assign(fn, { quotient });

/** `inside` where x lies between the bounds, `outside` elsewhere. */
const between = (x: Tensor2D, low: number, high: number, inside: Tensor2D, outside: Tensor2D): Tensor2D =>
  tf.where(tf.logicalAnd(tf.greater(x, low), tf.less(x, high)), inside, outside) as Tensor2D;

/** x * sigmoid(linear * x + cubic * x³) */
const sigmoidGated =
  (linear: number, cubic = 0): ActivationFunction =>
  (x) => {
    const fused = gatedByKernel(x, { linear, cubic }, 'value');
    if (fused !== null) {
      return { value: fused, derivative: () => gatedByKernel(x, { linear, cubic }, 'derivative') as Tensor2D };
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

/** The Gaussian distribution function of (x - mean) / deviation, and its density. */
function gaussian(x: Tensor2D, mean = 0, deviation = 1): Evaluated {
  const z = mean === 0 && deviation === 1 ? x : tf.div(tf.sub(x, mean), deviation);
  const height = 1 / (deviation * Math.sqrt(2 * Math.PI));
  return {
    value: tf.mul(tf.add(tf.erf(tf.mul(z, Math.SQRT1_2)), 1), 0.5),
    derivative: () => tf.mul(tf.exp(tf.mul(tf.square(z), -0.5)), height),
  };
}

/** x times the Gaussian distribution function (Hendrycks & Gimpel 2016). */
const geluErf: ActivationFunction = (x) => {
  const { value: gate, derivative: density } = gaussian(x);
  return { value: tf.mul(x, gate), derivative: () => tf.add(gate, tf.mul(x, density())) };
};

/** `geluErf` cut off at 10 (arXiv:2004.09602); it never comes near -10. */
const clippedGelu: ActivationFunction = (x) => {
  const { value, derivative } = geluErf(x);
  const cut = 10;
  return {
    value: tf.minimum(value, cut),
    derivative: () => tf.where(tf.lessEqual(value, cut), derivative(), tf.zerosLike(x)) as Tensor2D,
  };
};

/** x * tanh(log(1 + eˣ)) (Misra 2019, arXiv:1908.08681) */
const mish: ActivationFunction = (x) => {
  const gate = tf.tanh<Tensor2D>(tf.softplus(x));
  return {
    value: tf.mul(x, gate),
    derivative: () => tf.add(gate, tf.mul(tf.mul(x, tf.sub(1, tf.square(gate))), tf.sigmoid(x))),
  };
};

/** x * relu6(x + 3) / 6 (Howard et al. 2019, arXiv:1905.02244) */
const hardswish: ActivationFunction = (x) => ({
  value: tf.mul(x, tf.div(tf.relu6(tf.add(x, 3)), 6)),
  derivative: () => between(x, -3, 3, tf.add(tf.div(x, 3), 0.5), tf.step(x)),
});

const sqrtSoftplus: ActivationFunction = (x) => {
  const value = tf.sqrt<Tensor2D>(tf.softplus(x));
  return { value, derivative: () => tf.div(tf.sigmoid(x), tf.mul(value, 2)) };
};

/** sigmoid(high) * sigmoid(-low) * (1 - exp(-d)) / d with d = high - low, which takes no difference of outputs. */
function sigmoidQuotient(a: Tensor2D, b: Tensor2D): Tensor2D {
  const high = tf.maximum<Tensor2D>(a, b);
  const low = tf.minimum<Tensor2D>(a, b);
  const difference = tf.sub<Tensor2D>(high, low);
  const t = tf.tanh<Tensor2D>(tf.div(difference, 2));
  // (1 - exp(-d)) / d, by 1 - exp(-d) = 2t / (1 + t)
  const mean = tf.divNoNan<Tensor2D>(tf.mul(t, 2), tf.mul(tf.add(t, 1), difference));
  return tf.mul(tf.mul(tf.sigmoid(high), tf.sigmoid(tf.neg(low))), mean);
}

/** Exactly 1 or 0 where both have one sign. */
const reluQuotient = (a: Tensor2D, b: Tensor2D): Tensor2D => tf.divNoNan(tf.sub(tf.relu(a), tf.relu(b)), tf.sub(a, b));

/** PyTorch's default. */
const LEAK = 0.01;

const leakyRelu: ActivationFunction = (x) => ({
  value: tf.leakyRelu(x, LEAK),
  derivative: () => tf.step(x, LEAK),
});

const sigmoid: ActivationFunction = (x) => {
  const value = tf.sigmoid(x);
  return { value, derivative: () => tf.sub(value, tf.square(value)) };
};

const tanh: ActivationFunction = (x) => {
  const value = tf.tanh(x);
  return { value, derivative: () => tf.sub(1, tf.square(value)) };
};

export const ACTIVATION_FUNCTIONS: Readonly<Record<string, ActivationFunction>> = {
  gelu: geluErf,
  gelu_python: geluErf,
  gelu_10: clippedGelu,
  gelu_new: geluTanh,
  gelu_fast: geluTanh,
  gelu_accurate: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  gelu_python_tanh: geluTanh,
  quick_gelu: sigmoidGated(1.702),
  silu: sigmoidGated(1),
  swish: sigmoidGated(1),
  mish,
  hardswish,
  relu: withQuotient((x) => ({ value: tf.relu(x), derivative: () => tf.step(x) }), reluQuotient),
  relu2: (x) => ({ value: tf.square(tf.relu(x)), derivative: () => tf.mul(tf.relu(x), 2) }),
  relu6: (x) => ({
    value: tf.relu6(x),
    derivative: () => between(x, 0, 6, tf.onesLike(x), tf.zerosLike(x)),
  }),
  leaky_relu: withQuotient(leakyRelu, (a, b) => tf.add(tf.mul(reluQuotient(a, b), 1 - LEAK), LEAK)),
  sigmoid: withQuotient(sigmoid, sigmoidQuotient),
  // tanh(x) = 2 sigmoid(2x) - 1
  tanh: withQuotient(tanh, (a, b) => tf.mul(sigmoidQuotient(tf.mul(a, 2), tf.mul(b, 2)), 4)),
  // The Gaussian distribution function that comes nearest to relu² (Ma et al. 2022, arXiv:2209.10655).
  // biome-ignore lint/suspicious/noApproximativeNumericConstant: the digits of transformers.
  laplace: (x) => gaussian(x, 0.707107, 0.282095),
  sqrtsoftplus: sqrtSoftplus,
  linear: (x) => ({ value: tf.clone(x), derivative: () => tf.onesLike(x) }),
};
