/**
 * A Hugging Face checkpoint directory: `model.safetensors`, or shards with `model.safetensors.index.json`.
 *
 * Reads are synchronous: the caller is the engine's process, which has nothing else to do. Nothing is cached; a tensor
 * is read from the file each time that it is asked for.
 */

import fs from 'node:fs';
import path from 'node:path';
import { INDEX, noWeights, readIndex, shardsIn } from './checkpoint-files.ts';
import { type Dtype, decodeF32, FLOAT_DTYPES } from './dtypes.ts';
import { CheckpointError } from './errors.ts';
import { readFully, readHeader, type TensorEntry } from './header.ts';

export interface TensorInfo {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Size in the file. */
  readonly bytes: number;
}

/** A weight that bitsandbytes stored in 8 bits: row i is `cb[i] * scb[i] / 127` (Dettmers et al. 2022). */
export interface StoredInt8 {
  /** [out, in] */
  readonly cb: Int8Array;
  /** [out], the largest absolute value of each row. */
  readonly scb: Float32Array;
}

interface StoredTensor extends TensorEntry {
  readonly shard: Shard;
}

interface Shard {
  readonly file: string;
  readonly descriptor: number;
}

/** Elements that are converted at a time, so that no second copy of a matrix comes to be. */
const CHUNK_ELEMENTS = 1 << 20;

/** Bytes that are compared at a time. */
const CHUNK_BYTES = 1 << 22;

export class Checkpoint {
  readonly dir: string;
  readonly #tensors: Map<string, StoredTensor>;
  readonly #shards: readonly Shard[];
  /** Bytes of all tensors. */
  readonly totalBytes: number;
  #closed = false;

  constructor(dir: string, shards: readonly Shard[], tensors: Map<string, StoredTensor>) {
    this.dir = dir;
    this.#shards = shards;
    this.#tensors = tensors;
    this.totalBytes = [...tensors.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  names(): string[] {
    return [...this.#tensors.keys()];
  }

  has(name: string): boolean {
    return this.#tensors.has(name);
  }

  info(name: string): TensorInfo {
    const { dtype, shape, bytes } = this.#entry(name);
    return { dtype, shape, bytes };
  }

  /** The whole tensor, row-major. @throws CheckpointError for types that are not floating point */
  readF32(name: string): Float32Array {
    const { shape } = this.#entry(name);
    return this.#floats(
      name,
      0,
      shape.reduce((product, n) => product * n, 1),
    );
  }

  /** Rows `firstRow` to `firstRow + count - 1` of a matrix [rows, columns]. */
  readRowsF32(name: string, firstRow: number, count: number): Float32Array {
    const { shape } = this.#entry(name);
    const [rows, columns] = shape;
    if (shape.length !== 2) throw new RangeError(`tensor "${name}" is [${shape.join(', ')}], it has no rows to read`);
    if (firstRow < 0 || count < 0 || firstRow + count > rows) {
      throw new RangeError(`tensor "${name}" has ${rows} rows, not ${firstRow} to ${firstRow + count - 1}`);
    }
    return this.#floats(name, firstRow * columns, count * columns);
  }

  /** The tensor's bytes as they are stored, of any type. */
  readRaw(name: string): Uint8Array {
    const { start, bytes, shard } = this.#entry(name);
    const raw = new Uint8Array(bytes);
    readFully(shard.descriptor, raw, start, shard.file);
    return raw;
  }

  /**
   * A weight that bitsandbytes serialised in 8 bits, or null where `name` is no such weight.
   * @param name - path of the weight, with `.weight`
   */
  int8(name: string): StoredInt8 | null {
    const { dtype, shape, shard } = this.#entry(name);
    if (dtype !== 'I8') return null;
    const base = name.replace(/\.weight$/, '');
    const scaleName = `${base}.SCB`;
    if (shape.length !== 2 || !this.has(scaleName)) {
      throw new CheckpointError(shard.file, `"${name}" is int8, but "${scaleName}" with its row scales is not there`);
    }
    const format = `${base}.weight_format`;
    // 0 is row-major; the tiled layouts of old GPUs are written by no bitsandbytes that can still be installed.
    if (this.has(format) && this.readRaw(format)[0] !== 0) {
      throw new CheckpointError(
        shard.file,
        `"${name}" has a tiled int8 layout; save it again with bitsandbytes >= 0.45`,
      );
    }
    const scb = this.readF32(scaleName);
    if (scb.length !== shape[0]) {
      throw new CheckpointError(shard.file, `"${scaleName}" has ${scb.length} scales for ${shape[0]} rows`);
    }
    return { cb: new Int8Array(this.readRaw(name).buffer), scb };
  }

  /** Whether two tensors hold the same numbers, compared as they are stored: a type of its own is a difference. */
  same(a: string, b: string): boolean {
    const [first, second] = [this.#entry(a), this.#entry(b)];
    if (first.dtype !== second.dtype || String(first.shape) !== String(second.shape)) return false;
    const chunk = Buffer.alloc(Math.min(first.bytes, CHUNK_BYTES));
    const other = Buffer.alloc(chunk.length);
    for (let at = 0; at < first.bytes; at += chunk.length) {
      const count = Math.min(chunk.length, first.bytes - at);
      const [mine, theirs] = [chunk.subarray(0, count), other.subarray(0, count)];
      readFully(first.shard.descriptor, mine, first.start + at, first.shard.file);
      readFully(second.shard.descriptor, theirs, second.start + at, second.shard.file);
      if (!mine.equals(theirs)) return false;
    }
    return true;
  }

  /** Closes the files. Reads after it fail. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const { descriptor } of this.#shards) fs.closeSync(descriptor);
  }

  #entry(name: string): StoredTensor {
    const entry = this.#tensors.get(name);
    if (entry === undefined) {
      throw new CheckpointError(this.dir, `holds no tensor "${name}"; ${this.#tensors.size} others are there`);
    }
    if (this.#closed) throw new Error(`${this.dir} was closed`);
    return entry;
  }

  /** @throws CheckpointError where the tensor is of a type that `readF32` cannot read */
  expectFloat(name: string): void {
    const { dtype, shard } = this.#entry(name);
    if (FLOAT_DTYPES.includes(dtype)) return;
    throw new CheckpointError(shard.file, `"${name}" is ${dtype}; float weights must be ${FLOAT_DTYPES.join(', ')}`);
  }

  /** The error of a tensor that holds NaN: every score of such a model would be NaN. */
  notNumbers(name: string): CheckpointError {
    const { file } = this.#entry(name).shard;
    return new CheckpointError(
      file,
      `"${name}" holds NaN (not a number): the weights are damaged, fetch or save them again`,
    );
  }

  #floats(name: string, first: number, count: number): Float32Array {
    const { dtype, shape, bytes, start, shard } = this.#entry(name);
    this.expectFloat(name);
    const floats = new Float32Array(count);
    if (dtype === 'F32') {
      readFully(shard.descriptor, new Uint8Array(floats.buffer), start + first * 4, shard.file);
      return floats;
    }
    const width =
      bytes /
      Math.max(
        1,
        shape.reduce((product, n) => product * n, 1),
      );
    const chunk = new Uint8Array(Math.min(count, CHUNK_ELEMENTS) * width);
    for (let at = 0; at < count; at += CHUNK_ELEMENTS) {
      const part = Math.min(CHUNK_ELEMENTS, count - at);
      const view = chunk.subarray(0, part * width);
      readFully(shard.descriptor, view, start + (first + at) * width, shard.file);
      decodeF32(dtype, view, part, floats, at);
    }
    return floats;
  }
}

/** Opens the checkpoint in `dir` and validates its headers. @throws CheckpointError naming the file and the remedy */
export function openCheckpoint(dir: string): Checkpoint {
  const shards: Shard[] = [];
  const tensors = new Map<string, StoredTensor>();
  try {
    const index = path.join(dir, INDEX);
    const single = path.join(dir, 'model.safetensors');
    if (fs.existsSync(single)) openShard(single, null, shards, tensors);
    else if (fs.existsSync(index)) openSharded(dir, index, shards, tensors);
    else throw noWeights(dir);
    return new Checkpoint(dir, shards, tensors);
  } catch (error) {
    for (const { descriptor } of shards) fs.closeSync(descriptor);
    throw error;
  }
}

/** @param index - the shard of each tensor: copies in other shards are left alone; null: there is one file */
function openShard(
  file: string,
  index: ReadonlyMap<string, string> | null,
  shards: Shard[],
  tensors: Map<string, StoredTensor>,
): void {
  const shard = { file, descriptor: fs.openSync(file, 'r') };
  shards.push(shard);
  const own = path.basename(file);
  for (const [name, entry] of readHeader(shard.descriptor, file)) {
    if ((index?.get(name) ?? own) === own) tensors.set(name, { ...entry, shard });
  }
}

function openSharded(dir: string, index: string, shards: Shard[], tensors: Map<string, StoredTensor>): void {
  const wanted = readIndex(index);
  for (const file of shardsIn(dir, wanted)) openShard(file, wanted, shards, tensors);
  for (const [name, file] of wanted) {
    if (!tensors.has(name)) throw new CheckpointError(index, `"${name}" is not in ${file} as it says`);
  }
}
