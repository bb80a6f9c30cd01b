/**
 * The decoder during generation: keys and values of every beam so far, extended token by token, and made anew where a
 * longer text turns them by other angles.
 */

import { embedIds, type LanguageModel, runStack } from '../models/model.ts';
import type { KeyValueCache } from '../nn/attention.ts';
import { selectPositions } from '../nn/elementwise.ts';
import { Rows } from '../nn/rows.ts';
import { Run, type Value } from '../nn/run.ts';
import { scoped } from '../tensors/ops.ts';
import { tf } from '../tensors/tf.ts';

export class DecoderState {
  readonly #model: LanguageModel;
  #cache: KeyValueCache = new Map();
  #length = 0;
  /** Decoder ids of each beam. */
  #texts: Int32Array[] = [];

  constructor(model: LanguageModel) {
    this.#model = model;
  }

  /** Runs the encoder and the prompt. @returns logits after the prompt: [vocab] */
  start(sourceIds: Int32Array | null, targetIds: Int32Array): Float32Array {
    const { encoder, sourceEmbedding, targetEmbedding } = this.#model;
    const run = new Run({ keepCache: true });
    const rows = run.ownRows(Rows.full(1, targetIds.length));
    const logits = scoped(() => {
      let memory: Value | null = null;
      if (encoder !== null && sourceEmbedding !== null && sourceIds !== null) {
        const sourceRows = run.ownRows(Rows.full(1, sourceIds.length));
        memory = runStack(run, encoder, run.leaf(embedIds(sourceEmbedding, sourceIds), sourceRows, false), null);
      }
      return this.#logits(run, run.leaf(embedIds(targetEmbedding, targetIds), rows, false), memory);
    });
    this.#keep(run);
    this.#length = targetIds.length;
    this.#texts = [targetIds];
    return logits;
  }

  /**
   * Appends one token to each beam.
   * @param tokens - the new token of each beam: [beams]
   * @param parents - which beam of before each one continues: [beams]
   * @returns logits after the new tokens: [beams * vocab]
   */
  extend(tokens: Int32Array, parents: Int32Array): Float32Array {
    const { length: beams } = this.#texts;
    if (parents.length !== beams || parents.some((parent, beam) => parent !== beam)) this.#reorder(parents);
    this.#texts = this.#texts.map((text, beam) => Int32Array.of(...text, tokens[beam]));
    const length = this.#length + 1;
    const anew = this.#model.positionRegime?.(this.#length) !== this.#model.positionRegime?.(length);
    if (anew) this.#forget();
    const run = new Run({ past: this.#cache, keepCache: true });
    const rows = run.ownRows(Rows.full(tokens.length, length, anew ? 0 : this.#length));
    const ids = anew ? this.#texts.flatMap((text) => [...text]) : tokens;
    const logits = scoped(() => {
      const { encoder, hiddenSize, targetEmbedding } = this.#model;
      // Keys and values of the source are cached; what stands in for the encoder's output is not looked at.
      const memory = encoder && run.leaf(tf.zeros([1, hiddenSize]), run.ownRows(Rows.full(1, 1)), false);
      return this.#logits(run, run.leaf(embedIds(targetEmbedding, ids), rows, false), memory);
    });
    this.#keep(run);
    this.#length = length;
    return logits;
  }

  #logits(run: Run, features: Value, memory: Value | null): Float32Array {
    const { segments, length } = features.rows;
    const hidden = runStack(run, this.#model.decoder, features, memory);
    const last = selectPositions(run, hidden, Int32Array.of(length - 1), run.ownRows(Rows.full(segments, 1)));
    return this.#model.head(run, last).tensor.dataSync() as Float32Array;
  }

  /** Takes the run's keys and values over, of the decoder's blocks alone. */
  #keep(run: Run): void {
    const { selfAttention, crossAttention } = this.#model.decoder;
    const cache: KeyValueCache = new Map();
    for (const name of [...selfAttention, ...crossAttention]) {
      const entry = run.present.get(name);
      if (entry !== undefined) {
        cache.set(name, { keys: tf.keep(entry.keys.clone()), values: tf.keep(entry.values.clone()) });
      }
    }
    this.dispose();
    this.#cache = cache;
    run.dispose();
  }

  /** Frees the keys and values of the texts themselves. */
  #forget(): void {
    for (const name of this.#model.decoder.selfAttention) {
      const entry = this.#cache.get(name);
      entry?.keys.dispose();
      entry?.values.dispose();
      this.#cache.delete(name);
    }
  }

  /** Makes each beam continue its parent. Keys of the source are shared by all beams. */
  #reorder(parents: Int32Array): void {
    const index = tf.tensor1d(parents, 'int32');
    for (const name of this.#model.decoder.selfAttention) {
      const entry = this.#cache.get(name);
      if (entry === undefined) continue;
      const { keys, values } = entry;
      this.#cache.set(name, { keys: tf.keep(tf.gather(keys, index)), values: tf.keep(tf.gather(values, index)) });
      keys.dispose();
      values.dispose();
    }
    index.dispose();
    this.#texts = Array.from(parents, (parent) => this.#texts[parent]);
  }

  dispose(): void {
    for (const { keys, values } of this.#cache.values()) {
      keys.dispose();
      values.dispose();
    }
    this.#cache.clear();
  }
}
