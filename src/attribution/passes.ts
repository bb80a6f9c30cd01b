/**
 * One forward for all steps.
 *
 * The generated text is known when attribution starts and a decoder is causal, so one teacher-forced pass over prompt
 * and generation gives the logits of every step, one pullback of all steps' cotangents gives every step's gradient,
 * and one perturbed pass gives the drop of every later step. This class offers exactly these passes, for one sequence,
 * in micro-batches that keep within a memory budget.
 */

import { embedIds, type LanguageModel, runStack } from '../models/model.ts';
import { selectPositions } from '../nn/elementwise.ts';
import { indexTensor, Rows, Steps } from '../nn/rows.ts';
import { type Cotangent, Run, type RunOptions, stepCotangent, type Value } from '../nn/run.ts';
import { scoped } from '../tensors/ops.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../tensors/tf.ts';
import type { Scorer } from './step-function.ts';

/** The ids of one sequence and which of its tokens are attributed. */
export interface Sequence {
  sourceIds: Int32Array | null;
  /** Encoder input ids that stand for "nothing"; null for decoder-only models. */
  sourceBaselineIds: Int32Array | null;
  /** Decoder ids: prompt and generation, or decoder start and translation. */
  targetIds: Int32Array;
  targetBaselineIds: Int32Array;
  /** Attributed tokens are targetIds[start .. end - 1]; start >= 1. */
  start: number;
  end: number;
  /** Ids of special tokens, which some methods leave as they are. */
  specialIds?: ReadonlySet<number>;
}

/** Features of some copies of a sequence: [segments * positions, hidden]. */
export interface Features {
  segments: number;
  source: Tensor2D | null;
  target: Tensor2D;
}

/** Gradients of a block of steps for a block of segments. Tensors belong to the caller's tidy. */
export interface GradientBlock {
  segmentStart: number;
  segments: number;
  stepStart: number;
  steps: Steps;
  /** Scores [segments, steps of the block], row-major. */
  scores: Float32Array;
  /** [segments * steps * source positions, hidden] */
  source: Tensor2D | null;
  /** [segments * sum over steps of (read position + 1), hidden] */
  target: Tensor2D | null;
  /** Values that were watched, with their cotangents; null where the scores do not depend on them. */
  watched: Map<string, Watched>;
}

/** A named value of the model, in the caller's tidy. */
export interface Watched {
  side: 'source' | 'target';
  /** [segments * positions, width]; of one row a step for what follows the last block. */
  activation: Tensor2D;
  cotangent: Cotangent | null;
}

/** Scores of copies of the sequence with one feature replaced each. */
export interface ReplacedScores {
  /** [steps] */
  clean: Float32Array;
  /** [positions, steps]; NaN where the step's prefix does not hold the position */
  replaced: Float32Array;
}

export interface GradientOptions extends RunOptions {
  /** Names of values whose cotangents are wanted besides those of the features. */
  watch?: readonly string[];
}

export interface Counters {
  /** Sequences run forward. */
  forward: number;
  /** Sequences pulled back (all steps at once). */
  backward: number;
}

/** Bytes of a float32. */
const FLOAT = 4;
/** Rows beyond which a matmul gains nothing from being larger. */
const ENOUGH_ROWS = 1024;

export class Passes {
  readonly model: LanguageModel;
  readonly sequence: Sequence;
  readonly scorer: Scorer;
  readonly counters: Counters;
  /** Clean features and their baselines: [positions, hidden]. */
  readonly sourceFeatures: Tensor2D | null;
  readonly sourceBaseline: Tensor2D | null;
  readonly targetFeatures: Tensor2D;
  readonly targetBaseline: Tensor2D;
  /** Decoder positions that are run: the last attributed token is never read. */
  readonly length: number;
  readonly sourceLength: number;
  /** Decoder position at which each step's score is read: [steps]. */
  readonly read: Int32Array;
  /** Generated token of each step: [steps]. */
  readonly targets: Int32Array;
  readonly #budget: number;
  readonly #breathe: () => Promise<void>;

  /**
   * @param memoryBudget - bytes that the activations of a micro-batch may take
   * @param breathe - awaited between micro-batches; throws when the job was canceled
   */
  constructor(
    model: LanguageModel,
    sequence: Sequence,
    scorer: Scorer,
    counters: Counters,
    memoryBudget: number,
    breathe: () => Promise<void>,
  ) {
    this.model = model;
    this.sequence = sequence;
    this.scorer = scorer;
    this.counters = counters;
    this.#budget = memoryBudget;
    this.#breathe = breathe;
    const { sourceIds, sourceBaselineIds, targetIds, targetBaselineIds, start, end } = sequence;
    this.length = end - 1;
    this.sourceLength = sourceIds?.length ?? 0;
    this.read = Int32Array.from({ length: end - start }, (_, t) => start + t - 1);
    this.targets = targetIds.slice(start, end);
    const source = model.sourceEmbedding;
    this.sourceFeatures = source && sourceIds && tf.keep(embedIds(source, sourceIds));
    this.sourceBaseline = source && sourceBaselineIds && tf.keep(embedIds(source, sourceBaselineIds));
    this.targetFeatures = tf.keep(embedIds(model.targetEmbedding, targetIds.subarray(0, this.length)));
    this.targetBaseline = tf.keep(embedIds(model.targetEmbedding, targetBaselineIds.subarray(0, this.length)));
  }

  get steps(): number {
    return this.read.length;
  }

  /** One copy of the clean features. */
  get clean(): Features {
    return { segments: 1, source: this.sourceFeatures, target: this.targetFeatures };
  }

  dispose(): void {
    for (const tensor of [this.sourceFeatures, this.sourceBaseline, this.targetFeatures, this.targetBaseline]) {
      tensor?.dispose();
    }
  }

  /**
   * Runs the model over copies of the sequence.
   * @param read - decoder positions at which logits are read, where `features.target` is another text's
   * @returns logits [segments * steps, vocab], with the leaves that cotangents can be taken for
   */
  forward(run: Run, features: Features, requires: { source: boolean; target: boolean }, read = this.read) {
    const { hidden, source, target } = this.decode(run, features, requires);
    const selectedRows = run.ownRows(Rows.full(features.segments, this.steps));
    const logits = run.scope(() => {
      const selected = selectPositions(run, hidden, read, selectedRows);
      return this.model.head(run, selected);
    });
    return { logits, source, target };
  }

  /** As `forward`, without the head: the decoder's output [segments * positions, hidden]. */
  decode(run: Run, features: Features, requires: { source: boolean; target: boolean }) {
    const { segments } = features;
    const rows = run.ownRows(Rows.full(segments, features.target.shape[0] / segments));
    const target = run.leaf(features.target, rows, run.recording && requires.target);
    let source: Value | null = null;
    let memory: Value | null = null;
    const { encoder, decoder } = this.model;
    if (encoder !== null && features.source !== null) {
      const sourceRows = run.ownRows(Rows.full(features.source.shape[0] / this.sourceLength, this.sourceLength));
      source = run.leaf(features.source, sourceRows, run.recording && requires.source);
      memory = runStack(run, encoder, source, null);
    }
    const hidden = runStack(run, decoder, target, memory);
    this.counters.forward += segments;
    return { hidden, source, target };
  }

  /** Scores [segments, steps] of copies of the sequence, row-major. */
  async evaluate(features: Features, options: RunOptions = {}): Promise<Float32Array> {
    return this.evaluateBy(this.scorer, features, options);
  }

  /** As `evaluate`, by another function of the logits. */
  async evaluateBy(scorer: Scorer, features: Features, options: RunOptions = {}): Promise<Float32Array> {
    const scores = new Float32Array(features.segments * this.steps);
    const chunk = this.#segmentsPerForward(false);
    for (let start = 0; start < features.segments; start += chunk) {
      const count = Math.min(chunk, features.segments - start);
      const run = new Run(options);
      try {
        tf.tidy(() => {
          const { logits } = this.forward(run, this.#slice(features, start, count), { source: false, target: false });
          const values = scorer({ logits: logits.tensor, ...this.#stepRows(count, 0, this.steps) });
          scores.set(values.dataSync() as Float32Array, start * this.steps);
        });
      } finally {
        run.dispose();
      }
      await this.#breathe();
    }
    return scores;
  }

  #stepRows(segments: number, from: number, to: number): { steps: Int32Array; targets: Int32Array } {
    const count = to - from;
    const steps = Int32Array.from({ length: segments * count }, (_, row) => from + (row % count));
    return { steps, targets: steps.map((step) => this.targets[step]) };
  }

  /**
   * Gradients of every step's score with respect to the features of copies of the sequence; with `rescale`, of the
   * first half of the copies, the inputs.
   * `visit` is called in a tidy for each block of segments and steps, segments outermost.
   */
  async gradients(
    features: Features,
    wanted: { source: boolean; target: boolean },
    visit: (block: GradientBlock) => void,
    options: GradientOptions = {},
  ): Promise<void> {
    const stepBlocks = this.stepBlocks();
    const chunk = Math.min(features.segments, this.#segmentsPerForward(true));
    const segmentsTogether = options.rescale ? features.segments : chunk;
    for (let start = 0; start < features.segments; start += segmentsTogether) {
      const count = Math.min(segmentsTogether, features.segments - start);
      const named = new Map<string, Value>();
      const onValue = (name: string, value: Value): void => {
        if (options.watch?.includes(name) !== true) return;
        run.keep(value.tensor);
        named.set(name, value);
      };
      const run = new Run({ ...options, onValue, record: true });
      try {
        const pass = scoped(() => {
          const forward = this.forward(run, this.#slice(features, start, count), wanted);
          run.keep(forward.logits.tensor);
          return forward;
        });
        // Baselines are there for the rescale rule to compare with: nothing is pulled back to them.
        const pulled = options.rescale ? count / 2 : count;
        for (const [from, to] of stepBlocks) {
          this.#pullBlock(run, { ...pass, named }, start, pulled, from, to, visit);
          await this.#breathe();
        }
        this.counters.backward += options.rescale ? count / 2 : count;
      } finally {
        run.dispose();
      }
    }
  }

  #pullBlock(
    run: Run,
    pass: { logits: Value; source: Value | null; target: Value; named: Map<string, Value> },
    segmentStart: number,
    segments: number,
    from: number,
    to: number,
    visit: (block: GradientBlock) => void,
  ): void {
    const index = Int32Array.from({ length: to - from }, (_, k) => from + k);
    const steps = new Steps(this.read.slice(from, to), index, segments);
    tf.tidy(() => {
      const all = from === 0 && to === this.steps && segments === pass.logits.rows.segments;
      const logits = all ? pass.logits.tensor : this.#logitsOf(pass.logits.tensor, segments, from, to);
      const { value, grad } = this.scoreGradient(logits, segments, from, to);
      const candidates = [pass.source, pass.target, ...pass.named.values()];
      const wanted = [...new Set(candidates)].filter((value): value is Value => value?.requires === true);
      const cotangents = run.pullback(pass.logits, stepCotangent(pass.logits, grad, steps), wanted);
      const of = (value: Value | null) => (value === null ? null : (cotangents[wanted.indexOf(value)] ?? null));
      const watched = new Map<string, Watched>();
      for (const [name, value] of pass.named) {
        const side = pass.source !== null && value.rows === pass.source.rows ? 'source' : 'target';
        watched.set(name, { side, activation: value.tensor, cotangent: of(value) });
      }
      visit({
        segmentStart,
        segments,
        stepStart: from,
        steps,
        scores: value.dataSync() as Float32Array,
        source: of(pass.source)?.tensor ?? null,
        target: of(pass.target)?.tensor ?? null,
        watched,
      });
      for (const cotangent of cotangents) cotangent?.tensor.dispose();
    });
    steps.dispose();
  }

  /** Names of the model's values in the order of the pass, from a pass over one position. */
  valueNames(): string[] {
    const names: string[] = [];
    const onValue = (name: string): void => {
      if (!names.includes(name)) names.push(name);
    };
    const { sourceIds, targetIds } = this.sequence;
    tf.tidy(() => {
      this.logitsOf(sourceIds?.subarray(0, 1) ?? null, targetIds.subarray(0, 1), Int32Array.of(0), { onValue });
    });
    this.counters.forward -= 1;
    return names;
  }

  /** Named values of copies of the sequence: [segments * positions, width] each, to be disposed by the caller. */
  values(features: Features, names: readonly string[]): Map<string, Tensor2D> {
    const found = new Map<string, Tensor2D>();
    const onValue = (name: string, value: Value): void => {
      if (names.includes(name)) found.set(name, tf.keep(value.tensor.clone()));
    };
    const run = new Run({ onValue });
    tf.tidy(() => {
      this.forward(run, features, { source: false, target: false });
    });
    run.dispose();
    return found;
  }

  #logitsOf(logits: Tensor2D, segments: number, from: number, to: number): Tensor2D {
    const vocab = logits.shape[1];
    const blocks = tf.slice(tf.reshape(logits, [-1, this.steps, vocab]), [0, from, 0], [segments, to - from, vocab]);
    return tf.reshape(blocks, [segments * (to - from), vocab]);
  }

  /** Scores [rows] and their gradient [rows, vocab] with respect to logits of steps from .. to - 1. */
  scoreGradient(logits: Tensor2D, segments: number, from: number, to: number): { value: Tensor1D; grad: Tensor2D } {
    const rows = this.#stepRows(segments, from, to);
    let value: Tensor1D | null = null;
    const { grad } = tf.valueAndGrad((input: Tensor) => {
      value = tf.keep(this.scorer({ logits: input as Tensor2D, ...rows }));
      return tf.sum(value);
    })(logits);
    const kept = value as unknown as Tensor1D;
    const scores = kept.clone();
    kept.dispose();
    return { value: scores, grad: grad as Tensor2D };
  }

  /**
   * Scores after one decoder feature is replaced, for each of `positions`: only positions from the replaced one on are
   * computed; before it are those of a clean copy, which is run beside them.
   * @param replacement - features to put in place: [positions.length, hidden]
   */
  async replaceTarget(positions: Int32Array, replacement: Tensor2D): Promise<ReplacedScores> {
    const scores = new Float32Array((1 + positions.length) * this.steps).fill(Number.NaN);
    // Copy 0 is the clean one, "replaced" from its first position on by itself.
    const first = Int32Array.from([0, ...positions]);
    const features = scoped(() => {
      const own = tf.slice(this.targetFeatures, [0, 0], [1, this.model.hiddenSize]);
      return tf.keep(tf.concat2d([this.targetFeatures, own, replacement], 0));
    });
    const blocks = this.#suffixBlocks(first);
    const clean = new Run({ keepCache: blocks.length > 1 });
    try {
      for (const [start, end] of blocks) {
        const run = start === 0 ? clean : new Run({ past: clean.present });
        tf.tidy(() => this.#replaceBlock(run, first.subarray(start, end), start, features, scores));
        if (run !== clean) run.dispose();
        await this.#breathe();
      }
    } finally {
      clean.dispose();
      features.dispose();
    }
    return { clean: scores.subarray(0, this.steps), replaced: scores.subarray(this.steps) };
  }

  /** @param features - the clean features, then what copy k has in place of first[k]: [length + copies, hidden] */
  #replaceBlock(run: Run, first: Int32Array, start: number, features: Tensor2D, scores: Float32Array): void {
    const rows = run.ownRows(new Rows(this.length, first, start === 0));
    const index = rows.positions.slice();
    for (let s = 0; s < first.length; s++) index[rows.offsets[s]] = this.length + start + s;
    const input = run.leaf(tf.gather(features, indexTensor(index)), rows, false);
    const hidden = runStack(run, this.model.decoder, input, start === 0 ? this.#memory(run) : this.#noMemory(run));
    const steps: number[] = [];
    const readRows: number[] = [];
    const cells: number[] = [];
    for (let s = 0; s < first.length; s++) {
      for (let t = 0; t < this.steps; t++) {
        if (this.read[t] < first[s]) continue;
        steps.push(t);
        readRows.push(rows.rowOf(s, this.read[t]));
        cells.push((start + s) * this.steps + t);
      }
    }
    const selected = tf.gather(hidden.tensor, indexTensor(Int32Array.from(readRows)));
    const selectedRows = run.ownRows(Rows.full(1, readRows.length));
    const logits = this.model.head(run, run.leaf(selected, selectedRows, false));
    const targets = Int32Array.from(steps, (step) => this.targets[step]);
    const values = this.scorer({ logits: logits.tensor, steps: Int32Array.from(steps), targets }).dataSync();
    cells.forEach((cell, k) => {
      scores[cell] = values[k];
    });
    this.counters.forward += first.length;
  }

  /** The encoder's output for the clean source; null for decoder-only models. */
  #memory(run: Run): Value | null {
    const { encoder } = this.model;
    if (encoder === null || this.sourceFeatures === null) return null;
    const rows = run.ownRows(Rows.full(1, this.sourceLength));
    return runStack(run, encoder, run.leaf(this.sourceFeatures, rows, false), null);
  }

  /** A stand-in for the encoder's output where cross-attention keys come from the cache. */
  #noMemory(run: Run): Value | null {
    if (this.model.encoder === null) return null;
    const rows = run.ownRows(Rows.full(1, this.sourceLength));
    return run.leaf(tf.zeros([this.sourceLength, this.model.hiddenSize]), rows, false);
  }

  /** Logits [steps, vocab] of other ids read at other positions, in the caller's tidy. */
  logitsOf(sourceIds: Int32Array | null, targetIds: Int32Array, read: Int32Array, options: RunOptions = {}): Tensor2D {
    const { encoder, decoder, sourceEmbedding, targetEmbedding } = this.model;
    const run = new Run(options);
    const rows = run.ownRows(Rows.full(1, targetIds.length));
    let memory: Value | null = null;
    if (encoder !== null && sourceEmbedding !== null && sourceIds !== null) {
      const sourceRows = run.ownRows(Rows.full(1, sourceIds.length));
      memory = runStack(run, encoder, run.leaf(embedIds(sourceEmbedding, sourceIds), sourceRows, false), null);
    }
    const hidden = runStack(run, decoder, run.leaf(embedIds(targetEmbedding, targetIds), rows, false), memory);
    const selected = selectPositions(run, hidden, read, run.ownRows(Rows.full(1, read.length)));
    const logits = this.model.head(run, selected).tensor.clone();
    this.counters.forward += 1;
    run.dispose();
    return logits;
  }

  /** Blocks [from, to) of steps that are pulled back together within the budget. */
  stepBlocks(): [number, number][] {
    const { hiddenSize } = this.model;
    const blocks: [number, number][] = [];
    let from = 0;
    let rows = 0;
    for (let t = 0; t < this.steps; t++) {
      const size = this.read[t] + 1 + this.sourceLength;
      // A row of cotangents passes through the feed-forward (four times as wide) and the attention of all heads.
      const bytes = (rows + size) * (24 * hiddenSize + 8 * 16 * this.length) * FLOAT;
      if (t > from && bytes > this.#budget / 2) {
        blocks.push([from, t]);
        from = t;
        rows = 0;
      }
      rows += size;
    }
    blocks.push([from, this.steps]);
    return blocks;
  }

  /** How many copies of the sequence are worth running together for their gradients, within the budget. */
  segmentsTogether(): number {
    return this.#segmentsPerForward(true);
  }

  /** How many copies of the sequence are worth evaluating together, within the budget. */
  copiesTogether(): number {
    return this.#segmentsPerForward(false);
  }

  /** How many copies of `rows` rows a single block can run together, within the budget. */
  copiesPerBlock(rows: number): number {
    const { hiddenSize } = this.model;
    const positions = Math.max(this.length, this.sourceLength);
    const bytes = (rows * (24 * hiddenSize + 2 * 16 * positions) + 4 * positions * hiddenSize) * FLOAT;
    return Math.max(1, Math.floor(this.#budget / 2 / bytes));
  }

  #segmentsPerForward(recording: boolean): number {
    const { hiddenSize, numLayers } = this.model;
    const rows = this.length + this.sourceLength;
    const kept = recording ? numLayers : 2;
    const bytes =
      rows * kept * (16 * hiddenSize + 2 * 16 * this.length) * FLOAT + this.steps * this.model.vocabSize * 3 * FLOAT;
    let cotangents = 0;
    if (recording) for (const position of this.read) cotangents += position + 1 + this.sourceLength;
    const useful = Math.ceil(ENOUGH_ROWS / Math.max(rows, cotangents));
    return Math.max(1, Math.min(useful, Math.floor(this.#budget / 2 / bytes)));
  }

  /** Blocks of perturbed copies whose suffixes are run together. */
  #suffixBlocks(positions: Int32Array): [number, number][] {
    const { hiddenSize, vocabSize } = this.model;
    const blocks: [number, number][] = [];
    let from = 0;
    let bytes = 0;
    for (let s = 0; s < positions.length; s++) {
      const reads = this.read.filter((position) => position >= positions[s]).length;
      const rows = this.length - positions[s];
      const size = (rows * (24 * hiddenSize + 4 * 16 * this.length) + reads * vocabSize * 3) * FLOAT;
      if (s > from && bytes + size > this.#budget) {
        blocks.push([from, s]);
        from = s;
        bytes = 0;
      }
      bytes += size;
    }
    if (positions.length > from) blocks.push([from, positions.length]);
    return blocks;
  }

  #slice(features: Features, start: number, count: number): Features {
    if (count === features.segments) return features;
    const part = (tensor: Tensor2D, length: number) =>
      tensor.shape[0] === length && features.segments > 1
        ? tensor
        : tf.slice(tensor, [start * length, 0], [count * length, tensor.shape[1]]);
    return {
      segments: count,
      source: features.source && part(features.source, this.sourceLength),
      target: part(features.target, this.length),
    };
  }
}
