/**
 * An answer after changed prompts: all copies run in micro-batches, and of each only what follows the longest beginning
 * that it shares with the unchanged prompt, whose keys and values are kept. Where a unit was removed, what follows has
 * moved up, so that it is computed anew; what stands before the first change is shared either way.
 */

import type { Client } from '../../batching/dynamic-batcher.ts';
import type { ForwardItem } from '../../models/forward.ts';
import { embedIds } from '../../models/model.ts';
import { cloneCache, disposeCache, type KeyValueCache } from '../../nn/cache.ts';
import { enoughRows } from '../../tensors/enough-rows.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Counters, SharedPasses } from '../passes/passes.ts';
import { logProbability } from '../step-functions/parts/logits.ts';

/** Rows of copies that are submitted together: enough for full micro-batches, few enough to hold. */
const rowsOfWave = () => 2 * enoughRows();
const FLOAT_BYTES = 4;
/** Widths of the model that a row takes on its way, and logits with what a score makes of them. */
const WIDTHS = 24;
const LOGITS_KEPT = 3;
const MAPS_KEPT = 4;

/** What the model reads. */
export interface Reading {
  /** Encoder ids; null for decoder-only models. */
  sourceIds: Int32Array | null;
  /** Decoder ids: the answer at their end, and with decoder-only models the prompt before it. */
  targetIds: Int32Array;
}

/** What the copies are run with. */
export interface CopiesSetting {
  shared: SharedPasses;
  client: Client;
  counters: Counters;
}

/** What is read of a copy: log-probabilities, or how far its predictions are from the unchanged ones. */
export type CopyScore = 'log_probability' | 'jensen_shannon';

/** Counts what was run. */
export interface CopyCounts {
  count: number;
  computed: number;
  shared: number;
}

export class AnswerCopies {
  readonly counts: CopyCounts = { count: 0, computed: 0, shared: 0 };
  readonly #setting: CopiesSetting;
  readonly #clean: Reading;
  /** Tokens of the answer, at the end of each reading. */
  readonly #tokens: number;
  #cache: KeyValueCache = new Map();
  #logits: Tensor2D | null = null;
  #scores: Float32Array | null = null;

  /** @param tokens - of the answer */
  constructor(setting: CopiesSetting, clean: Reading, tokens: number) {
    this.#setting = setting;
    this.#clean = clean;
    this.#tokens = tokens;
  }

  /** Log-probabilities of the answer's tokens after the unchanged prompt: [tokens] */
  async clean(): Promise<Float32Array> {
    this.#scores ??= await this.#runClean();
    return this.#scores;
  }

  /**
   * Scores of the answer's tokens after each changed prompt: [tokens] each.
   * @param onCopies - receives the number of copies that are done
   */
  async scores(
    readings: readonly Reading[],
    score: CopyScore,
    onCopies: (done: number) => void,
  ): Promise<Float32Array[]> {
    await this.clean();
    const results: Float32Array[] = [];
    let wave: Reading[] = [];
    let rows = 0;
    for (const [index, reading] of readings.entries()) {
      wave.push(reading);
      rows += this.#rowsOf(reading);
      if (rows < rowsOfWave() && index < readings.length - 1) continue;
      results.push(...(await this.#runWave(wave, score)));
      onCopies(results.length);
      [wave, rows] = [[], 0];
    }
    return results;
  }

  async #runClean(): Promise<Float32Array> {
    const { client, counters, shared } = this.#setting;
    const { forward } = shared;
    const isShared = this.#clean.sourceIds === null;
    const item = this.#item(this.#clean, 0, (logits) => {
      this.#logits ??= tf.keep(logits.clone());
      return logProbability(logits, this.#answerIds());
    });
    const keep = (present: KeyValueCache): void => {
      this.#cache = cloneCache(present);
    };
    try {
      counters.forward += 1;
      return await client.submit(forward, { ...item, ...(isShared && { keep }) });
    } finally {
      dispose(item);
    }
  }

  async #runWave(readings: readonly Reading[], score: CopyScore): Promise<Float32Array[]> {
    const { client, counters, shared } = this.#setting;
    const { forward } = shared;
    const items = readings.map((reading) => this.#item(reading, this.#sharedWith(reading), this.#scorer(score)));
    try {
      counters.forward += items.length;
      this.counts.count += items.length;
      for (const { features, first } of items) {
        this.counts.computed += features.shape[0];
        this.counts.shared += first[0];
      }
      return await client.submitAll(forward, items);
    } finally {
      for (const item of items) dispose(item);
    }
  }

  #scorer(score: CopyScore): (logits: Tensor2D) => Tensor1D {
    const ids = this.#answerIds();
    if (score === 'log_probability') return (logits) => logProbability(logits, ids);
    const clean = this.#logits;
    if (clean === null) throw new Error('the unchanged prompt comes first');
    return (logits) => jensenShannon(logits, clean);
  }

  /** One copy, of which what follows the first `shared` tokens is run. */
  #item(reading: Reading, shared: number, score: (logits: Tensor2D) => Tensor1D): ForwardItem {
    const { model } = this.#setting.shared;
    const { sourceIds, targetIds } = reading;
    const length = targetIds.length - 1; // nothing is predicted from the last token
    const count = this.#tokens;
    const features = tf.keep(embedIds(model.targetEmbedding, targetIds.subarray(shared, length)));
    const source = sourceIds && model.sourceEmbedding && tf.keep(embedIds(model.sourceEmbedding, sourceIds));
    return {
      length,
      first: Int32Array.of(shared),
      features,
      source: source && { features: source, segments: 1 },
      ...(shared > 0 && { past: this.#cache }),
      select: (part) => Int32Array.from({ length: count }, (_, k) => part.rowOf(0, length - count + k)),
      score,
      bytes: this.#bytes(length - shared, length, sourceIds?.length ?? 0),
    };
  }

  #bytes(rows: number, length: number, sourceLength: number): number {
    const { hiddenSize, numHeads, vocabSize } = this.#setting.shared.model;
    const ofRow = WIDTHS * hiddenSize + MAPS_KEPT * numHeads * Math.max(length, sourceLength);
    return ((rows + sourceLength) * ofRow + this.#tokens * vocabSize * LOGITS_KEPT) * FLOAT_BYTES;
  }

  #answerIds(): Int32Array {
    const { targetIds } = this.#clean;
    return targetIds.slice(targetIds.length - this.#tokens);
  }

  #rowsOf(reading: Reading): number {
    return reading.targetIds.length - 1 - this.#sharedWith(reading) + (reading.sourceIds?.length ?? 0);
  }

  /** Tokens at the beginning whose keys and values are those of the unchanged prompt. */
  #sharedWith({ sourceIds, targetIds }: Reading): number {
    const { model } = this.#setting.shared;
    const clean = this.#clean.targetIds;
    if (sourceIds !== null) return 0;
    // Where positions depend on the length of the text, those of a shorter one may be others (LongRoPE).
    if (model.positionRegime?.(targetIds.length - 1) !== model.positionRegime?.(clean.length - 1)) return 0;
    const most = Math.min(targetIds.length, clean.length) - 1 - this.#tokens;
    let shared = 0;
    while (shared < most && targetIds[shared] === clean[shared]) shared++;
    return shared;
  }

  [Symbol.dispose](): void {
    disposeCache(this.#cache);
    this.#logits?.dispose();
  }
}

function dispose({ features, source }: ForwardItem): void {
  features.dispose();
  source?.features.dispose();
}

/** Jensen-Shannon divergence of the rows' distributions in nats (Lin 1991): [rows]. In a tidy. */
function jensenShannon(logits: Tensor2D, others: Tensor2D): Tensor1D {
  const [p, q] = [tf.softmax(logits), tf.softmax(others)];
  const middle = tf.mul(tf.add(p, q), 0.5);
  const terms = (x: Tensor2D): Tensor2D =>
    tf.where(tf.greater(x, 0), tf.mul(x, tf.log(tf.div(x, tf.maximum(middle, 1e-38)))), tf.zerosLike(x));
  return tf.mul(tf.sum(tf.add(terms(p), terms(q)), 1), 0.5);
}
