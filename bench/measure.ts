/** What the benchmarks share: a model in its own process, the matmul rate of the same run, a table. */

import { readFileSync, writeFileSync } from 'node:fs';
import { Value } from 'typebox/value';
import { type InputUnit, type MetricCall, measureMetrics } from '../src/attribution/faithfulness.ts';
import type { Counters } from '../src/attribution/passes/passes.ts';
import type { Sequence } from '../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../src/attribution/registries.ts';
import type { SequenceScores } from '../src/attribution/sequence-scores.ts';
import { soloScores, soloTask } from '../src/attribution/solo.ts';
import type { DeviceChoice } from '../src/cuda-environment.ts';
import { type LoadedModel, loadModel } from '../src/models/load.ts';
import { Random } from '../src/random.ts';
import { startBackend } from '../src/tensors/backend.ts';
import { enoughRows } from '../src/tensors/enough-rows.ts';
import { FloatMatrix } from '../src/tensors/matrix.ts';
import { read } from '../src/tensors/read.ts';
import { type Tensor2D, tf } from '../src/tensors/tf.ts';
import { limitFreeBuffers } from '../src/tensors/webgpu-buffers.ts';
import type { Shape } from './random-checkpoint.ts';

export interface Loaded {
  loaded: LoadedModel;
  backend: string;
  loadSeconds: number;
}

/** What is compared: WASM, WebGPU, and the native backend on the CPU (`tensorflow`) and on an NVIDIA GPU (`cuda`). */
export const BENCH_BACKENDS = ['auto', 'tensorflow', 'cuda', 'webgpu', 'wasm'] as const;
export type BenchBackend = (typeof BENCH_BACKENDS)[number];

/** Of the native backend. */
export function deviceOf(backend: BenchBackend): DeviceChoice {
  if (backend === 'cuda') return 'cuda';
  return backend === 'tensorflow' ? 'cpu' : 'auto';
}

export async function load(dir: string, quantization: 'int8' | 'none', choice: BenchBackend = 'auto'): Promise<Loaded> {
  limitFreeBuffers(2 ** 33);
  const { reason } = await startBackend(choice === 'cuda' ? 'tensorflow' : choice, { device: deviceOf(choice) });
  const started = performance.now();
  const loaded = await loadModel(dir, { quantization, rule: { threshold: 6, outliers: 'row' } });
  return { loaded, backend: reason, loadSeconds: (performance.now() - started) / 1000 };
}

/** Products between two reads, by which devices are waited for, and the most seconds that they are repeated for. */
const PRODUCTS = 4;
const RATE_SECONDS = 3;

/** GFLOP/s of a float32 matmul [rows, hidden] x [hidden, 4 hidden], tfjs's or our own: the best of several. */
export async function matmulRate(rows: number, hidden: number): Promise<number> {
  const a = tf.randomNormal<typeof tf.Rank.R2>([rows, hidden]);
  const b = tf.randomNormal<typeof tf.Rank.R2>([hidden, 4 * hidden]);
  const matrix = new FloatMatrix(b, true);
  const rates = [];
  for (const product of [(): Tensor2D => tf.matMul(a, b), () => matrix.multiply(a)]) {
    rates.push((2 * rows * hidden * 4 * hidden) / (await bestSeconds(product)) / 1e9);
  }
  a.dispose();
  matrix.dispose();
  return Math.max(...rates);
}

async function bestSeconds(product: () => Tensor2D): Promise<number> {
  const once = async (): Promise<number> => {
    const started = performance.now();
    for (let i = 1; i < PRODUCTS; i++) product().dispose();
    await read(() => tf.slice(product(), [0, 0], [1, 1]));
    return (performance.now() - started) / 1000 / PRODUCTS;
  };
  let [best, spent] = [await once(), 0];
  for (let run = 0; run < 6 && spent < RATE_SECONDS; run++) {
    const seconds = await once();
    best = Math.min(best, seconds);
    spent += seconds * PRODUCTS;
  }
  return best;
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
  /** Faithfulness metrics in place of a method, whose passes have told what the unchanged text scores. */
  metrics?: readonly string[];
  /** Whether all generated tokens are one span, whose summed score is the only output. */
  span?: boolean;
  /** FLOPs that the shared passes need; from the passes spent where these depend on the numbers. */
  flops: number | ((counters: Counters) => number);
  runs: number;
}

export interface Measured {
  seconds: number;
  /** Cores that were busy with it on average: fewer than there are where the machine had other work. */
  cores: number;
  counters: Counters;
}

/** Runs of a backend that compiles its programs in the first one. */
const RUNS_OF_PROGRAMS = 4;

/** The best of several runs. */
export async function measure(loaded: LoadedModel, byToken: Sequence, testCase: Case): Promise<Measured> {
  const { methods, stepFunctions } = await loadRegistries();
  const { start, end } = byToken;
  const sequence = testCase.span === true ? { ...byToken, spans: [{ start, end }] } : byToken;
  let best: Measured | null = null;
  const runs = tf.getBackend() === 'webgpu' ? Math.max(testCase.runs, RUNS_OF_PROGRAMS) : testCase.runs;
  for (let run = 0; run < runs; run++) {
    const counters: Counters = { forward: 0, backward: 0 };
    const scores = soloScores({ model: loaded.model, sequence, counters, memoryBudget: enoughRows() * 2 ** 20 });
    const measureCopies = testCase.metrics && (await prepareMetrics(scores, sequence, testCase.metrics));
    if (measureCopies) counters.forward = 0;
    const started = performance.now();
    const cpu = process.cpuUsage();
    if (measureCopies) {
      await measureCopies();
    } else if (testCase.stepFunction !== undefined) {
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
    const { user, system } = process.cpuUsage(cpu);
    if (best === null || seconds < best.seconds) best = { seconds, cores: (user + system) / 1e6 / seconds, counters };
  }
  if (best === null) throw new Error('no runs');
  return best;
}

/** Everything before the copies: their order is of random importances. */
async function prepareMetrics(scores: SequenceScores, { start }: Sequence, names: readonly string[]) {
  const { metrics, stepFunctions } = await loadRegistries();
  const calls = names.map((name): MetricCall => {
    const metric = metrics.get(name);
    if (metric === undefined) throw new Error(`no metric ${name}`);
    return { metric, args: Value.Default(metric.argsSchema, {}) as Record<string, unknown> };
  });
  const fn = stepFunctions.get('probability');
  if (fn === undefined) throw new Error('no step function probability');
  const objective = await scores.objective({ fn, args: { logprob: false }, pointer: '' }, false);
  const random = new Random(3);
  const units = Array.from({ length: start }, (_, at): InputUnit => {
    return { side: 'target', start: at, end: at + 1, importance: [random.uniform()] };
  });
  const steps = [{ passes: scores.passes, objective, clean: await objective.cleanScores() }];
  return () => measureMetrics(calls, units, steps, random, async () => {});
}

/**
 * Floating-point operations that the shared passes need on a GPT-2 shape: matrix products, and attention's products of
 * each query with the keys that it sees. Of the last block, keys and values of every position and the rest of the read
 * ones alone.
 */
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

  /** Queries, keys, values, output projection (4 h²) and feed-forward layer (8 h²) of a block. */
  #block(rows: number, parameters = 12): number {
    return 2 * parameters * this.#shape.hidden ** 2 * rows;
  }

  /** Queries at positions from .. to - 1 with `products` products of each with what it sees. */
  #attention(from: number, to: number, products: number): number {
    return 2 * products * this.#shape.hidden * visible(from, to);
  }

  #head(rows: number): number {
    return 2 * this.#shape.vocab * this.#shape.hidden * rows;
  }

  /** Blocks of positions from .. to - 1, of the last one the positions from `read` on, without the head. */
  #blocks(from: number, to: number, read: number): number {
    const whole = this.#block(to - from) + this.#attention(from, to, 2);
    const last = this.#block(to - from, 2) + this.#block(to - read, 10) + this.#attention(read, to, 2);
    return (this.#shape.layers - 1) * whole + last;
  }

  /** A copy of the text of which the positions from `from` on are run. */
  #copy(from: number): number {
    const read = Math.max(from, this.#start - 1);
    return this.#blocks(from, this.#positions, read) + this.#head(this.#positions - read);
  }

  /** One teacher-forced pass with the logits of every step. */
  get forward(): number {
    return this.#copy(0);
  }

  /** A copy of one step's prefix, read at its last position: the mean over the steps. */
  get replacedCopy(): number {
    let flops = 0;
    for (let t = 0; t < this.#steps; t++) {
      const to = this.#start + t;
      flops += this.#blocks(0, to, to - 1) + this.#head(1);
    }
    return flops / this.#steps;
  }

  /**
   * A pass without the head, the values of each head through the whole output projection, and of each edge the distance of
   * its part from the stream: of the last block from the first read position on.
   */
  get informationFlow(): number {
    const { hidden, layers, heads } = this.#shape;
    const [read, to] = [this.#start - 1, this.#positions];
    const edges = (layers - 1) * visible(0, to) + visible(read, to);
    return this.#blocks(0, to, 0) + layers * heads * 2 * to * hidden ** 2 + edges * heads * 4 * hidden;
  }

  /** The cotangent of one span of all steps: the rows that the last of them sees. */
  get backwardOfSpan(): number {
    const to = this.#positions;
    const read = this.#start - 1;
    const whole = this.#block(to) + this.#attention(0, to, 4);
    const last = this.#block(to, 2) + this.#block(to - read, 10) + this.#attention(read, to, 4);
    return this.#head(this.#steps) + (this.#shape.layers - 1) * whole + last;
  }

  /** The cotangents of every step, on the rows that each step sees. */
  get backward(): number {
    let flops = this.#head(this.#steps);
    for (let t = 0; t < this.#steps; t++) {
      const to = this.#start + t;
      const whole = this.#block(to) + this.#attention(0, to, 4);
      const last = this.#block(to, 2) + this.#block(1, 10) + this.#attention(to - 1, to, 4);
      flops += (this.#shape.layers - 1) * whole + last;
    }
    return flops;
  }

  /** Every unit of so many tokens replaced once: what follows its first token, and the logits of the steps that see it. */
  occlusion(tokens: number): number {
    let flops = this.forward;
    for (let p = 0; p < this.#positions; p += tokens) flops += this.#copy(p);
    return flops;
  }

  /**
   * Values of every unit of so many tokens zeroed once in each layer: products of attention's probabilities and values,
   * output projection and feed-forward layer of the rows where a score is read.
   */
  valueZeroing(tokens: number): number {
    const [from, to] = [this.#start - 1, this.#positions];
    const rows = to - from;
    const clean = this.#blocks(0, to, from);
    let copies = 0;
    for (let p = 0; p < this.#positions; p += tokens) copies += this.#block(rows, 9) + this.#attention(from, to, 1);
    return clean + this.#shape.layers * copies;
  }
}

/** Pairs of a query at from .. to - 1 and a key that it sees. */
function visible(from: number, to: number): number {
  return ((from + to + 1) * (to - from)) / 2;
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

const PEAK = /VmHWM:\s+(\d+) kB/;

/**
 * Starts to measure the process's peak resident memory anew; the function returned says how many megabytes it was, null
 * where the system does not tell (other than Linux).
 */
export function startPeak(): () => number | null {
  try {
    writeFileSync('/proc/self/clear_refs', '5');
  } catch {
    return () => null;
  }
  return () => {
    const [, kilobytes] = PEAK.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
    return kilobytes === undefined ? null : Math.round(Number(kilobytes) / 1024);
  };
}
