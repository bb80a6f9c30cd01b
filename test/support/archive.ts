/** The container of packed fixtures: brotli over `[uint32 length][JSON list of [path, bytes]][the files' bytes]`. */

import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

/** One file of an archive, with its path relative to the archive's root, separated by `/`. */
export interface ArchivedFile {
  path: string;
  bytes: Uint8Array;
}

/** Packs files into one compressed buffer; the same files in the same order give the same bytes. */
export function pack(files: ArchivedFile[]): Buffer {
  const index = Buffer.from(JSON.stringify(files.map(({ path, bytes }) => [path, bytes.byteLength])));
  const head = Buffer.alloc(4);
  head.writeUInt32LE(index.byteLength);
  const raw = Buffer.concat([head, index, ...files.map(({ bytes }) => bytes)]);
  return brotliCompressSync(raw, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: raw.byteLength,
    },
  });
}

/** The files of an archive that `pack` made. */
export function unpack(archive: Uint8Array): ArchivedFile[] {
  const raw = brotliDecompressSync(archive);
  let offset = 4 + raw.readUInt32LE(0);
  const index: [string, number][] = JSON.parse(raw.toString('utf8', 4, offset));
  return index.map(([path, size]) => {
    const bytes = raw.subarray(offset, offset + size);
    offset += size;
    return { path, bytes };
  });
}
