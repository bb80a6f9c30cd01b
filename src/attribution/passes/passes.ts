/**
 * One forward for all steps.
 *
 * The generated text is known when attribution starts and a decoder is causal, so one teacher-forced pass over prompt
 * and generation gives the logits of every step, one pullback of all steps' cotangents gives every step's gradient,
 * and one perturbed pass gives the drop of every later step. This class offers exactly these passes, for one sequence,
 * in micro-batches that its plan keeps within a memory budget.
 */

import { embedIds, type LanguageModel, runStack } from '../../models/model.ts';
import { selectPositions } from '../../nn/elementwise.ts';
import { indexTensor, Rows, Steps } from '../../nn/rows.ts';
import { type Cotangent, Run, type RunOptions, stepCotangent, type Value } from '../../nn/run.ts';
import { scoped } from '../../tensors/ops.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../tensors/tf.ts';
import type { Scorer } from '../step-function.ts';
import { MemoryPlan } from './memory-plan.ts';
import { type ReplacedScores, scoreReplaced } from './suffix-copies.ts';

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

/** Names of the values of models that were asked for them. */
const valueNames = new WeakMap<LanguageModel, readonly string[]>();

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
  /** How much is run together. */
  readonly plan: MemoryPlan;
  /** Awaited between micro-batches; throws when the job was canceled. */
  readonly breathe: () => Promise<void>;

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
    this.breathe = breathe;
    const { sourceIds, sourceBaselineIds, targetIds, targetBaselineIds, start, end } = sequence;
    this.length = end - 1;
    this.sourceLength = sourceIds?.length ?? 0;
    this.read = Int32Array.from({ length: end - start }, (_, t) => start + t - 1);
    this.targets = targetIds.slice(start, end);
    this.plan = new MemoryPlan(model, this, memoryBudget);
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
    const chunk = this.plan.copiesEvaluated();
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
      await this.breathe();
    }
    return scores;
  }

  /**
   * Scores of copies of the sequence at one step each: [segments]
   * @param features - of copies that may all end after the last position that is read
   */
  async evaluateSteps(scorer: Scorer, features: Features, steps: Int32Array): Promise<Float32Array> {
    const run = new Run();
    try {
      return tf.tidy(() => {
        const { hidden } = this.decode(run, features, { source: false, target: false });
        const index = Int32Array.from(steps, (step, segment) => hidden.rows.rowOf(segment, this.read[step]));
        const rows = run.ownRows(Rows.full(1, steps.length));
        const selected = run.leaf(tf.gather(hidden.tensor, indexTensor(index)), rows, false);
        const { tensor: logits } = this.model.head(run, selected);
        return scorer({ logits, steps, targets: steps.map((step) => this.targets[step]) }).dataSync() as Float32Array;
      });
    } finally {
      run.dispose();
      await this.breathe();
    }
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
    const stepBlocks = this.plan.stepBlocks();
    const chunk = Math.min(features.segments, this.plan.copiesRecorded());
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
          await this.breathe();
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

  /** Names of the model's values in the order of the pass, from a first pass over one position. */
  valueNames(): readonly string[] {
    const known = valueNames.get(this.model);
    if (known !== undefined) return known;
    const names: string[] = [];
    const onValue = (name: string): void => {
      if (!names.includes(name)) names.push(name);
    };
    const { sourceIds, targetIds } = this.sequence;
    tf.tidy(() => {
      this.logitsOf(sourceIds?.subarray(0, 1) ?? null, targetIds.subarray(0, 1), Int32Array.of(0), { onValue });
    });
    this.counters.forward -= 1;
    valueNames.set(this.model, names);
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
   * Scores after one decoder feature is replaced, for each of `positions`.
   * @param replacement - features to put in place: [positions.length, hidden]
   */
  async replaceTarget(positions: Int32Array, replacement: Tensor2D): Promise<ReplacedScores> {
    return scoreReplaced(this, positions, replacement);
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
