/**
 * The header of a safetensors file: 8 bytes of length, then JSON that says where each tensor lies.
 *
 * Files come from the internet: nothing in the header is believed before it has been held against the file's size.
 * https://github.com/huggingface/safetensors#format
 */

import fs from 'node:fs';
import { BYTES_PER_ELEMENT, type Dtype, isDtype } from './dtypes.ts';
import { CheckpointError } from './errors.ts';

/** The reference implementation refuses larger headers too. */
const MAX_HEADER_BYTES = 100_000_000;

/** Where a tensor lies. */
export interface TensorEntry {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Byte offset in the file. */
  readonly start: number;
  readonly bytes: number;
}

/** Reads and validates the header of an open file. Errors name `file` and the tensor. */
export function readHeader(descriptor: number, file: string): Map<string, TensorEntry> {
  const size = fs.fstatSync(descriptor).size;
  const fail = (detail: string): never => {
    throw new CheckpointError(file, `${detail}; the file is damaged or only partly downloaded, fetch it again`);
  };
  if (size < 8) fail(`${size} bytes are too few for a safetensors file`);
  const prefix = Buffer.alloc(8);
  readFully(descriptor, prefix, 0, file);
  const length = prefix.readBigUInt64LE();
  if (length > BigInt(MAX_HEADER_BYTES)) fail(`its header claims ${length} bytes, the limit is ${MAX_HEADER_BYTES}`);
  const headerBytes = Number(length);
  if (8 + headerBytes > size) fail(`its header claims ${headerBytes} bytes, but the file has ${size}`);
  const text = Buffer.alloc(headerBytes);
  readFully(descriptor, text, 8, file);
  const header = parseObject(text, fail);
  const dataStart = 8 + headerBytes;
  const entries = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    entries.set(name, parseEntry(name, value, dataStart, size, fail));
  }
  checkTiling(entries, dataStart, size, fail);
  return entries;
}

type Fail = (detail: string) => never;

function parseObject(text: Buffer, fail: Fail): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
    if (isRecord(value)) return value;
  } catch {
    // falls through: the reason (a position in binary data) helps nobody
  }
  return fail('its header is not a JSON object');
}

function parseEntry(name: string, value: unknown, dataStart: number, size: number, fail: Fail): TensorEntry {
  const tensor = `tensor "${name}"`;
  if (!isRecord(value)) return fail(`the entry of ${tensor} is not an object`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isDtype(dtype)) {
    const known = Object.keys(BYTES_PER_ELEMENT).join(', ');
    return fail(`${tensor} has dtype ${JSON.stringify(dtype)}, known are ${known}`);
  }
  if (!isSizes(shape)) return fail(`${tensor} has shape ${JSON.stringify(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1]) {
    return fail(`${tensor} has data_offsets ${JSON.stringify(offsets)}`);
  }
  const [begin, end] = offsets;
  if (dataStart + end > size) fail(`${tensor} ends at byte ${dataStart + end}, but the file has ${size}`);
  const bytes = shape.reduce((product, n) => product * n, BYTES_PER_ELEMENT[dtype]);
  if (bytes !== end - begin) {
    fail(`${tensor} is ${dtype} [${shape.join(', ')}], that is ${bytes} bytes, but ${end - begin} are given to it`);
  }
  return { dtype, shape, start: dataStart + begin, bytes };
}

/** Tensors must fill the data without overlaps or holes, as the format demands. */
function checkTiling(entries: Map<string, TensorEntry>, dataStart: number, size: number, fail: Fail): void {
  const sorted = [...entries].sort(([, a], [, b]) => a.start - b.start || a.bytes - b.bytes);
  let at = dataStart;
  let previous = 'the header';
  for (const [name, { start, bytes }] of sorted) {
    if (start < at) fail(`tensor "${name}" overlaps ${previous}`);
    if (start > at) fail(`${start - at} bytes before tensor "${name}" belong to no tensor`);
    at = start + bytes;
    previous = `tensor "${name}"`;
  }
  if (at !== size) fail(`${size - at} bytes at its end belong to no tensor`);
}

/** Fills `into` from byte `position` of the file. */
export function readFully(descriptor: number, into: Uint8Array, position: number, file: string): void {
  // One read call moves at most 2 GiB.
  const most = 1 << 30;
  for (let done = 0; done < into.byteLength; ) {
    const count = fs.readSync(descriptor, into, done, Math.min(into.byteLength - done, most), position + done);
    if (count === 0) throw new CheckpointError(file, `ended at byte ${position + done} while it was read`);
    done += count;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);
}
