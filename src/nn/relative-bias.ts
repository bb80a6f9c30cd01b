/** Relative position bias (Raffel et al. 2020, arXiv:1910.10683, section 2.1): a learned number a head and distance. */

import { type Tensor, type Tensor2D, tf } from '../tensors/tf.ts';
import { indexTensor, type Part } from './rows.ts';

export interface RelativeBias {
  /** Distinguishes the biases of one model. */
  readonly name: string;
  /** [buckets, heads] */
  readonly table: Tensor2D;
  /** Keys before and after the query have buckets of their own (encoders); else only those before it count. */
  readonly bidirectional: boolean;
  /** Distances from here on share the last bucket. */
  readonly maxDistance: number;
}

/** The bias of a part's queries to `keys` positions: [1 or segments, heads, queries, keys]; lives with the part. */
export function relativeBias(part: Part, keys: number, bias: RelativeBias): Tensor {
  return part.cache.get(`${bias.name}-${keys}`, () => {
    const [buckets, heads] = bias.table.shape;
    const blocks = part.uniformFirst === null ? part.segments : 1;
    const queries = part.paddedLength;
    const positions = part.paddedPositions;
    // Distances repeat along diagonals: each is placed once.
    const places = new Map<number, number>();
    const index = new Int32Array(blocks * queries * keys);
    for (let row = 0; row < blocks * queries; row++) {
      for (let key = 0; key < keys; key++) {
        const distance = key - positions[row];
        let place = places.get(distance);
        if (place === undefined) {
          place = relativeBucket(distance, buckets, bias.bidirectional, bias.maxDistance);
          places.set(distance, place);
        }
        index[row * keys + key] = place;
      }
    }
    const values = tf.reshape(tf.gather(bias.table, indexTensor(index)), [blocks, queries, keys, heads]);
    return tf.transpose(values, [0, 3, 1, 2]);
  });
}

/**
 * The bucket of a distance (key - query): one each for the near half, then logarithmically wider ones.
 * Rounded to float32 at each operation, as the models were trained: a bucket's border may depend on it.
 */
function relativeBucket(distance: number, buckets: number, bidirectional: boolean, maxDistance: number): number {
  const available = bidirectional ? Math.floor(buckets / 2) : buckets;
  const side = bidirectional && distance > 0 ? available : 0;
  const far = bidirectional ? Math.abs(distance) : Math.max(-distance, 0);
  const exact = Math.floor(available / 2);
  if (far < exact) return side + far;
  const logarithm = Math.fround(Math.log(Math.fround(far / exact)));
  const share = Math.fround(logarithm / Math.fround(Math.log(maxDistance / exact)));
  const beyond = Math.trunc(Math.fround(share * (available - exact)));
  return side + Math.min(exact + beyond, available - 1);
}
