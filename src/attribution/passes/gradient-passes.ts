/**
 * Gradients of several texts' scores from one recorded forward pass: the cotangents of all their generated tokens, or of
 * all spans of them whose scores are summed, are pulled back together.
 */

import { type Kind, type Look, yieldToEventLoop } from '../../batching/dynamic-batcher.ts';
import { countFitting, type DecoderInput, decode } from '../../models/forward.ts';
import type { LanguageModel } from '../../models/model.ts';
import { selectPositions } from '../../nn/elementwise.ts';
import { concatRows, indexTensor, type PartCotangents, Steps, type StepsOfText, sliceRows } from '../../nn/rows.ts';
import { type Cotangent, Run, stepCotangent, type Value } from '../../nn/run.ts';
import { scoped } from '../../tensors/ops.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Span } from '../spans.ts';
import type { GradientOptions } from './objective.ts';

/** Gradients of a block of columns for a block of segments. Tensors live until its visitor resolves. */
export interface GradientBlock {
  segmentStart: number;
  segments: number;
  columnStart: number;
  columns: number;
  /** Scores [segments, steps of the columns], row-major. */
  scores: Float32Array;
  /** [segments * columns * source positions, width] */
  source: Tensor2D | null;
  /** [segments * sum over columns of (last read position + 1), width] */
  target: Tensor2D | null;
  /** Values that were watched, with their cotangents. */
  watched: Map<string, Watched>;
}

/** A named value of the model and its cotangents. */
export interface Watched {
  side: 'source' | 'target';
  /** [segments * positions, width]; of the rows that are read alone for what follows the last block. */
  activation: Tensor2D;
  /** Null where the scores do not depend on it. */
  cotangent: { tensor: Tensor2D; rows: PartCotangents } | null;
}

/** One text's share of a recorded pass. */
export interface GradientItem extends DecoderInput {
  /** Decoder position at which each step's score is read: [steps]. */
  readonly read: Int32Array;
  /** Steps of each column, whose scores are summed and pulled back as one: [columns]. */
  readonly stepsOf: readonly Span[];
  readonly wanted: { source: boolean; target: boolean };
  /** Copies that cotangents are pulled back to, from the first. */
  readonly pulled: number;
  /** Blocks [from, to) of columns that are pulled back one after the other; one where items run together. */
  readonly blocks: readonly [number, number][];
  /** Scores [pulled * steps] and their gradient with respect to the logits of these steps. In a tidy. */
  scoreGradient(logits: Tensor2D, steps: Int32Array): { value: Tensor1D; grad: Tensor2D };
  visit(block: Omit<GradientBlock, 'segmentStart'>): Promise<void>;
  readonly options: GradientOptions;
  /** Bytes that its record takes. */
  readonly bytes: number;
}

interface Recorded {
  run: Run;
  logits: Value;
  source: Value | null;
  target: Value;
  named: Map<string, Value>;
}

/** Recorded passes of one model as a kind of work, whose results are what an item's visitor threw; null: nothing. */
export class GradientPasses implements Kind<GradientItem, unknown> {
  readonly model: LanguageModel;
  readonly #budget: () => number;

  /** @param budget - bytes that the record of a micro-batch may take now */
  constructor(model: LanguageModel, budget: () => number) {
    this.model = model;
    this.#budget = budget;
  }

  fit(items: readonly GradientItem[]): number {
    const [first] = items;
    const plain = ({ blocks, options }: GradientItem): boolean =>
      blocks.length === 1 && options.rescale !== true && options.replace === undefined;
    if (!plain(first)) return 1;
    const sort = ({ wanted, options }: GradientItem): string =>
      `${wanted.source} ${wanted.target} ${options.watch?.join() ?? ''}`;
    const alike = (item: GradientItem): boolean => plain(item) && sort(item) === sort(first);
    return countFitting(items, alike, rowsPulled, this.#budget());
  }

  async run(items: readonly GradientItem[], look: Look): Promise<unknown[]> {
    const { rescale, replace, watch = [] } = items[0].options;
    const named = new Map<string, Value>();
    const onValue = (name: string, value: Value): void => {
      if (!watch.includes(name)) return;
      run.keep(value.tensor);
      named.set(name, value);
    };
    using run = new Run({ rescale, replace, onValue, record: true, look });
    const recorded = scoped((): Recorded => {
      const { hidden, source, target } = decode(run, this.model, items, items[0].wanted);
      const logits = run.scope(() =>
        this.model.head(
          run,
          selectPositions(
            run,
            hidden,
            items.map(({ read }) => read),
          ),
        ),
      );
      run.keep(logits.tensor);
      return { run, logits, source, target, named };
    });
    let failures: unknown[] = [];
    for (let b = 0; b < items[0].blocks.length; b++) {
      if (b > 0) await yieldToEventLoop(look);
      failures = await pullBlock(recorded, items, items[0].blocks.length === 1 ? null : items[0].blocks[b]);
      if (failures.some((failure) => failure !== null)) break;
    }
    return failures;
  }
}

/** Rows of an item's cotangents, or of its pass where those are fewer. */
function rowsPulled({ features, read, stepsOf, pulled, source }: GradientItem): number {
  const ofSource = source === null ? 0 : source.features.shape[0] / source.segments;
  const cotangents = stepsOf.reduce((sum, { end }) => sum + read[end - 1] + 1 + ofSource, 0) * pulled;
  return Math.max(features.shape[0], cotangents);
}

/**
 * Pulls back one block of columns, or where `range` is null the only block of each item, and visits what comes of it.
 * @returns what each item's visitor threw: others have added theirs, and must not do it twice
 */
async function pullBlock(
  pass: Recorded,
  items: readonly GradientItem[],
  range: [number, number] | null,
): Promise<unknown[]> {
  const { run, logits } = pass;
  const ranges = items.map(({ blocks }) => range ?? blocks[0]);
  const spans = items.map(({ stepsOf }, i) => stepsOf.slice(...ranges[i]));
  using steps = new Steps(items.map(({ read, pulled }, i) => pulledSteps(spans[i], read, pulled)));
  const candidates = [pass.source, pass.target, ...pass.named.values()];
  const wanted = [...new Set(candidates)].filter((value): value is Value => value?.requires === true);
  const { values, cotangents } = scoped(() => {
    const scored = items.map((item, i) => {
      const part = logits.rows.parts[i];
      const wanted = stepsIn(spans[i]);
      return item.scoreGradient(logitsOf(part.of(logits.tensor), part.length, item.pulled, wanted), wanted);
    });
    const grad = concatRows(scored.map((score) => score.grad));
    const cotangents = run.pullback(logits, stepCotangent(logits, grad, steps), wanted);
    return { values: scored.map(({ value }) => tf.keep(value.clone())), cotangents };
  });
  try {
    const scores = await Promise.all(values.map(async (value) => (await value.data()) as Float32Array));
    const failures: unknown[] = [];
    for (const [i, item] of items.entries()) {
      const of = (value: Value | null): Cotangent | null =>
        value === null ? null : (cotangents[wanted.indexOf(value)] ?? null);
      const visited = visitPart(pass, item, i, { range: ranges[i], scores: scores[i] }, of);
      failures.push(
        await visited.then(
          () => null,
          (failure: unknown) => failure,
        ),
      );
    }
    return failures;
  } finally {
    for (const tensor of values) tensor.dispose();
    for (const cotangent of cotangents) cotangent?.tensor.dispose();
  }
}

/** Gives an item its part of the cotangents. */
async function visitPart(
  pass: Recorded,
  item: GradientItem,
  index: number,
  { range: [from, to], scores }: { range: [number, number]; scores: Float32Array },
  cotangentOf: (value: Value | null) => Cotangent | null,
): Promise<void> {
  const slices: Tensor2D[] = [];
  const own = (tensor: Tensor2D, offset: number, count: number): Tensor2D => {
    if (tensor.shape[0] === count) return tensor;
    const slice = tf.keep(sliceRows(tensor, offset, count));
    slices.push(slice);
    return slice;
  };
  const part = (cotangent: Cotangent | null): { tensor: Tensor2D; rows: PartCotangents } | null => {
    if (cotangent === null) return null;
    const rows = cotangent.rows.parts[index];
    return { tensor: own(cotangent.tensor, rows.offset, rows.count), rows };
  };
  const watched = new Map<string, Watched>();
  for (const [name, value] of pass.named) {
    const side = pass.source !== null && value.rows === pass.source.rows ? 'source' : 'target';
    const { offset, count } = value.rows.parts[index];
    watched.set(name, { side, activation: own(value.tensor, offset, count), cotangent: part(cotangentOf(value)) });
  }
  try {
    await item.visit({
      segments: item.pulled,
      columnStart: from,
      columns: to - from,
      scores,
      source: part(cotangentOf(pass.source))?.tensor ?? null,
      target: part(cotangentOf(pass.target))?.tensor ?? null,
      watched,
    });
  } finally {
    for (const slice of slices) slice.dispose();
  }
}

/** Columns as what is pulled back together. @param read - decoder position of each step: [steps] */
export function pulledSteps(spans: readonly Span[], read: Int32Array, segments: number): StepsOfText {
  const ofSpan = (edge: (positions: Int32Array) => number): Int32Array =>
    Int32Array.from(spans, ({ start, end }) => edge(read.subarray(start, end)));
  return {
    read: ofSpan((positions) => Math.max(...positions)),
    readFrom: ofSpan((positions) => Math.min(...positions)),
    index: Int32Array.from(spans, ({ end }) => end - 1),
    indexFrom: Int32Array.from(spans, ({ start }) => start),
    segments,
  };
}

/** The steps of spans, in order. */
export function stepsIn(spans: readonly Span[]): Int32Array {
  return Int32Array.from(spans.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, k) => start + k)));
}

/**
 * Logits of some steps of the first `segments` copies: [segments * those steps, vocab]. In a tidy.
 * @param steps - that the copies have
 * @param wanted - which of them, ascending
 */
export function logitsOf(logits: Tensor2D, steps: number, segments: number, wanted: Int32Array): Tensor2D {
  const count = wanted.length;
  if (count === steps && logits.shape[0] === segments * steps) return logits;
  const rows = Int32Array.from(
    { length: segments * count },
    (_, row) => Math.floor(row / count) * steps + wanted[row % count],
  );
  return tf.gather(logits, indexTensor(rows));
}
