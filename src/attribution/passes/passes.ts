/**
 * One forward for all steps.
 *
 * The generated text is known when attribution starts and a decoder is causal, so one teacher-forced pass over prompt
 * and generation gives the logits of every step, one pullback of all steps' cotangents gives every step's gradient,
 * and one perturbed pass gives the drop of every later step. This class offers exactly these passes for one sequence,
 * in micro-batches that its plan keeps within a memory budget and that other texts' work may share.
 */

import { type Client, yieldToEventLoop } from '../../batching/dynamic-batcher.ts';
import { Fold, type Journal, type Sums } from '../../journal.ts';
import { type DecoderInput, decode, type ForwardItem, ForwardPasses } from '../../models/forward.ts';
import { embedIds, type LanguageModel } from '../../models/model.ts';
import { selectPositions } from '../../nn/elementwise.ts';
import type { Part } from '../../nn/rows.ts';
import { Run, type RunOptions, type Value } from '../../nn/run.ts';
import { enoughRows } from '../../tensors/enough-rows.ts';
import { type Tensor1D, type Tensor2D, tf } from '../../tensors/tf.ts';
import type { StepRows } from '../step-function.ts';
import { type GradientItem, GradientPasses } from './gradient-passes.ts';
import { MemoryPlan } from './memory-plan.ts';
import { type Features, type Sequence, SequenceFeatures } from './sequence-features.ts';

export interface Counters {
  /** Sequences run forward. */
  forward: number;
  /** Sequences pulled back (all steps at once). */
  backward: number;
  /** Of both, those that an earlier attempt had run; left out: none. */
  recalled?: number;
}

/** Counts what an earlier attempt had run. */
export function recall(counters: Counters, forward: number, backward: number): void {
  counters.forward += forward;
  counters.backward += backward;
  counters.recalled = (counters.recalled ?? 0) + forward + backward;
}

/** Passes of one model that its texts share. */
export class SharedPasses {
  readonly model: LanguageModel;
  readonly forward: ForwardPasses;
  readonly gradient: GradientPasses;
  readonly #budget: () => number;

  /** @param budget - bytes that the activations of a micro-batch may take now */
  constructor(model: LanguageModel, budget: () => number) {
    this.model = model;
    this.#budget = budget;
    this.forward = new ForwardPasses(model, budget);
    this.gradient = new GradientPasses(model, budget);
  }

  /** Bytes that the activations of a micro-batch may take now. */
  get memoryBudget(): number {
    return this.#budget();
  }
}

/** What a text's passes are made of. */
export interface PassesSetting {
  shared: SharedPasses;
  client: Client;
  sequence: Sequence;
  counters: Counters;
  /** Of what the text's passes give; left out: nothing is put down. */
  journal?: Journal;
}

/** Copies whose logits are read at one step each, or at every step. */
export type ReadRows = Omit<StepRows, 'logits'>;

/** Names of the values of models that were asked for them. */
const valueNames = new WeakMap<LanguageModel, readonly string[]>();

export class Passes extends SequenceFeatures {
  readonly counters: Counters;
  /** How much is run together. */
  readonly plan: MemoryPlan;
  readonly memoryBudget: number;
  readonly #shared: SharedPasses;
  readonly #client: Client;
  readonly #journal: Journal | undefined;

  constructor({ shared, client, sequence, counters, journal }: PassesSetting) {
    super(shared.model, sequence);
    this.counters = counters;
    this.memoryBudget = shared.memoryBudget;
    this.plan = new MemoryPlan(shared.model, this, shared.memoryBudget);
    this.#shared = shared;
    this.#client = client;
    this.#journal = journal;
  }

  /**
   * What passes give, or gave an earlier attempt.
   * @param size - numbers that it has
   * @param forward - sequences that `compute` counts as run forward
   */
  result<T extends Float32Array | Float64Array>(size: number, forward: number, compute: () => Promise<T>): Promise<T> {
    if (this.#journal === undefined) return compute();
    return this.#journal.result(size, compute, () => recall(this.counters, forward, 0));
  }

  /** Pieces of work that are added to sums, which another attempt may take up. */
  fold(sums: Sums): Fold {
    return this.#journal?.fold(sums, `${this.memoryBudget}/${enoughRows()}`) ?? new Fold(null);
  }

  /** A run that looks at the job's stop signal. */
  startRun(options: RunOptions = {}): Run {
    return new Run({ ...options, look: this.#client.look });
  }

  /** Lets other events of the process run, and throws when the job was stopped. */
  async yield(): Promise<void> {
    await yieldToEventLoop(this.#client.look);
  }

  /**
   * What runs through the decoder for copies of the sequence, which may all end early.
   * @param read - decoder positions at which scores are read
   */
  input({ segments, source, target }: Features, read = this.read): DecoderInput {
    return {
      features: target,
      length: target.shape[0] / segments,
      first: new Int32Array(segments),
      source: source && { features: source, segments: source.shape[0] / this.sourceLength },
      readFrom: Math.min(...read),
    };
  }

  /**
   * Scores of copies of the sequence, together with what other texts run.
   * @param select - rows that are read, counted from the first of the copies' output
   * @param score - of the logits [rows, vocab]: [rows]
   * @param options - change the pass, which then runs alone
   */
  async score(
    features: Features,
    select: (part: Part) => Int32Array,
    score: (logits: Tensor2D) => Tensor1D,
    options?: RunOptions,
  ): Promise<Float32Array> {
    const bytes = this.plan.bytesEvaluated() * features.segments;
    const scores = await this.submit({ ...this.input(features), select, score, bytes, ...(options && { options }) });
    this.counters.forward += features.segments;
    return scores;
  }

  /** Runs copies of the sequence without the head, for the attention probabilities of its blocks. */
  async watchAttention(features: Features, onProbabilities: ForwardItem['onProbabilities']): Promise<void> {
    this.counters.forward += features.segments;
    const bytes = this.plan.bytesEvaluated() * features.segments;
    const select = (): Int32Array => new Int32Array(0);
    await this.submit({ ...this.input(features), select, onProbabilities, bytes });
  }

  /** Runs one share of a forward pass, together with what other texts run. */
  async submit(item: ForwardItem): Promise<Float32Array> {
    return this.#client.submit(this.#shared.forward, item);
  }

  /** Gradients of copies of the sequence, together with what other texts run. */
  async pullBack(
    features: Features,
    item: Omit<GradientItem, keyof DecoderInput | 'read' | 'stepsOf' | 'bytes'>,
  ): Promise<void> {
    const bytes = this.plan.bytesRecorded() * features.segments;
    const { read, stepsOf } = this;
    const whole = { ...this.input(features), ...item, read, stepsOf, bytes };
    const failure = await this.#client.submit(this.#shared.gradient, whole);
    if (failure !== null) throw failure;
    this.counters.forward += features.segments;
    this.counters.backward += item.pulled;
  }

  /**
   * Runs the model over copies of the sequence. In the caller's tidy.
   * @param read - decoder positions at which logits are read, where `features.target` is another text's
   * @returns logits [segments * steps, vocab], with the leaves that cotangents can be taken for
   */
  forward(run: Run, features: Features, requires?: { source: boolean; target: boolean }, read = this.read) {
    const { hidden, source, target } = decode(run, this.model, [this.input(features, read)], requires);
    this.counters.forward += features.segments;
    return { logits: run.scope(() => this.model.head(run, selectPositions(run, hidden, [read]))), source, target };
  }

  /** Rows of logits of `segments` copies at some steps each; left out: at all. */
  stepRows(segments: number, some?: Int32Array): ReadRows {
    const count = some?.length ?? this.steps;
    const steps = Int32Array.from({ length: segments * count }, (_, row) => some?.[row % count] ?? row % count);
    return { steps, targets: steps.map((step) => this.targets[step]) };
  }

  /** Rows where the scores of every step of every copy are read, counted from the first of their output. */
  readRows = (part: Part): Int32Array => {
    const { read } = this;
    return Int32Array.from({ length: part.segments * read.length }, (_, k) =>
      part.rowOf(Math.floor(k / read.length), read[k % read.length]),
    );
  };

  /** Names of the model's values in the order of the pass, from a first pass over one position. */
  valueNames(): readonly string[] {
    const cached = valueNames.get(this.model);
    if (cached !== undefined) return cached;
    const names: string[] = [];
    const onValue = (name: string): void => {
      if (!names.includes(name)) names.push(name);
    };
    const { sourceIds, targetIds } = this.sequence;
    tf.tidy(() => {
      this.#logitsOf(sourceIds?.subarray(0, 1) ?? null, targetIds.subarray(0, 1), Int32Array.of(0), { onValue });
    });
    valueNames.set(this.model, names);
    return names;
  }

  /**
   * Named values of copies of the sequence: [segments * positions, width] each, in the last block [segments * positions
   * that are read, width]. To be disposed by the caller.
   */
  values(features: Features, names: readonly string[]): Map<string, Tensor2D> {
    const values = new Map<string, Tensor2D>();
    const onValue = (name: string, value: Value): void => {
      if (names.includes(name)) values.set(name, tf.keep(value.tensor.clone()));
    };
    using run = this.startRun({ onValue });
    try {
      tf.tidy(() => {
        this.forward(run, features);
      });
    } catch (error) {
      for (const tensor of values.values()) tensor.dispose();
      throw error;
    }
    return values;
  }

  /** Logits [steps, vocab] of other ids read at other positions, in the caller's tidy. */
  logitsOf(sourceIds: Int32Array | null, targetIds: Int32Array, read: Int32Array): Tensor2D {
    this.counters.forward += 1;
    return this.#logitsOf(sourceIds, targetIds, read, {});
  }

  #logitsOf(sourceIds: Int32Array | null, targetIds: Int32Array, read: Int32Array, options: RunOptions): Tensor2D {
    const { sourceEmbedding, targetEmbedding } = this.model;
    using run = this.startRun(options);
    const source = sourceEmbedding && sourceIds && { features: embedIds(sourceEmbedding, sourceIds), segments: 1 };
    const features = embedIds(targetEmbedding, targetIds);
    const readFrom = Math.min(...read);
    const input = { features, length: targetIds.length, first: new Int32Array(1), source, readFrom };
    const { hidden } = decode(run, this.model, [input]);
    return this.model.head(run, selectPositions(run, hidden, [read])).tensor.clone();
  }
}
