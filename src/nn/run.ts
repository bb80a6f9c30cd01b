/**
 * One forward pass through a model, and the record from which cotangents are pulled back.
 *
 * tfjs's own tape re-runs the forward for every gradient and has no place for several cotangents of one activation.
 * Here each block of nn/ does its forward and hands over its pullback, which takes the cotangents of *all* generated
 * tokens at once, as rows (step, position). Activations are saved once, by position; a pullback looks up the rows that
 * it needs. The record can be pulled back any number of times until the run is disposed.
 */

import { multiplyRowsByKernel } from '../tensors/block-kernels.ts';
import { type Tensor, type Tensor2D, tf } from '../tensors/tf.ts';
import type { AttentionHooks } from './attention.ts';
import type { KeyValueCache } from './cache.ts';
import type { Linear } from './linear.ts';
import type { CotangentRows, Rows, Steps } from './rows.ts';

/** An activation: a matrix [rows, width] and what its rows are. */
export class Value {
  readonly tensor: Tensor2D;
  readonly rows: Rows;
  /** True when it depends on something that cotangents are wanted for. */
  readonly requires: boolean;

  constructor(tensor: Tensor2D, rows: Rows, requires: boolean) {
    this.tensor = tensor;
    this.rows = rows;
    this.requires = requires;
  }
}

/** Cotangents of a Value: [cotangent rows, width]. */
export interface Cotangent {
  readonly tensor: Tensor2D;
  readonly rows: CotangentRows;
}

/** Cotangents of a record's outputs to cotangents of its inputs, null where there are none. Runs in a tidy. */
export type Pullback = (outputs: (Cotangent | null)[]) => (Cotangent | null)[];

interface Recorded {
  inputs: readonly Value[];
  outputs: readonly Value[];
  pull: Pullback;
}

/** What a run is asked to do apart from computing. */
export interface RunOptions {
  /** Keep what pullbacks need. */
  record?: boolean;
  /** Keys and values of each part's earlier positions, by attention block: [parts]. */
  past?: readonly KeyValueCache[];
  /** Add the keys and values of this run's rows to `past`, which thereby belongs to what the rows continue. */
  growPast?: boolean;
  /** Keep the keys and values of this run's rows in `present`. */
  keepCache?: boolean;
  /** Called between the ops of a pass, whatever its length; throws when the work was canceled. */
  look?: () => void;
  /** Draws dropout masks: training mode, for Monte Carlo dropout. */
  dropout?: (shape: number[], rate: number) => Tensor;
  /** Called with every named value: block outputs, named by their path in the checkpoint. */
  onValue?: (name: string, value: Value) => void;
  /** Called with every linear layer, before it is applied. */
  onLinear?: (layer: Linear) => void;
  /** Gives another tensor for a named value, which becomes a leaf that cotangents are wanted for; null: leave it. */
  replace?: (name: string, value: Value) => Tensor2D | null;
  attention?: AttentionHooks;
  /** DeepLIFT: segment pairs [inputs; baselines] whose activations use the rescale rule (Shrikumar et al. 2017). */
  rescale?: boolean;
}

export class Run {
  readonly options: RunOptions;
  /** Keys and values that `keepCache` keeps: [parts]. */
  readonly present: KeyValueCache[] = [];
  readonly #records: Recorded[] = [];
  readonly #kept: Tensor[] = [];
  readonly #rows: Rows[] = [];

  constructor(options: RunOptions = {}) {
    this.options = options;
  }

  get recording(): boolean {
    return this.options.record === true;
  }

  /** A look at the stop signal: throws when the work was canceled. */
  look(): void {
    this.options.look?.();
  }

  /** Where `keepCache` keeps the keys and values of a part. */
  presentOf(part: number): KeyValueCache {
    while (this.present.length <= part) this.present.push(new Map());
    return this.present[part];
  }

  /** Rows that are disposed with the run. */
  ownRows(rows: Rows): Rows {
    this.#rows.push(rows);
    return rows;
  }

  /** An input of the run. `requires`: cotangents are wanted for it or for what follows from it. */
  leaf(tensor: Tensor2D, rows: Rows, requires = this.recording): Value {
    return new Value(this.keep(tensor.clone()), rows, requires);
  }

  /** Keeps a tensor until the run is disposed. */
  keep<T extends Tensor>(tensor: T): T {
    this.#kept.push(tf.keep(tensor));
    return tensor;
  }

  /** The value of an op with one output; records its pullback if an input requires one. */
  apply(inputs: readonly Value[], tensor: Tensor2D, rows: Rows, pull: () => Pullback): Value {
    this.look();
    const requires = this.recording && inputs.some((input) => input.requires);
    const value = new Value(tensor, rows, requires);
    if (requires) this.#records.push({ inputs, outputs: [value], pull: pull() });
    return value;
  }

  /** As `apply`, for an op with several outputs. */
  applyMany(inputs: readonly Value[], tensors: readonly Tensor2D[], rows: Rows, pull: () => Pullback): Value[] {
    const requires = this.recording && inputs.some((input) => input.requires);
    const values = tensors.map((tensor) => new Value(tensor, rows, requires));
    if (requires) this.#records.push({ inputs, outputs: values, pull: pull() });
    return values;
  }

  /** Names a value by its path in the checkpoint, for layer methods. */
  name(path: string, value: Value): Value {
    const other = this.options.replace?.(path, value) ?? null;
    const result = other === null ? value : this.leaf(other, value.rows, this.recording);
    this.options.onValue?.(path, result);
    return result;
  }

  /** Runs `body`, freeing every tensor that it does not keep or return. */
  scope(body: () => Value): Value {
    let value: Value | null = null;
    tf.tidy(() => {
      value = body();
      return value.tensor;
    });
    return value as unknown as Value;
  }

  /**
   * Pulls the cotangents of `output` back to `wanted`. The caller owns the cotangents returned (and `seed`).
   * @returns one cotangent for each wanted value, null where the output does not depend on it.
   */
  pullback(output: Value, seed: Cotangent, wanted: readonly Value[]): (Cotangent | null)[] {
    const pending = new Map<Value, Cotangent>();
    const found = new Map<Value, Cotangent>();
    pending.set(output, { tensor: tf.keep(seed.tensor.clone()), rows: seed.rows });
    try {
      for (let r = this.#records.length - 1; r >= 0; r--) this.#pullRecord(this.#records[r], wanted, pending, found);
    } catch (error) {
      for (const { tensor } of [...pending.values(), ...found.values()]) tensor.dispose();
      throw error;
    }
    const results = wanted.map((value) => found.get(value) ?? pending.get(value) ?? null);
    for (const [value, cotangent] of pending) if (!wanted.includes(value)) cotangent.tensor.dispose();
    return results;
  }

  /** Takes the pending cotangents of a record's outputs on to its inputs. */
  #pullRecord(
    record: Recorded,
    wanted: readonly Value[],
    pending: Map<Value, Cotangent>,
    found: Map<Value, Cotangent>,
  ): void {
    if (!record.outputs.some((value) => pending.has(value))) return;
    this.look();
    const arriving = record.outputs.map((value) => pending.get(value) ?? null);
    const replaced: Cotangent[] = [];
    tf.tidy(() => {
      const inputs = record.pull(arriving);
      for (let i = 0; i < inputs.length; i++) {
        const cotangent = inputs[i];
        if (cotangent === null || !record.inputs[i].requires) continue;
        const before = pending.get(record.inputs[i]);
        const sum = before === undefined ? cotangent : addCotangents(before, cotangent);
        // A pass-through returns the arriving tensor itself: take a reference of its own.
        pending.set(record.inputs[i], { tensor: tf.keep(sum.tensor.clone()), rows: sum.rows });
        if (before !== undefined) replaced.push(before);
      }
    });
    for (const { tensor } of replaced) tensor.dispose();
    for (const value of record.outputs) {
      const done = pending.get(value);
      if (done === undefined) continue;
      pending.delete(value);
      if (wanted.includes(value)) found.set(value, done);
      else done.tensor.dispose();
    }
  }

  /** Frees everything that the run keeps; its values are unusable after it. */
  dispose(): void {
    for (const tensor of this.#kept) tensor.dispose();
    for (const rows of this.#rows) rows.dispose();
    this.#kept.length = 0;
    this.#records.length = 0;
    this.present.length = 0;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }
}

/** The sum of two cotangents of one value; the rows of one may be a part of the other's. Call in a tidy. */
function addCotangents(a: Cotangent, b: Cotangent): Cotangent {
  if (a.rows === b.rows) return { tensor: tf.add(a.tensor, b.tensor), rows: a.rows };
  const [few, many] = a.rows.kind === 'read' ? [a, b] : [b, a];
  return { tensor: tf.add(many.tensor, widen(few, many.rows)), rows: many.rows };
}

/** The cotangent with rows of zeros where `rows` has more than its own. Call in a tidy. */
export function widen(cotangent: Cotangent, rows: CotangentRows): Tensor2D {
  if (cotangent.rows === rows) return cotangent.tensor;
  if (cotangent.rows.kind !== 'read') throw new Error(`${cotangent.rows.kind} rows cannot be widened to ${rows.kind}`);
  const index = cotangent.rows.indexWithin(rows);
  return tf.scatterND(tf.reshape(index, [-1, 1]), cotangent.tensor, [rows.count, cotangent.tensor.shape[1]]);
}

/** Rows of a saved activation [forward rows, ...] that a cotangent's rows belong to. Call in a tidy. */
export function lookUp<T extends Tensor>(saved: T, rows: CotangentRows): T {
  return rows.identity ? saved : tf.gather(saved, rows.rowIndex);
}

/** The cotangent times the rows of a saved activation [forward rows, width] that its rows belong to. Call in a tidy. */
export function multiplySaved(dy: Cotangent, saved: Tensor2D): Cotangent {
  const { tensor, rows } = dy;
  if (rows.identity) return { tensor: tf.mul(tensor, saved), rows };
  return { tensor: multiplyRowsByKernel(tensor, saved, rows.rowIndex) ?? tf.mul(tensor, lookUp(saved, rows)), rows };
}

/** The seed of a pullback: one cotangent row for each (segment, step) of a value that `selectPositions` made. */
export function stepCotangent(value: Value, tensor: Tensor2D, steps: Steps): Cotangent {
  return { tensor, rows: steps.rows(value.rows, 'step') };
}
