/**
 * Forward passes of a language model over the rows of several texts, and the logits at the rows that are wanted.
 *
 * What generation and perturbation need runs as `ForwardItem`s through a DynamicBatcher: items of different texts and
 * lengths share each linear layer's matmul.
 */

import type { Kind } from '../batching/dynamic-batcher.ts';
import type { AttentionHooks } from '../nn/attention.ts';
import type { KeyValueCache } from '../nn/cache.ts';
import { concatRows, indexTensor, type Part, type PartSpec, Rows, sliceRows } from '../nn/rows.ts';
import { Run, type RunOptions, type Value } from '../nn/run.ts';
import { enoughRows } from '../tensors/enough-rows.ts';
import { read } from '../tensors/read.ts';
import { type Tensor, type Tensor2D, tf } from '../tensors/tf.ts';
import { type LanguageModel, runStack, type Stack } from './model.ts';

/** Source features of a text: those of one copy that all decoder copies share, or one for each. */
interface SourceFeatures {
  /** [segments * positions, hidden] */
  readonly features: Tensor2D;
  readonly segments: number;
  /** The tokens, where text is generated from them. */
  readonly ids?: Int32Array;
}

/** What runs through the decoder for one text. */
export interface DecoderInput extends PartSpec {
  /** [rows of the part, hidden] */
  readonly features: Tensor2D;
  readonly source: SourceFeatures | null;
  /** The tokens of the rows, where text is generated: some families number positions by them. */
  readonly ids?: Int32Array;
  /** First position whose output is wanted, so that the last block computes none before it; left out: 0. */
  readonly readFrom?: number;
}

/** The decoder's output for some texts, part for part, with the leaves that cotangents can be taken for. */
export interface Decoded {
  hidden: Value;
  source: Value | null;
  target: Value;
}

/**
 * Runs encoder and decoder, without the head. The output has the rows from each part's `readFrom` on.
 * @param requires - whether cotangents are wanted, where the run records
 */
export function decode(
  run: Run,
  model: LanguageModel,
  inputs: readonly DecoderInput[],
  requires = { source: false, target: false },
): Decoded {
  const rows = run.ownRows(new Rows(inputs));
  const target = run.leaf(concatRows(inputs.map(({ features }) => features)), rows, run.recording && requires.target);
  const source = sourceLeaf(run, model, inputs, run.recording && requires.source);
  const memory = model.encoder && (source === null ? 'cached' : encodeSource(run, model.encoder, source, inputs));
  const wanted = model.rowwise ? run.ownRows(rows.from(inputs.map(({ readFrom = 0 }) => readFrom))) : null;
  const hidden = runStack(run, model.decoder, { features: target, memory, ids: joinIds(inputs), wanted });
  return { hidden, source, target };
}

/** The encoder's output for the sources of some texts. */
function encodeSource(run: Run, encoder: Stack, features: Value, inputs: readonly DecoderInput[]): Value {
  const sources = inputs.map(({ source }) => source).filter((source) => source !== null);
  return runStack(run, encoder, { features, ids: joinIds(sources) });
}

/** Ids of all parts, one after the other; undefined where they are not given. */
function joinIds(parts: readonly { readonly ids?: Int32Array }[]): Int32Array | undefined {
  const ids = parts.map((part) => part.ids).filter((own) => own !== undefined);
  return ids.length < parts.length ? undefined : Int32Array.from(ids.flatMap((own) => [...own]));
}

function sourceLeaf(run: Run, model: LanguageModel, inputs: readonly DecoderInput[], requires: boolean): Value | null {
  const sources = inputs.map(({ source }) => source).filter((source) => source !== null);
  if (model.encoder === null || sources.length === 0) return null;
  const specs = sources.map(({ features, segments }) => ({
    length: features.shape[0] / segments,
    first: new Int32Array(segments),
  }));
  return run.leaf(concatRows(sources.map(({ features }) => features)), run.ownRows(new Rows(specs)), requires);
}

/** One text's share of a forward pass. */
export interface ForwardItem extends DecoderInput {
  /** Keys and values of the positions before `first`, and of the source where `source` is null. */
  readonly past?: KeyValueCache;
  /** Whether the keys and values of the pass are added to `past`. */
  readonly growPast?: boolean;
  /** Receives the keys and values of the pass, which it clones to keep; called before `score`. */
  readonly keep?: (present: KeyValueCache) => void;
  /** Rows whose logits are wanted, counted from the first of the part's output: [wanted] */
  select(part: Part): Int32Array;
  /** What is read of the logits [wanted, vocab]; left out: they themselves. Runs in a tidy. */
  score?(logits: Tensor2D): Tensor;
  /** Sees the attention probabilities of the text's own copies, as of `AttentionHooks`. */
  readonly onProbabilities?: AttentionHooks['onProbabilities'];
  /** Options that change the pass: such an item runs alone. */
  readonly options?: RunOptions;
  /** Bytes that its activations take. */
  readonly bytes: number;
}

/** Forward passes of one model as a kind of work. */
export class ForwardPasses implements Kind<ForwardItem, Float32Array> {
  readonly model: LanguageModel;
  readonly #budget: () => number;

  /** @param budget - bytes that the activations of a micro-batch may take now */
  constructor(model: LanguageModel, budget: () => number = () => Number.POSITIVE_INFINITY) {
    this.model = model;
    this.#budget = budget;
  }

  fit(items: readonly ForwardItem[]): number {
    const [{ options, source, past, growPast, keep, ids }] = items;
    if (options !== undefined) return 1;
    const alike = (item: ForwardItem): boolean =>
      item.options === undefined &&
      (item.source === null) === (source === null) &&
      (item.past === undefined) === (past === undefined) &&
      item.growPast === growPast &&
      (item.keep === undefined) === (keep === undefined) &&
      (item.ids === undefined) === (ids === undefined);
    return countFitting(items, alike, ({ features }) => features.shape[0], this.#budget());
  }

  async run(items: readonly ForwardItem[], look: () => void): Promise<Float32Array[]> {
    const past = items[0].past === undefined ? undefined : items.map((item) => item.past ?? new Map());
    const { growPast } = items[0];
    const keepCache = items[0].keep !== undefined;
    const attention = items.some((item) => item.onProbabilities !== undefined)
      ? {
          attention: {
            onProbabilities: (name: string, probabilities: Tensor, part: Part) =>
              items[part.index].onProbabilities?.(name, probabilities, part),
          },
        }
      : {};
    using run = new Run({ ...items[0].options, ...attention, ...(past && { past, growPast }), keepCache, look });
    // One read for all: a wait for each text would cost more than the numbers.
    const sizes: number[] = [];
    const values = await read(() => {
      const { hidden } = decode(run, this.model, items);
      items.forEach(({ keep }, i) => {
        keep?.(run.presentOf(i));
      });
      const { parts } = hidden.rows;
      const wanted = items.map((item, i) => item.select(parts[i]));
      const index = Int32Array.from(wanted.flatMap((rows, i) => Array.from(rows, (row) => parts[i].offset + row)));
      const logits = this.#logits(run, hidden, index);
      if (items.every(({ score }) => score === undefined)) {
        sizes.push(...wanted.map(({ length }) => length * this.model.vocabSize));
        return logits;
      }
      let offset = 0;
      const scores = items.map(({ score }, i) => {
        const own = sliceRows(logits, offset, wanted[i].length);
        offset += wanted[i].length;
        return tf.reshape(score?.(own) ?? own, [-1]);
      });
      sizes.push(...scores.map(({ size }) => size));
      return scores.length === 1 ? scores[0] : tf.concat(scores);
    });
    let end = 0;
    return sizes.map((size) => {
      end += size;
      return values.subarray(end - size, end);
    });
  }

  /** Logits [rows, vocab] of some rows of the decoder's output; none are computed for no rows. */
  #logits(run: Run, hidden: Value, index: Int32Array): Tensor2D {
    if (index.length === 0) return tf.zeros([0, this.model.vocabSize]);
    const rows = run.ownRows(Rows.full(1, index.length));
    const selected = run.leaf(tf.gather(hidden.tensor, indexTensor(index)), rows, false);
    return run.scope(() => this.model.head(run, selected)).tensor;
  }
}

/** How many items from the first on are alike, within the budget and of no more rows than a matmul gains from. */
export function countFitting<Item extends { readonly bytes: number }>(
  items: readonly Item[],
  alike: (item: Item) => boolean,
  rowsOf: (item: Item) => number,
  budget: number,
): number {
  let rows = 0;
  let bytes = 0;
  let count = 0;
  for (const item of items) {
    if (!alike(item)) break;
    rows += rowsOf(item);
    bytes += item.bytes;
    if (count > 0 && (rows > enoughRows() || bytes > budget)) break;
    count += 1;
  }
  return count;
}
