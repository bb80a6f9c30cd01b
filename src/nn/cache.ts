/** Keys and values of earlier positions: kept, copied, grown and freed. */

import { type Tensor, tf } from '../tensors/tf.ts';

interface KeysAndValues {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/**
 * Keys and values of one text by attention block: each [segments, positions, kv heads * head_dim], of which the last
 * positions may be room for later ones.
 */
export type KeyValueCache = Map<string, KeysAndValues>;

/** Keys and values of every block, as tensors that outlive the run; `disposeCache` frees them. */
export function cloneCache(cache: KeyValueCache): KeyValueCache {
  const clone: KeyValueCache = new Map();
  for (const [name, { keys, values }] of cache) {
    clone.set(name, { keys: tf.keep(keys.clone()), values: tf.keep(values.clone()) });
  }
  return clone;
}

/** Frees the keys and values of the blocks `names`, or of all. */
export function disposeCache(cache: KeyValueCache, names: Iterable<string> = [...cache.keys()]): void {
  for (const name of names) {
    const entry = cache.get(name);
    entry?.keys.dispose();
    entry?.values.dispose();
    cache.delete(name);
  }
}

/** Replaces a block's keys and values by what `change` makes of each, and frees the old ones. */
export function changeEntry(cache: KeyValueCache, name: string, change: (tensor: Tensor) => Tensor): void {
  const entry = cache.get(name);
  if (entry === undefined) return;
  const { keys, values } = entry;
  storeEntry(cache, name, { keys: change(keys), values: change(values) });
  keys.dispose();
  values.dispose();
}

/** Takes keys and values into the cache, where they outlive the run. */
export function storeEntry(cache: KeyValueCache, name: string, { keys, values }: KeysAndValues): void {
  cache.set(name, { keys: tf.keep(keys.clone()), values: tf.keep(values.clone()) });
}

/** Positions that a cache grows by at least. */
const LEAST_ROOM = 32;

/** The tensor [segments, positions, width] with room for as many positions again, so that growing costs little. */
export function withRoom(tensor: Tensor): Tensor {
  return tf.pad(tensor, [
    [0, 0],
    [0, Math.max(LEAST_ROOM, tensor.shape[1] as number)],
    [0, 0],
  ]);
}
