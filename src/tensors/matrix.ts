/**
 * The weight of a linear layer, in float32 or int8, behind one interface.
 *
 * Int8 follows LLM.int8 (Dettmers et al. 2022, arXiv:2208.07339) as bitsandbytes computes it: weights are scaled per
 * output row by their absolute maximum (`SCB`), activations per row by theirs, the product is an integer product, and
 * activations of magnitude `threshold` and more take part in floating point. The backward pass is straight-through:
 * the cotangent times the dequantized weight. Weights stay one byte each for their whole life.
 */

import { dequantize, disposeBytes, type Int8Bytes, storeInt8 } from './int8-bytes.ts';
import { multiplyByKernel, quantizeByKernel, widenByKernel } from './int8-kernels.ts';
import { roundToHalf } from './ops.ts';
import { quantizeRows } from './quantize.ts';
import { type Tensor1D, type Tensor2D, tf } from './tf.ts';

/** The weight of y = x Wᵀ, with W [out, in]. Calls allocate in the caller's tidy. */
export interface Matrix {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Bytes held on the device. */
  readonly bytes: number;
  /** x [rows, in] -> x Wᵀ + bias [rows, out] */
  multiply(x: Tensor2D, bias?: Tensor1D | null): Tensor2D;
  /** dy [rows, out] -> dy W [rows, in] */
  pullback(dy: Tensor2D): Tensor2D;
  /** W itself, [out, in]. */
  toTensor(): Tensor2D;
  dispose(): void;
}

export class FloatMatrix implements Matrix {
  readonly #weight: Tensor2D;
  /** True: the tensor is [in, out] (Conv1D layout), else [out, in]. */
  readonly #inputMajor: boolean;

  constructor(weight: Tensor2D, inputMajor: boolean) {
    this.#weight = tf.keep(weight);
    this.#inputMajor = inputMajor;
  }

  get inFeatures(): number {
    return this.#weight.shape[this.#inputMajor ? 0 : 1];
  }

  get outFeatures(): number {
    return this.#weight.shape[this.#inputMajor ? 1 : 0];
  }

  get bytes(): number {
    return this.#weight.size * 4;
  }

  multiply(x: Tensor2D, bias: Tensor1D | null = null): Tensor2D {
    return withBias(tf.matMul(x, this.#weight, false, !this.#inputMajor), bias);
  }

  pullback(dy: Tensor2D): Tensor2D {
    return tf.matMul(dy, this.#weight, false, this.#inputMajor);
  }

  toTensor(): Tensor2D {
    return this.#inputMajor ? tf.transpose(this.#weight) : this.#weight.clone();
  }

  dispose(): void {
    this.#weight.dispose();
  }
}

function withBias(product: Tensor2D, bias: Tensor1D | null): Tensor2D {
  return bias === null ? product : tf.add(product, bias);
}

// bitsandbytes' constants, to the digits that it computes with.
const INVERSE_127_SQUARED = 6.200124e-5;
const INVERSE_127 = 7.874015718698502e-3;

/** Which activations leave the integer product. */
export interface OutlierRule {
  /** Magnitude from which an activation is an outlier; 0: none are. */
  threshold: number;
  /**
   * `row`: the outlier entries of each row, whatever the other rows hold: causal and independent of the batch.
   * `batch`: bitsandbytes' rule, every column in which any row of the batch has one.
   */
  outliers: 'row' | 'batch';
}

/** Codes of W [out, in] and the absolute maximum of each of its rows (`SCB`): [out]. */
interface Int8Weight {
  bytes: Int8Bytes;
  scale: Tensor1D;
}

export class Int8Matrix implements Matrix {
  readonly inFeatures: number;
  readonly outFeatures: number;
  readonly rule: OutlierRule;
  readonly #weight: Int8Weight;

  /** Takes the weight over. */
  constructor(weight: Int8Weight, rule: OutlierRule) {
    [this.outFeatures, this.inFeatures] = weight.bytes.shape;
    this.rule = rule;
    this.#weight = { bytes: weight.bytes, scale: tf.keep(weight.scale) };
  }

  /**
   * Quantizes a weight row by row.
   * @param weight - [out, in], or [in, out] where `inputMajor` (GPT-2's Conv1D)
   */
  static quantize(weight: Tensor2D, inputMajor: boolean, rule: OutlierRule): Int8Matrix {
    const made = quantizeByKernel(weight, inputMajor);
    if (made !== null) return new Int8Matrix(made, rule);
    const [rows, columns] = weight.shape;
    // A copy: rounding to float16 happens in place.
    const values = (weight.dataSync() as Float32Array).slice();
    const { codes, scale } = quantizeRows(values, rows, columns, inputMajor);
    return Int8Matrix.stored(codes, scale, inputMajor ? rows : columns, rule);
  }

  /**
   * A weight that is quantized already.
   * @param codes - row-major [out, in]
   * @param scale - `SCB`: [out]
   */
  static stored(codes: Int8Array, scale: Float32Array, inFeatures: number, rule: OutlierRule): Int8Matrix {
    return new Int8Matrix({ bytes: storeInt8(codes, [scale.length, inFeatures]), scale: tf.tensor1d(scale) }, rule);
  }

  get bytes(): number {
    return this.inFeatures * this.outFeatures + this.outFeatures * 4;
  }

  multiply(x: Tensor2D, bias: Tensor1D | null = null): Tensor2D {
    return multiplyByKernel(x, this.#weight, bias, this.rule) ?? withBias(this.#multiply(x), bias);
  }

  #multiply(x: Tensor2D): Tensor2D {
    const { bytes, scale } = this.#weight;
    const codes = dequantize(bytes);
    const rounded = roundToHalf(x);
    const outliers = this.#outliers(rounded);
    const inner = outliers === null ? rounded : tf.where(outliers.entries, tf.zerosLike(rounded), rounded);
    // A row of zeros has no scale: dividing by 1 leaves it zero.
    const absmax = tf.max(tf.abs(inner), 1, true);
    const safe = tf.where(tf.equal(absmax, 0), tf.onesLike(absmax), absmax);
    let quantized = tf.round(tf.mul(inner, tf.mul(tf.div(1, safe), 127))) as Tensor2D;
    if (outliers?.columns) quantized = tf.mul(quantized, outliers.columns);
    const product = tf.matMul(quantized, codes, false, true);
    const output = tf.mul(tf.mul(product, tf.mul(absmax, INVERSE_127_SQUARED)), scale) as Tensor2D;
    if (outliers === null) return output;
    const columns = tf.tensor1d(outliers.index, 'int32');
    const outlying = tf.gather(
      outliers.columns === null ? tf.where(outliers.entries, x, tf.zerosLike(x)) : x,
      columns,
      1,
    );
    const exact = tf.matMul(outlying, tf.gather(codes, columns, 1), false, true);
    return tf.add(output, tf.mul(exact, tf.mul(scale, INVERSE_127)));
  }

  /** The outliers of a batch, or null. `columns` is 0 where a whole column is one (rule `batch`), else null. */
  #outliers(x: Tensor2D): { entries: Tensor2D; index: Int32Array; columns: Tensor1D | null } | null {
    const { threshold, outliers } = this.rule;
    if (threshold <= 0) return null;
    const magnitude = tf.max(tf.abs(x), 0).dataSync();
    const index = Int32Array.from(Array.from(magnitude.keys()).filter((column) => magnitude[column] >= threshold));
    if (index.length === 0) return null;
    const entries = tf.greaterEqual(tf.abs(x), threshold) as Tensor2D;
    if (outliers === 'row') return { entries, index, columns: null };
    const keep = new Float32Array(x.shape[1]).fill(1);
    for (const column of index) keep[column] = 0;
    return { entries, index, columns: tf.tensor1d(keep) };
  }

  pullback(dy: Tensor2D): Tensor2D {
    const { bytes, scale } = this.#weight;
    const widened = widenByKernel(this.#weight);
    if (widened !== null) return tf.matMul(dy, widened);
    return tf.matMul(tf.mul(dy, tf.mul(scale, 1 / 127)) as Tensor2D, dequantize(bytes));
  }

  toTensor(): Tensor2D {
    const { bytes, scale } = this.#weight;
    return widenByKernel(this.#weight) ?? tf.mul(dequantize(bytes), tf.reshape(tf.mul(scale, 1 / 127), [-1, 1]));
  }

  dispose(): void {
    disposeBytes(this.#weight.bytes);
    this.#weight.scale.dispose();
  }
}
