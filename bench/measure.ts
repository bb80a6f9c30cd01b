/** What the benchmarks share: a model in its own process, the matmul rate of the same run, a table. */

import { Value } from 'typebox/value';
import type { Counters } from '../src/attribution/passes/passes.ts';
import type { Sequence } from '../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../src/attribution/registries.ts';
import { soloScores, soloTask } from '../src/attribution/solo.ts';
import { type LoadedModel, loadModel } from '../src/models/load.ts';
import { Random } from '../src/random.ts';
import { startBackend } from '../src/tensors/backend.ts';
import { tf } from '../src/tensors/tf.ts';
import { blockParameters, type Shape } from './random-checkpoint.ts';

export interface Loaded {
  loaded: LoadedModel;
  backend: string;
  loadSeconds: number;
}

export async function load(dir: string, quantization: 'int8' | 'none'): Promise<Loaded> {
  const { reason } = await startBackend('auto');
  const started = performance.now();
  const loaded = await loadModel(dir, { quantization, rule: { threshold: 6, outliers: 'row' } });
  return { loaded, backend: reason, loadSeconds: (performance.now() - started) / 1000 };
}

/** GFLOP/s of a float32 matmul [rows, hidden] x [hidden, 4 hidden], the best of several. */
export function matmulRate(rows: number, hidden: number): number {
  const a = tf.randomNormal<typeof tf.Rank.R2>([rows, hidden]);
  const b = tf.randomNormal<typeof tf.Rank.R2>([hidden, 4 * hidden]);
  const once = (): number => {
    const started = performance.now();
    for (let i = 0; i < 4; i++) tf.matMul(a, b).dispose();
    return (performance.now() - started) / 4000;
  };
  once();
  const seconds = Math.min(...Array.from({ length: 6 }, once));
  a.dispose();
  b.dispose();
  return (2 * rows * hidden * 4 * hidden) / seconds / 1e9;
}

/** A forced sequence of random ids: `prompt` tokens, then `generated`. */
export function forcedSequence(shape: Shape, prompt: number, generated: number): Sequence {
  const random = new Random(7);
  const targetIds = Int32Array.from({ length: prompt + generated }, () => random.integer(shape.vocab));
  const targetBaselineIds = new Int32Array(targetIds.length).fill(shape.vocab - 1);
  return {
    sourceIds: null,
    sourceBaselineIds: null,
    targetIds,
    targetBaselineIds,
    start: prompt,
    end: targetIds.length,
    specialIds: new Set(),
  };
}

export interface Case {
  name: string;
  method: string;
  methodArgs?: Record<string, unknown>;
  /** A step score in place of a method. */
  stepFunction?: string;
  stepArgs?: Record<string, unknown>;
  /** FLOPs that the shared passes need; from the passes spent where these depend on the numbers. */
  flops: number | ((counters: Counters) => number);
  runs: number;
}

export interface Measured {
  seconds: number;
  counters: Counters;
}

/** The best of several runs. */
export async function measure(loaded: LoadedModel, sequence: Sequence, testCase: Case): Promise<Measured> {
  const { methods, stepFunctions } = await loadRegistries();
  let best: Measured | null = null;
  for (let run = 0; run < testCase.runs; run++) {
    const counters: Counters = { forward: 0, backward: 0 };
    const started = performance.now();
    const scores = soloScores({ model: loaded.model, sequence, counters, memoryBudget: 2 ** 30 });
    if (testCase.stepFunction !== undefined) {
      const fn = stepFunctions.get(testCase.stepFunction);
      if (fn === undefined) throw new Error(`no step function ${testCase.stepFunction}`);
      const args = Value.Default(fn.argsSchema, { ...testCase.stepArgs }) as Record<string, unknown>;
      await scores.score({ fn, args, pointer: '' });
    } else {
      const method = methods.get(testCase.method);
      const fn = stepFunctions.get('probability');
      if (method === undefined || fn === undefined) throw new Error(`no method ${testCase.method}`);
      const args = Value.Default(method.argsSchema, { ...testCase.methodArgs }) as Record<string, unknown>;
      const attributedFn = { fn, args: { logprob: false }, pointer: '' };
      await method.attribute(await soloTask(scores, method, { args, attributedFn, attributeTarget: true }));
    }
    scores.dispose();
    const seconds = (performance.now() - started) / 1000;
    if (best === null || seconds < best.seconds) best = { seconds, counters };
  }
  if (best === null) throw new Error('no runs');
  return best;
}

/** FLOPs of the shared passes on a GPT-2 shape. */
export class Flops {
  readonly #shape: Shape;
  readonly #positions: number;
  readonly #steps: number;
  readonly #start: number;

  constructor(shape: Shape, { start, end }: Sequence) {
    this.#shape = shape;
    this.#positions = end - 1;
    this.#steps = end - start;
    this.#start = start;
  }

  #blocks(rows: number): number {
    return 2 * blockParameters(this.#shape) * rows;
  }

  #head(rows: number): number {
    return 2 * this.#shape.vocab * this.#shape.hidden * rows;
  }

  /** One teacher-forced pass with the logits of every step. */
  get forward(): number {
    return this.#blocks(this.#positions) + this.#head(this.#steps);
  }

  /** A copy of one step's prefix, read at its last position: the mean over the steps. */
  get replacedCopy(): number {
    let rows = 0;
    for (let t = 0; t < this.#steps; t++) rows += this.#start + t;
    return this.#blocks(rows / this.#steps) + this.#head(1);
  }

  /** The cotangents of every step, on the rows that each step sees. */
  get backward(): number {
    let rows = 0;
    for (let t = 0; t < this.#steps; t++) rows += this.#start + t;
    return this.#blocks(rows) + this.#head(this.#steps);
  }

  /** Every position replaced once: what follows it, and the logits of the steps that see it. */
  get occlusion(): number {
    let flops = this.forward;
    for (let p = 0; p < this.#positions; p++) {
      const reads = Math.min(this.#steps, this.#positions - p);
      flops += this.#blocks(this.#positions - p) + this.#head(reads);
    }
    return flops;
  }
}

/** Prints rows under a head, columns padded to their widest cell. */
export function table(head: string[], rows: string[][]): void {
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells: string[]): string => cells.map((cell, column) => cell.padStart(widths[column])).join('  ');
  console.log(line(head));
  console.log(widths.map((width) => '-'.repeat(width)).join('  '));
  for (const row of rows) console.log(line(row));
}

export const peakMegabytes = (): string => `${Math.round(process.resourceUsage().maxRSS / 1024)} MB`;
