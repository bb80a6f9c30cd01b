/** Requests and results lie in Redis as gzipped JSON. */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

const gzipAsync = promisify(gzip);
const gunzipAsync = promisify(gunzip);

/** JSON text larger than this is never stored, so it is never unpacked either (a guard against a foreign writer). */
const UNPACKED_LIMIT_BYTES = 512 * 1024 * 1024;

export function pack(text: string): Promise<Buffer> {
  return gzipAsync(text, { level: 5 });
}

/** The JSON bytes that `pack` was given. */
export function unpack(packed: Buffer): Promise<Buffer> {
  return gunzipAsync(packed, { maxOutputLength: UNPACKED_LIMIT_BYTES });
}
