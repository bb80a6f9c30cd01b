/**
 * The decoder during generation: keys and values of every beam so far, extended token by token, and computed again
 * where a longer text turns them by other angles. New tokens of several texts run together.
 */

import { type Client, soloClient } from '../batching/dynamic-batcher.ts';
import { type ForwardItem, ForwardPasses } from '../models/forward.ts';
import { embedIds, type LanguageModel } from '../models/model.ts';
import { changeEntry, disposeCache, type KeyValueCache } from '../nn/cache.ts';
import type { Part } from '../nn/rows.ts';
import { tf } from '../tensors/tf.ts';

/** What generation runs on: a model's passes, and this text's access to them. */
export interface Decoder {
  readonly forward: ForwardPasses;
  readonly client: Client;
}

/** Floats of an activation row on its way through a block, in widths of the model. */
const WIDTHS_PER_ROW = 24;
const FLOAT_BYTES = 4;

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
