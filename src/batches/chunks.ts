/** The lines of a batch, read back chunk by chunk. */
import type { Redis } from 'ioredis';
import { unpack } from '../jobs/packing.ts';
import { readPieces } from '../jobs/pieces.ts';
import { keys } from './keys.ts';

/** Reads lines by their number and keeps the chunk that was read last: neighbors cost nothing. */
export class LineReader {
  readonly #redis: Redis;
  readonly #id: string;
  /** Numbers of the first line of each chunk, ascending. */
  readonly #starts: readonly number[];
  #first = -1;
  #lines: Promise<readonly string[] | null> = Promise.resolve(null);

  /** @param chunks - as the record has them: numbers separated by commas */
  constructor(redis: Redis, id: string, chunks: string) {
    this.#redis = redis;
    this.#id = id;
    this.#starts = chunks.split(',').map(Number);
  }

  /** The text of a line; null where the batch is gone. */
  async line(number: number): Promise<string | null> {
    const first = this.#starts.findLast((start) => start <= number) ?? 0;
    if (first !== this.#first) {
      this.#first = first;
      this.#lines = this.#chunk(first);
      this.#lines.catch(() => {
        this.#first = -1; // read again next time
      });
    }
    return (await this.#lines)?.[number - first] ?? null;
  }

  async #chunk(first: number): Promise<string[] | null> {
    const packed = await readPieces(this.#redis, keys.lines(this.#id, first));
    return packed && (await unpack(Buffer.concat(packed))).toString().split('\n');
  }
}
