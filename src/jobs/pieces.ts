/** Values that may be larger than what one command should carry. */
import type { Redis } from 'ioredis';
import { guarded } from './redis.ts';

/** A value is read in pieces of this size, each within the API's command timeout. */
const PIECE_BYTES = 4 * 1024 * 1024;

/** The pieces of a string's value; null where there is none. @throws StoreUnavailableError */
export async function readPieces(redis: Redis, key: string): Promise<Buffer[] | null> {
  const pieces: Buffer[] = [];
  for (let start = 0; ; start += PIECE_BYTES) {
    const piece = await guarded(redis, () => redis.getrangeBuffer(key, start, start + PIECE_BYTES - 1));
    if (piece.length > 0) pieces.push(piece);
    if (piece.length < PIECE_BYTES) break;
  }
  return pieces.length === 0 ? null : pieces;
}
