/** Training tests run on tfjs's plain JavaScript backend: it is everywhere, and its results are the same everywhere. */
import '@tensorflow/tfjs';
import { tf } from '../../src/tensors/tf.ts';

await tf.setBackend('cpu');

/** Asserts that two tensors agree within `tolerance` of the largest value. */
export function assertClose(actual: tf.Tensor, expected: tf.Tensor, tolerance = 1e-4): void {
  const [error, scale] = tf.tidy(() => [
    actual.sub(expected).abs().max().dataSync()[0],
    expected.abs().max().dataSync()[0],
  ]);
  if (!(error <= tolerance * Math.max(scale, 1e-6)))
    throw new Error(`off by ${error} where the largest value is ${scale}`);
}
