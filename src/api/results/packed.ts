/** Results as the job store holds them: gzipped JSON, in pieces, so that large ones are never copied whole. */
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { unpack } from '../../jobs/packing.ts';

export type Packed = readonly Buffer[];

/** Up to this size a text is not worth a stream. */
const SMALL_BYTES = 256 * 1024;

/** Bytes of the text that was packed: gzip writes them (modulo 4 GiB) at its end (RFC 1952). */
export function unpackedBytes(packed: Packed): number {
  const last = Buffer.concat(packed.slice(-2));
  return last.readUInt32LE(last.length - 4);
}

/** Whether it is `null`: there is no such form of the result. */
export async function isNothing(packed: Packed): Promise<boolean> {
  return unpackedBytes(packed) === 'null'.length && (await unpackedText(packed)) === 'null';
}

/** The JSON text, as a stream. */
export function unpackedStream(packed: Packed): Readable {
  return Readable.from(packed).pipe(createGunzip({ chunkSize: 64 * 1024 }));
}

/** The JSON text, as bytes: small ones in one piece, others in several. */
export async function* unpackedPieces(packed: Packed): AsyncGenerator<Buffer> {
  if (unpackedBytes(packed) > SMALL_BYTES) yield* unpackedStream(packed);
  else yield await unpack(Buffer.concat(packed));
}

/** The JSON text of a small result. */
export async function unpackedText(packed: Packed): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of unpackedStream(packed)) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
