/**
 * Paths through the vocabulary from a word towards its baseline, for discretized integrated gradients (Sanyal & Ren
 * 2021, arXiv:2108.13654): every point is a word's embedding, adjusted to move towards the baseline in every dimension.
 */

import { read } from '../../../tensors/read.ts';
import { type Tensor2D, tf } from '../../../tensors/tf.ts';

/** How the next word is chosen among the neighbors of the last. */
type PathStrategy = 'greedy' | 'maxcount';

export interface PathOptions {
  /** Points of a path, the word and its baseline among them. */
  points: number;
  /** How many nearest words are considered. */
  neighbors: number;
  strategy: PathStrategy;
}

/** Ids of the words from `word` on, without the baseline: [points - 1]. */
interface WordPath {
  baseline: number;
  words: number[];
}

/** Words whose neighbors are looked up in one batch. */
const BATCH_SIZE = 64;
/** Neighbors taken on the device beyond those asked for, so that rounding there does not decide which they are. */
const SPARE = 8;

/** Paths over one vocabulary; neighbors are looked up once. */
export class MonotonicPaths {
  readonly #table: Tensor2D;
  readonly #scale: number;
  readonly #options: PathOptions;
  readonly #specialIds: ReadonlySet<number>;
  readonly #squares: Tensor2D;
  /** Nearest first. */
  readonly #neighbors = new Map<number, Int32Array>();
  readonly #vectors = new Map<number, Float32Array>();

  /**
   * @param table - the vocabulary's embeddings [vocab, hidden]; features are `scale` times them
   * @param specialIds - tokens that are left as they are, because they are not words
   */
  constructor(table: Tensor2D, scale: number, specialIds: ReadonlySet<number>, options: PathOptions) {
    this.#table = table;
    this.#scale = scale;
    this.#options = options;
    this.#specialIds = specialIds;
    this.#squares = tf.tidy(() => tf.keep(tf.sum(tf.square(table), 1, true)));
  }

  dispose(): void {
    this.#squares.dispose();
  }

  /**
   * Embeddings of every token's path, from the baseline to the token: [points, tokens, hidden], row-major.
   * @param onProgress - receives the number of points that all paths have so far
   */
  async embeddings(
    ids: Int32Array,
    baselines: Int32Array,
    onProgress: (points: number) => Promise<void>,
  ): Promise<Float32Array> {
    const { points } = this.#options;
    const paths = new Map<string, WordPath>();
    const key = (position: number) => `${ids[position]} ${baselines[position]}`;
    ids.forEach((word, position) => {
      paths.set(key(position), { baseline: baselines[position], words: [word] });
    });
    await this.#fetch([...ids, ...baselines]);
    for (let length = 1; length < points - 1; length++) {
      const growing = [...paths.values()].filter((path) => this.#moves(path));
      await this.#lookUp(growing.map(({ words }) => words[words.length - 1]));
      for (const path of paths.values()) path.words.push(this.#next(path));
      await onProgress(length + 1);
    }
    const hidden = this.#table.shape[1];
    const data = new Float32Array(points * ids.length * hidden);
    const vectors = new Map([...paths].map(([name, path]) => [name, this.#monotonic(path)]));
    ids.forEach((_, position) => {
      vectors.get(key(position))?.forEach((vector, point) => {
        data.set(vector, (point * ids.length + position) * hidden);
      });
    });
    await onProgress(points);
    return data;
  }

  /** False where a path has ended: at its baseline, or at a special token. */
  #moves({ baseline, words }: WordPath): boolean {
    return !this.#specialIds.has(words[0]) && words[words.length - 1] !== baseline;
  }

  /** The next word of a path: the best neighbor that is not on it yet, else the baseline. */
  #next(path: WordPath): number {
    const { baseline, words } = path;
    const last = words[words.length - 1];
    if (!this.#moves(path)) return last;
    let best = baseline;
    let least = Number.POSITIVE_INFINITY;
    for (const candidate of this.#neighbors.get(last) ?? []) {
      if (candidate === baseline || words.includes(candidate)) continue;
      const cost = this.#cost(candidate, baseline, last);
      if (cost < least) [best, least] = [candidate, cost];
    }
    return best;
  }

  /** How far a word is from moving towards the baseline in every dimension, seen from `last`. */
  #cost(candidate: number, baseline: number, last: number): number {
    const [anchor, end, from] = [this.#vector(candidate), this.#vector(baseline), this.#vector(last)];
    const { points, strategy } = this.#options;
    let cost = 0;
    for (let d = 0; d < anchor.length; d++) {
      if (isBetween(anchor[d], end[d], from[d])) continue;
      cost += strategy === 'maxcount' ? 1 : (anchor[d] - (from[d] - (from[d] - end[d]) / points)) ** 2;
    }
    return cost;
  }

  /** A path's vectors, each made monotonic with respect to the one before, from the baseline on. */
  #monotonic({ words, baseline }: WordPath): Float32Array[] {
    const end = this.#vector(baseline);
    const vectors = [this.#vector(words[0])];
    for (const word of words.slice(1)) {
      const before = vectors[vectors.length - 1];
      vectors.push(
        this.#vector(word).map((value, d) =>
          isBetween(value, end[d], before[d]) ? value : before[d] - (before[d] - end[d]) / this.#options.points,
        ),
      );
    }
    return [...vectors, end].reverse();
  }

  #vector(id: number): Float32Array {
    const known = this.#vectors.get(id);
    if (known === undefined) throw new Error(`the embedding of token ${id} was not fetched`);
    return known;
  }

  /** Fetches scaled embeddings from the device. */
  async #fetch(ids: Iterable<number>): Promise<void> {
    const missing = [...new Set(ids)].filter((id) => !this.#vectors.has(id));
    if (missing.length === 0) return;
    const hidden = this.#table.shape[1];
    const rows = await read(() => tf.mul(tf.gather(this.#table, tf.tensor1d(missing, 'int32')), this.#scale));
    missing.forEach((id, k) => {
      this.#vectors.set(id, rows.slice(k * hidden, (k + 1) * hidden));
    });
  }

  /** Finds the neighbors of words, and fetches the embeddings of all that paths may compare. */
  async #lookUp(words: readonly number[]): Promise<void> {
    const missing = [...new Set(words)].filter((word) => !this.#neighbors.has(word));
    for (let start = 0; start < missing.length; start += BATCH_SIZE) {
      await this.#search(missing.slice(start, start + BATCH_SIZE));
    }
  }

  async #search(words: readonly number[]): Promise<void> {
    const vocab = this.#table.shape[0];
    const count = Math.min(this.#options.neighbors, vocab - 1);
    // The word itself is among them.
    const taken = Math.min(count + 1 + SPARE, vocab);
    const nearest = await read(() => {
      const queries = tf.gather(this.#table, tf.tensor1d([...words], 'int32'));
      const products = tf.matMul(queries, this.#table, false, true);
      const closeness = tf.sub(tf.mul(products, 2), tf.reshape(this.#squares, [1, vocab]));
      return tf.topk(closeness, taken).indices;
    });
    await this.#fetch([...words, ...nearest]);
    words.forEach((word, k) => {
      const from = this.#vector(word);
      const ranked = [...nearest.subarray(k * taken, (k + 1) * taken)]
        .filter((id) => id !== word)
        .map((id) => ({ id, distance: squaredDistance(this.#vector(id), from) }))
        .sort((a, b) => a.distance - b.distance || a.id - b.id);
      this.#neighbors.set(
        word,
        Int32Array.from(ranked.slice(0, count), ({ id }) => id),
      );
    });
  }
}

/** Whether a value lies between `from` and `end`, or is where both are. */
function isBetween(value: number, end: number, from: number): boolean {
  return end > from ? end >= value && value >= from : end <= value && value <= from;
}

function squaredDistance(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += (a[d] - b[d]) ** 2;
  return sum;
}
