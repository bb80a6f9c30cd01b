/** What a computation leaves behind when it fails half-way. */

import { type Tensor, tf } from './tf.ts';

/** Tensors noted before those that are gone are dropped from the list. */
const COMPACT_AT = 20_000;

/**
 * Runs `body`; when it fails (a canceled job, a lack of memory), every tensor that it made is freed. Scopes do not do
 * this: what outlives a tidy, kept between micro-batches, belongs to nobody once its owner has thrown.
 * One at a time: tensors made by anything else meanwhile would be freed too.
 */
export async function freeOnFailure<T>(body: () => Promise<T>): Promise<T> {
  const engine = tf.engine() as unknown as { trackTensor(tensor: Tensor, backend: unknown): void };
  const track = engine.trackTensor;
  let made: Tensor[] = [];
  engine.trackTensor = function (this: typeof engine, tensor, backend) {
    if (made.length >= COMPACT_AT) made = made.filter(({ isDisposed }) => !isDisposed);
    made.push(tensor);
    track.call(this, tensor, backend);
  };
  try {
    return await body();
  } catch (error) {
    for (const tensor of made) if (!tensor.isDisposed) tensor.dispose();
    throw error;
  } finally {
    engine.trackTensor = track;
  }
}
