/**
 * Weights of one model, taken from a checkpoint by their path there and kept on the device until disposed.
 *
 * Quantization happens here, matrix by matrix as they are read, so that a model never exists as floats.
 */

import { halvesHoldNaN } from '../checkpoints/dtypes.ts';
import { CheckpointError } from '../checkpoints/errors.ts';
import type { Checkpoint } from '../checkpoints/safetensors.ts';
import type { Linear } from '../nn/linear.ts';
import type { LayerNorm, RmsNorm } from '../nn/norm.ts';
import { widenHalf } from '../tensors/half.ts';
import { canQuantizeOnDevice } from '../tensors/int8-kernels.ts';
import { FloatMatrix, Int8Matrix, type Matrix, type OutlierRule } from '../tensors/matrix.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../tensors/tf.ts';

export type Quantization = 'int8' | 'none';

export interface WeightOptions {
  quantization: Quantization;
  rule: OutlierRule;
  /** Called after each tensor is loaded, with the bytes read so far and in all. */
  onProgress?: (loaded: number, total: number) => void;
  /**
   * Tensors have their shapes and no numbers: what a model would be is found out without reading its weights. Nothing
   * can be computed with such a model.
   */
  shapesOnly?: boolean;
}

export interface Embedding {
  /** Path of the module, without `.weight`. */
  readonly name: string;
  /** Path that its matrix was stored under: another than `name` where several modules share it. */
  readonly stored: string;
  /** [vocab, hidden] */
  readonly table: Tensor2D;
  readonly scale: number;
}

export class Weights {
  readonly #checkpoint: Checkpoint;
  readonly #options: WeightOptions;
  readonly #tensors = new Map<string, Tensor>();
  readonly #matrices = new Map<string, Matrix>();
  /** Prefixes of paths, and what the checkpoint has in their place. */
  readonly #aliases: [prefix: string, stored: string][] = [];
  #loaded = 0;
  /** Numbers in the tensors that were taken. */
  parameters = 0;
  /** Bytes held on the device. */
  bytes = 0;
  /** Positions that the tables which were taken have rows of; Infinity: none was. */
  positions = Number.POSITIVE_INFINITY;

  constructor(checkpoint: Checkpoint, options: WeightOptions) {
    this.#checkpoint = checkpoint;
    this.#options = options;
  }

  /** As of `LanguageModel`. */
  get rowwise(): boolean {
    return [...this.#matrices.values()].every((matrix) => matrix.rowwise);
  }

  get quantization(): Quantization {
    return this.#options.quantization;
  }

  /** Lets paths that start with `prefix` be found in checkpoints that were saved without it (base models). */
  allowMissingPrefix(prefix: string, probe: string): void {
    this.aliasPrefix(prefix, [''], probe);
  }

  /** Lets paths that start with `prefix` be found where the checkpoint has `probe`: behind one of other prefixes. */
  aliasPrefix(prefix: string, others: readonly string[], probe: string): void {
    if (this.has(prefix + probe)) return;
    const alias = others.find((other) => this.#checkpoint.has(other + probe));
    if (alias !== undefined) this.#aliases.push([prefix, alias]);
  }

  #path(name: string): string {
    const alias = this.#aliases.find(([prefix]) => name.startsWith(prefix));
    return alias === undefined ? name : alias[1] + name.slice(alias[0].length);
  }

  has(name: string): boolean {
    return this.#checkpoint.has(this.#path(name));
  }

  /** Whether two stored tensors hold the same numbers; without numbers: no. */
  same(name: string, other: string): boolean {
    return this.#options.shapesOnly !== true && this.#checkpoint.same(this.#path(name), this.#path(other));
  }

  /** An error that names the checkpoint. */
  fault(detail: string): CheckpointError {
    return new CheckpointError(this.#checkpoint.dir, detail);
  }

  #count(path: string): void {
    const { shape, bytes } = this.#checkpoint.info(path);
    this.parameters += shape.reduce((product, size) => product * size, 1);
    this.#loaded += bytes;
    this.#options.onProgress?.(this.#loaded, this.#checkpoint.totalBytes);
  }

  /** A tensor in float32, any shape. */
  tensor(name: string): Tensor {
    const loaded = this.#tensors.get(name);
    if (loaded !== undefined) return loaded;
    const path = this.#path(name);
    const { shape } = this.#checkpoint.info(path);
    const tensor = tf.keep(this.#float(path, shape));
    this.#tensors.set(name, tensor);
    this.#count(path);
    this.bytes += tensor.size * 4;
    return tensor;
  }

  /** A table that is computed and not stored (sinusoidal positions), freed with the weights. */
  computed<T extends Tensor>(name: string, make: () => T): T {
    const tensor = tf.keep(tf.tidy(make));
    if (this.#options.shapesOnly === true) {
      tensor.dispose();
      return tensor;
    }
    this.#tensors.set(`computed ${name}`, tensor);
    this.bytes += tensor.size * 4;
    return tensor;
  }

  /** A stored tensor in float32, to be disposed; half precision is widened on the device where that can be. */
  #float(path: string, shape: readonly number[]): Tensor {
    const { dtype } = this.#checkpoint.info(path);
    if (this.#options.shapesOnly === true) {
      this.#checkpoint.expectFloat(path);
      return new tf.Tensor([...shape], 'float32', {}, -1);
    }
    if (dtype === 'F16' || dtype === 'BF16') {
      const raw = this.#checkpoint.readRaw(path);
      if (halvesHoldNaN(dtype, raw)) throw this.#checkpoint.notNumbers(path);
      const widened = widenHalf(raw, dtype, shape);
      if (widened !== null) return widened;
    }
    const floats = this.#checkpoint.readF32(path);
    for (const value of floats) if (Number.isNaN(value)) throw this.#checkpoint.notNumbers(path);
    return tf.tensor(floats, [...shape]);
  }

  vector(name: string): Tensor1D {
    return this.tensor(name) as Tensor1D;
  }

  /** `name.weight` as a table of embeddings; `scale` multiplies what is looked up. */
  embedding(name: string, scale = 1): Embedding {
    return { name, stored: name, table: this.tensor(`${name}.weight`) as Tensor2D, scale };
  }

  /** `name.weight` as a table of positions, the first of which is in row `offset`: [offset + positions, width] */
  positionTable(name: string, offset = 0): Tensor2D {
    const { table } = this.embedding(name);
    this.positions = Math.min(this.positions, table.shape[0] - offset);
    return table;
  }

  /**
   * `name.weight` and, where it exists, `name.bias`.
   * @param options.inputMajor - the weight is stored [in, out] (GPT-2's Conv1D)
   * @param options.quantize - false for layers that stay float in an int8 model (lm_head)
   */
  linear(name: string, options: { inputMajor?: boolean; quantize?: boolean } = {}): Linear {
    const matrix = this.#matrix(`${name}.weight`, options.inputMajor ?? false, options.quantize ?? true);
    return { name, matrix, bias: this.has(`${name}.bias`) ? this.vector(`${name}.bias`) : null };
  }

  /** Linear layers that stand side by side in one module. */
  linears(path: string, names: readonly string[]): Linear[] {
    return names.map((name) => this.linear(`${path}.${name}`));
  }

  /** The output layer that shares its matrix with an embedding. */
  tied(name: string, embedding: Embedding, bias: Tensor1D | null = null): Linear {
    return { name, matrix: new FloatMatrix(embedding.table, false), bias };
  }

  layerNorm(name: string, epsilon: number): LayerNorm {
    const bias = this.has(`${name}.bias`) ? this.vector(`${name}.bias`) : null;
    return { name, weight: this.vector(`${name}.weight`), bias, epsilon };
  }

  /** `offset` is added to the weight (1 in Gemma). */
  rmsNorm(name: string, epsilon: number, offset = 0): RmsNorm {
    const weight = this.vector(`${name}.weight`);
    if (offset === 0 || this.#options.shapesOnly === true) return { name, weight, epsilon };
    const shifted = tf.keep(tf.add(weight, offset) as Tensor1D);
    this.#tensors.set(`${name}.weight+${offset}`, shifted);
    return { name, weight: shifted, epsilon };
  }

  #matrix(name: string, inputMajor: boolean, quantize: boolean): Matrix {
    const loaded = this.#matrices.get(name);
    if (loaded !== undefined) return loaded;
    const path = this.#path(name);
    const { shapesOnly = false } = this.#options;
    const { shape, dtype } = this.#checkpoint.info(path);
    const stored = shapesOnly && dtype !== 'I8' ? null : this.#checkpoint.int8(path);
    const [rows, columns] = shape;
    let matrix: Matrix;
    if (stored !== null) {
      matrix = Int8Matrix.stored(stored.cb, stored.scb, columns, this.#options.rule);
    } else if (quantize && this.#options.quantization === 'int8' && !shapesOnly) {
      matrix = this.#quantized(path, [rows, columns], inputMajor);
    } else {
      matrix = new FloatMatrix(this.#float(path, [rows, columns]) as Tensor2D, inputMajor);
    }
    this.#matrices.set(name, matrix);
    this.#count(path);
    this.bytes += matrix.bytes;
    return matrix;
  }

  /** A stored float weight in int8: on the device where our kernels run, else before it goes there. */
  #quantized(path: string, shape: [number, number], inputMajor: boolean): Int8Matrix {
    const { rule } = this.#options;
    if (canQuantizeOnDevice()) {
      const weight = this.#float(path, shape) as Tensor2D;
      const matrix = Int8Matrix.quantizeOnDevice(weight, inputMajor, rule);
      weight.dispose();
      if (matrix !== null) return matrix;
    }
    return Int8Matrix.quantize(this.#checkpoint.readF32(path), shape, inputMajor, rule);
  }

  dispose(): void {
    for (const tensor of this.#tensors.values()) tensor.dispose();
    for (const matrix of this.#matrices.values()) matrix.dispose();
    this.#tensors.clear();
    this.#matrices.clear();
  }
}
