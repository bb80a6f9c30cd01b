/**
 * A Hugging Face checkpoint directory: `model.safetensors`, or shards with `model.safetensors.index.json`.
 *
 * Reads are synchronous: the caller is the engine's process, which has nothing else to do. Nothing is cached; a tensor
 * is read from the file each time that it is asked for.
 */

import fs from 'node:fs';
import path from 'node:path';
import { type Dtype, decodeF32, FLOAT_DTYPES } from './dtypes.ts';
import { CheckpointError } from './errors.ts';
import { readFully, readHeader, type TensorEntry } from './header.ts';
import { readJsonObject } from './json-file.ts';

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

  #floats(name: string, first: number, count: number): Float32Array {
    const { dtype, shape, bytes, start, shard } = this.#entry(name);
    if (!FLOAT_DTYPES.includes(dtype)) {
      throw new CheckpointError(shard.file, `"${name}" is ${dtype}; float weights must be ${FLOAT_DTYPES.join(', ')}`);
    }
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
    const index = path.join(dir, 'model.safetensors.index.json');
    const single = path.join(dir, 'model.safetensors');
    if (fs.existsSync(single)) openShard(single, shards, tensors);
    else if (fs.existsSync(index)) openSharded(dir, index, shards, tensors);
    else throw missing(dir);
    return new Checkpoint(dir, shards, tensors);
  } catch (error) {
    for (const { descriptor } of shards) fs.closeSync(descriptor);
    throw error;
  }
}

function openShard(file: string, shards: Shard[], tensors: Map<string, StoredTensor>): void {
  const shard = { file, descriptor: fs.openSync(file, 'r') };
  shards.push(shard);
  for (const [name, entry] of readHeader(shard.descriptor, file)) {
    if (tensors.has(name)) throw new CheckpointError(file, `tensor "${name}" is in another shard too`);
    tensors.set(name, { ...entry, shard });
  }
}

function openSharded(dir: string, index: string, shards: Shard[], tensors: Map<string, StoredTensor>): void {
  const map = readJsonObject(index).weight_map;
  if (typeof map !== 'object' || map === null) throw new CheckpointError(index, '"weight_map" must be an object');
  const wanted = new Map<string, string>();
  for (const [name, file] of Object.entries(map)) {
    // A shard's name must not lead out of the directory.
    if (typeof file !== 'string' || !/^[\w-][\w.-]*\.safetensors$/.test(file)) {
      throw new CheckpointError(index, `the shard of "${name}" must be a file name, it is ${JSON.stringify(file)}`);
    }
    wanted.set(name, file);
  }
  for (const file of new Set(wanted.values())) {
    const shard = path.join(dir, file);
    if (!fs.existsSync(shard))
      throw new CheckpointError(shard, 'is missing, but the index names it; download it again');
    openShard(shard, shards, tensors);
  }
  for (const [name, file] of wanted) {
    const found = tensors.get(name)?.shard.file;
    if (found !== path.join(dir, file)) throw new CheckpointError(index, `"${name}" is not in ${file} as it says`);
  }
}

function missing(dir: string): CheckpointError {
  if (!fs.existsSync(dir)) return new CheckpointError(dir, 'there is no such directory');
  const pickles = fs.readdirSync(dir).some((file) => /^pytorch_model.*\.bin$/.test(file));
  const remedy = pickles
    ? 'only pickled PyTorch weights, which are not loaded because they can run code; ' +
      'save the model again with safe_serialization=True'
    : 'put the Hugging Face checkpoint there';
  return new CheckpointError(dir, `holds no model.safetensors (nor its index): ${remedy}`);
}
