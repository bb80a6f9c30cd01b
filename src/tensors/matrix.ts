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
import { usesPrograms } from './kernels.ts';
import { multiplyRows, roundToHalf } from './ops.ts';
import { productByKernel } from './product-kernel.ts';
import { quantizeRows } from './quantize.ts';
import { type Tensor1D, type Tensor2D, tf } from './tf.ts';
import { roundRows } from './webgpu-int8.ts';
import { multiplyByProgram } from './webgpu-products.ts';

/** The weight of y = x Wᵀ, with W [out, in]. Calls allocate in the caller's tidy. */
export interface Matrix {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** Bytes held on the device. */
  readonly bytes: number;
  /** Whether each row's product is its own; false: of int8 under the rule `batch`, where rows share outlier columns. */
  readonly rowwise: boolean;
  /** x [rows, in] -> x Wᵀ + bias [rows, out] */
  multiply(x: Tensor2D, bias?: Tensor1D | null): Tensor2D;
  /** dy [rows, out] -> dy W [rows, in] */
  pullback(dy: Tensor2D): Tensor2D;
  /** W itself, [out, in]. */
  toTensor(): Tensor2D;
  dispose(): void;
}

export class FloatMatrix implements Matrix {
  readonly rowwise = true;
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
    return this.#product(x, !this.#inputMajor, bias);
  }

  pullback(dy: Tensor2D): Tensor2D {
    return this.#product(dy, this.#inputMajor, null);
  }

  /** Not by TensorFlow's own product where there is another: its rows are rounded by how many there are. */
  #product(x: Tensor2D, transposed: boolean, bias: Tensor1D | null): Tensor2D {
    const weight = this.#weight;
    if (usesPrograms()) {
      const columns = weight.shape[transposed ? 0 : 1];
      return multiplyByProgram(x, { weight, kind: 'float', transposed, columns, bias });
    }
    return productByKernel(x, weight, transposed, bias) ?? withBias(multiplyRows(x, weight, transposed), bias);
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
const RESTORED = INVERSE_127_SQUARED / INVERSE_127;

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
   * @param weight - row-major [rows, columns]: [out, in], or [in, out] where `inputMajor` (GPT-2's Conv1D)
   */
  static quantize(weight: Float32Array, shape: [number, number], inputMajor: boolean, rule: OutlierRule): Int8Matrix {
    const [rows, columns] = shape;
    // A copy: rounding to float16 happens in place.
    const { codes, scale } = quantizeRows(weight.slice(), rows, columns, inputMajor);
    return Int8Matrix.stored(codes, scale, inputMajor ? rows : columns, rule);
  }

  /** As `quantize`, of a weight on the device; null where our kernels do not run. */
  static quantizeOnDevice(weight: Tensor2D, inputMajor: boolean, rule: OutlierRule): Int8Matrix | null {
    const quantized = quantizeByKernel(weight, inputMajor);
    return quantized && new Int8Matrix(quantized, rule);
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

  get rowwise(): boolean {
    return this.rule.outliers === 'row';
  }

  multiply(x: Tensor2D, bias: Tensor1D | null = null): Tensor2D {
    const { bytes } = this.#weight;
    if (bytes.kind === 'words') return this.#multiplyWords(x, bytes.words, bias);
    return multiplyByKernel(x, this.#weight, bias, this.rule) ?? withBias(this.#multiply(x), bias);
  }

  #multiplyWords(x: Tensor2D, weight: Tensor2D, bias: Tensor1D | null): Tensor2D {
    // Columns are told by all rows, which no program of a row sees.
    const mixed = this.rowwise ? roundRows(x, this.rule.threshold, RESTORED) : this.#mixed(x);
    const scale = { values: this.#weight.scale, unit: INVERSE_127 };
    return multiplyByProgram(mixed, {
      weight,
      kind: 'codes',
      transposed: true,
      columns: this.outFeatures,
      scale,
      bias,
    });
  }

  /**
   * The integer product and the outliers' in one: activations are rounded to their codes and scaled back, outliers stay
   * as they are, so that nothing has to be read from the device to know where they lie.
   */
  #multiply(x: Tensor2D): Tensor2D {
    const { bytes, scale } = this.#weight;
    return tf.mul(multiplyRows(this.#mixed(x), dequantize(bytes), true), tf.mul(scale, INVERSE_127)) as Tensor2D;
  }

  /** Activations as the product takes them: codes scaled back, and outliers. */
  #mixed(x: Tensor2D): Tensor2D {
    const rounded = roundToHalf(x);
    const outliers = this.#outliers(rounded);
    const inner = outliers === null ? rounded : tf.where(outliers.entries, tf.zerosLike(rounded), rounded);
    // A row of zeros has no scale: dividing by 1 leaves it zero.
    const absmax = tf.max(tf.abs(inner), 1, true);
    const safe = tf.where(tf.equal(absmax, 0), tf.onesLike(absmax), absmax);
    const quantized = tf.round(tf.mul(inner, tf.mul(tf.div(1, safe), 127)));
    const restored = tf.mul(quantized, tf.mul(absmax, RESTORED)) as Tensor2D;
    return outliers === null ? restored : (tf.where(outliers.exact, x, restored) as Tensor2D);
  }

  /** Entries of x that have no part in the scale of their row, and those that are multiplied as they are; null: none. */
  #outliers(x: Tensor2D): { entries: Tensor2D; exact: Tensor2D } | null {
    const { threshold, outliers } = this.rule;
    if (threshold <= 0) return null;
    const entries = tf.greaterEqual(tf.abs(x), threshold) as Tensor2D;
    if (outliers === 'row') return { entries, exact: entries };
    const columns = tf.any(entries, 0, true);
    return { entries, exact: tf.logicalOr(columns, tf.zerosLike(entries)) as Tensor2D };
  }

  pullback(dy: Tensor2D): Tensor2D {
    const { bytes, scale } = this.#weight;
    if (bytes.kind === 'words') {
      const scaled = { values: scale, unit: 1 / 127 };
      const weight = bytes.words;
      return multiplyByProgram(dy, {
        weight,
        kind: 'codes',
        transposed: false,
        columns: this.inFeatures,
        scale: scaled,
      });
    }
    const widened = widenByKernel(this.#weight);
    if (widened !== null) return productByKernel(dy, widened, false) ?? multiplyRows(dy, widened, false);
    return multiplyRows(tf.mul(dy, tf.mul(scale, 1 / 127)), dequantize(bytes), false);
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
