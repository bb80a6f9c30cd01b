/** An activation function as a block of a model, with the rescale rule of DeepLIFT where a run asks for it. */

import { type Tensor2D, tf } from '../tensors/tf.ts';
import { ACTIVATION_FUNCTIONS, type Quotient } from './activation-functions.ts';
import { multiplySaved, type Run, type Value } from './run.ts';

/** Names that a config's activation field may have. */
export const ACTIVATION_NAMES: readonly string[] = Object.keys(ACTIVATION_FUNCTIONS);

/**
 * The activation `kind` of x. In a run with `rescale`, functions that Captum covers by the rescale rule of DeepLIFT
 * (Shrikumar et al. 2017, arXiv:1704.02685) pull back the difference quotient to the baseline segment.
 * @throws {RangeError} when the name is not known.
 */
export function activation(run: Run, x: Value, kind: string): Value {
  const fn = ACTIVATION_FUNCTIONS[kind];
  if (fn === undefined) {
    throw new RangeError(`activation function "${kind}" is not known; known are ${ACTIVATION_NAMES.join(', ')}`);
  }
  const { value, derivative } = fn(x.tensor);
  return run.apply([x], value, x.rows, () => {
    const { quotient } = fn;
    const slope =
      quotient !== undefined && run.options.rescale === true
        ? rescaleRule(x.tensor, derivative(), quotient)
        : derivative();
    run.keep(slope);
    return ([dy]) => [dy && multiplySaved(dy, slope)];
  });
}

/** Below this difference of inputs Captum's rule falls back to the derivative. */
const RESCALE_EPSILON = 1e-10;

/** Difference quotients between the two halves of the rows (inputs, then baselines), for both halves. */
function rescaleRule(x: Tensor2D, derivative: Tensor2D, quotient: Quotient): Tensor2D {
  const [inputs, baselines] = tf.split(x, 2, 0) as Tensor2D[];
  const once = quotient(inputs, baselines);
  const difference = tf.abs<Tensor2D>(tf.sub(inputs, baselines));
  const both = (half: Tensor2D): Tensor2D => tf.concat2d([half, half], 0);
  return tf.where(tf.less(both(difference), RESCALE_EPSILON), derivative, both(once)) as Tensor2D;
}
