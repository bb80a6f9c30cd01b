/**
 * The decoder during generation: keys and values of every beam so far, extended token by token, and computed again
 * where a longer text turns them by other angles. New tokens of several texts run together.
 */

import { type Client, soloClient } from '../batching/dynamic-batcher.ts';
import { type ForwardItem, ForwardPasses } from '../models/forward.ts';
import { embedIds, type LanguageModel } from '../models/model.ts';
import { changeEntry, disposeCache, type KeyValueCache, storeEntry } from '../nn/cache.ts';
import type { Part } from '../nn/rows.ts';
import { read } from '../tensors/read.ts';
import { type Tensor, tf } from '../tensors/tf.ts';

/** What generation runs on: a model's passes, and this text's access to them. */
export interface Decoder {
  readonly forward: ForwardPasses;
  readonly client: Client;
}

/** Floats of an activation row on its way through a block, in widths of the model. */
const WIDTHS_PER_ROW = 24;
const FLOAT_BYTES = 4;

/** Keys and values as they are put down, by attention block. */
export type SavedState = [name: string, keys: SavedTensor, values: SavedTensor][];

interface SavedTensor {
  shape: number[];
  data: Float32Array;
}

export class DecoderState {
  readonly #decoder: Decoder;
  readonly #cache: KeyValueCache = new Map();
  #length = 0;
  /** Decoder ids of each beam. */
  #texts: Int32Array[] = [];

  constructor(decoder: Decoder) {
    this.#decoder = decoder;
  }

  /** Runs the encoder and the prompt. @returns logits after the prompt: [vocab] */
  async start(sourceIds: Int32Array | null, targetIds: Int32Array): Promise<Float32Array> {
    const { sourceEmbedding } = this.#decoder.forward.model;
    const source = sourceEmbedding && sourceIds && embedIds(sourceEmbedding, sourceIds);
    this.#length = targetIds.length;
    this.#texts = [targetIds];
    try {
      return await this.#run(targetIds, {
        first: new Int32Array(1),
        source: source && { features: source, segments: 1, ...(sourceIds && { ids: sourceIds }) },
      });
    } finally {
      source?.dispose();
    }
  }

  /**
   * Appends one token to each beam.
   * @param tokens - the new token of each beam: [beams]
   * @param parents - which beam of before each one continues: [beams]
   * @returns logits after the new tokens: [beams * vocab]
   */
  async extend(tokens: Int32Array, parents: Int32Array): Promise<Float32Array> {
    const { length: beams } = this.#texts;
    if (parents.length !== beams || parents.some((parent, beam) => parent !== beam)) this.#reorder(parents);
    this.#texts = this.#texts.map((text, beam) => Int32Array.of(...text, tokens[beam]));
    const before = this.#length;
    this.#length += 1;
    const { model } = this.#decoder.forward;
    const recompute = model.positionRegime?.(before) !== model.positionRegime?.(this.#length);
    if (recompute) this.#forget();
    const ids = recompute ? Int32Array.from(this.#texts.flatMap((text) => [...text])) : tokens;
    const first = new Int32Array(tokens.length).fill(recompute ? 0 : before);
    return this.#run(ids, { first, source: null });
  }

  /**
   * The keys and values of a text of one beam, copied at once.
   * @param positions - how many of the text's, from the first on
   * @param room - bytes
   * @returns null where they are not there, or do not fit
   */
  async save(positions: number, room: number): Promise<SavedState | null> {
    const own = new Set(this.#decoder.forward.model.decoder.selfAttention);
    const shapeOf = (name: string, { shape }: Tensor): number[] => {
      const [segments, all, width] = shape as [number, number, number];
      return [segments, own.has(name) ? positions : all, width];
    };
    const entries = [...this.#cache];
    if (![...own].every((name) => (this.#cache.get(name)?.keys.shape[1] ?? 0) >= positions)) return null;
    const sizes = entries.map(([name, { keys }]) => shapeOf(name, keys).reduce((size, axis) => size * axis, 2));
    if (sizes.reduce((sum, size) => sum + size, 0) * FLOAT_BYTES > room) return null;
    const copy = async (name: string, tensor: Tensor): Promise<SavedTensor> => {
      const shape = shapeOf(name, tensor);
      return { shape, data: await read(() => tf.slice(tensor, [0, 0, 0], shape)) };
    };
    return Promise.all(
      entries.map(async ([name, { keys, values }]): Promise<SavedState[number]> => {
        const [k, v] = [copy(name, keys), copy(name, values)];
        return [name, await k, await v];
      }),
    );
  }

  /** Goes on with a text from what `save` gave of all but its last token. @returns logits after the text: [vocab] */
  async resume(ids: readonly number[], saved: SavedState): Promise<Float32Array> {
    for (const [name, ...pair] of saved) {
      tf.tidy(() => {
        const [keys, values] = pair.map(({ shape, data }) => tf.tensor(data, shape));
        storeEntry(this.#cache, name, { keys, values });
      });
    }
    const [last] = ids.slice(-1);
    this.#texts = [Int32Array.from(ids.slice(0, -1))];
    this.#length = ids.length - 1;
    return this.extend(Int32Array.of(last), Int32Array.of(0));
  }

  /** Runs tokens of every beam, whose keys and values it takes over. @returns logits at their ends: [beams * vocab] */
  async #run(ids: Int32Array, rest: Pick<ForwardItem, 'first' | 'source'>): Promise<Float32Array> {
    const { forward, client } = this.#decoder;
    const { hiddenSize, vocabSize, targetEmbedding } = forward.model;
    const { first } = rest;
    const last = this.#length - 1;
    const features = embedIds(targetEmbedding, ids);
    try {
      return await client.submit(forward, {
        ...rest,
        features,
        ids,
        length: this.#length,
        readFrom: last,
        select: (part: Part) => Int32Array.from(first, (_, beam) => part.rowOf(beam, last)),
        past: this.#cache,
        growPast: true,
        bytes: (ids.length * WIDTHS_PER_ROW * hiddenSize + first.length * vocabSize) * FLOAT_BYTES,
      });
    } finally {
      features.dispose();
    }
  }

  /** Frees the keys and values of the texts themselves. */
  #forget(): void {
    disposeCache(this.#cache, this.#decoder.forward.model.decoder.selfAttention);
  }

  /** Makes each beam continue its parent. Keys of the source are shared by all beams. */
  #reorder(parents: Int32Array): void {
    const index = tf.tensor1d(parents, 'int32');
    for (const name of this.#decoder.forward.model.decoder.selfAttention) {
      tf.tidy(() => changeEntry(this.#cache, name, (tensor) => tf.gather(tensor, index)));
    }
    index.dispose();
    this.#texts = Array.from(parents, (parent) => this.#texts[parent]);
  }

  dispose(): void {
    disposeCache(this.#cache);
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** A decoder that shares its passes with no other text. */
export function soloDecoder(model: LanguageModel): Decoder {
  return { forward: new ForwardPasses(model), client: soloClient() };
}
