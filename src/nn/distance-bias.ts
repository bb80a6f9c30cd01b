/** Biases of attention scores by how far a key lies from the query: learned (T5) or falling evenly (ALiBi). */

import { type Tensor, type Tensor2D, tf } from '../tensors/tf.ts';
import { indexTensor, type Part, type Rows } from './rows.ts';

export interface DistanceBias {
  /** Distinguishes the biases of one model. */
  readonly name: string;
  /** Of the distances (key - query) from .. to: [heads, distances]. In a tidy. */
  between(from: number, to: number): Tensor2D;
}

/** Relative position bias (Raffel et al. 2020, arXiv:1910.10683, section 2.1): a learned number a head and bucket. */
export interface RelativeBias {
  readonly name: string;
  /** [buckets, heads] */
  readonly table: Tensor2D;
  /** Keys before and after the query have buckets of their own (encoders); else only those before it count. */
  readonly bidirectional: boolean;
  /** Distances from here on share the last bucket. */
  readonly maxDistance: number;
}

export function relativeBias({ name, table, bidirectional, maxDistance }: RelativeBias): DistanceBias {
  return {
    name,
    between(from, to) {
      const bucket = (distance: number): number => relativeBucket(distance, table.shape[0], bidirectional, maxDistance);
      const buckets = Int32Array.from({ length: to - from + 1 }, (_, i) => bucket(from + i));
      return tf.transpose(tf.gather(table, indexTensor(buckets)));
    },
  };
}

/** ALiBi (Press et al. 2022, arXiv:2108.12409): scores fall by a slope of each head, [heads], with the distance. */
export function alibi(name: string, slopes: Float64Array): DistanceBias {
  return {
    name,
    between(from, to) {
      const distances = to - from + 1;
      const bias = new Float32Array(slopes.length * distances);
      slopes.forEach((slope, head) => {
        for (let i = 0; i < distances; i++) bias[head * distances + i] = slope * (from + i);
      });
      return tf.tensor2d(bias, [slopes.length, distances]);
    },
  };
}

/** The bias of all distances between the queries of some rows and up to `keys` keys; `zero`: the column of distance 0. */
export function biasTable(rows: Rows, keys: number, causal: boolean, bias: DistanceBias) {
  const reach = keys - 1;
  const make = (): Tensor2D => bias.between(-reach, causal ? 0 : reach);
  return { table: rows.cache.get(`${bias.name}-${keys}`, make), zero: reach };
}

/** The bias of a part's queries to `keys` positions: [1 or segments, heads, queries, keys]; lives with the part. */
export function biasGrid(part: Part, keys: number, causal: boolean, bias: DistanceBias): Tensor {
  return part.cache.get(`${bias.name}-${keys}`, () => {
    const blocks = part.uniformFirst === null ? part.segments : 1;
    const queries = part.paddedLength;
    const positions = part.paddedPositions;
    const reach = Math.max(part.length, keys) - 1;
    // Keys behind a query of a causal block are hidden: any number does.
    const last = causal ? 0 : reach;
    const index = new Int32Array(blocks * queries * keys);
    for (let row = 0; row < blocks * queries; row++) {
      for (let key = 0; key < keys; key++) {
        index[row * keys + key] = reach + Math.min(key - positions[row], last);
      }
    }
    const values = tf.gather(bias.between(-reach, last), indexTensor(index), 1);
    return tf.transpose(tf.reshape(values, [values.shape[0], blocks, queries, keys]), [1, 0, 2, 3]);
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
