/** Requests and results lie in Redis as gzipped JSON. */
import { promisify } from 'node:util';
import { crc32, gunzip, gzip } from 'node:zlib';
import type { Metadata } from '../contract/attribute-request.ts';

const gzipAsync = promisify(gzip);
const gunzipAsync = promisify(gunzip);

/** Most bytes of a deflate block that is not compressed. */
const STORED_BYTES = 0xffff;
/** JSON text larger than this is never stored, so it is never unpacked either (a guard against a foreign writer). */
const UNPACKED_LIMIT_BYTES = 512 * 1024 * 1024;

export function pack(text: string): Promise<Buffer> {
  return gzipAsync(text, { level: 5 });
}

/** JSON of a result behind what names its job; packed, lua/results.lua puts the two parts together. */
export function tailOf(result: object): string {
  return JSON.stringify(result).slice(1); // without the opening brace
}

/** What a result begins with, packed: its job, and what that was called. */
export function packHead(jobId: string, metadata: Metadata | undefined): Buffer {
  const fields = JSON.stringify({ job_id: jobId, ...(metadata && { metadata }) });
  const text = Buffer.from(`${fields.slice(0, -1)},`);
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32LE(crc32(text), 0);
  sizes.writeUInt32LE(text.length, 4);
  return Buffer.concat([sizes, ...storedBlocks(text)]);
}

/** Deflate blocks that hold bytes as they are (RFC 1951, section 3.2.4), none of which is the last. */
function* storedBlocks(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += STORED_BYTES) {
    const block = bytes.subarray(start, start + STORED_BYTES);
    const header = Buffer.alloc(5);
    header.writeUInt16LE(block.length, 1);
    header.writeUInt16LE(STORED_BYTES - block.length, 3); // its complement
    yield header;
    yield block;
  }
}

/** The JSON bytes that `pack` was given. */
export function unpack(packed: Buffer): Promise<Buffer> {
  return gunzipAsync(packed, { maxOutputLength: UNPACKED_LIMIT_BYTES });
}
