/** Lines of a batch that is not accepted yet: written in chunks as they arrive, and forgotten unless they are committed. */
import { createHash, type Hash } from 'node:crypto';
import { LIMITS } from '../contract/limits.ts';
import { newJobId } from '../jobs/ids.ts';
import { OutcomeUnknownError } from '../jobs/jobs.ts';
import { pack } from '../jobs/packing.ts';
import { guarded } from '../jobs/redis.ts';
import type { TimelyScripts } from '../jobs/timely-scripts.ts';
import { BatchConflictError, BatchUnknownError, TooManyBatchesError, type Upload } from './batches.ts';
import { keys } from './keys.ts';
import { readBatch } from './record.ts';
import type { BatchRedis } from './scripts.ts';

/** A chunk is full when it has so many lines, or characters: enough to compress well, little enough to be read at once. */
const CHUNK_LINES = 200;
const CHUNK_CHARACTERS = 256 * 1024;

/** How long lines of an upload that ends without a word stay. */
const UPLOAD_SECONDS = 3_600;

/** Forgets this many chunks in one command. */
const UNLINKED_AT_ONCE = 500;

export interface UploadParts {
  redis: BatchRedis;
  timely: TimelyScripts<'create' | 'cancel' | 'remove'>;
  /** Whose batch it will be. */
  tenant: string;
  /** The tenant's share of the device; undefined: it stays as it is. */
  weight: number | undefined;
  /** Whether lines may be given results that are kept. */
  lookup: boolean;
  /** Hash of the idempotency key, or ''. */
  idempotency: string;
  /** The batch that has this key already: its lines are not written again, only compared. */
  holder: { id: string; hash: string } | null;
}

export class ChunkedUpload implements Upload {
  readonly #parts: UploadParts;
  readonly #id = newJobId();
  readonly #hash: Hash = createHash('sha256');
  /** Numbers of the first line of each chunk. */
  readonly #chunks: number[] = [];
  #lines: string[] = [];
  #characters = 0;
  #total = 0;

  constructor(parts: UploadParts) {
    this.#parts = parts;
  }

  async add(line: string): Promise<void> {
    this.#hash.update(line).update('\n');
    this.#lines.push(line);
    this.#characters += line.length;
    this.#total += 1;
    if (this.#lines.length >= CHUNK_LINES || this.#characters >= CHUNK_CHARACTERS) await this.#write();
  }

  async commit(defaults: Record<string, unknown>) {
    await this.#write();
    const { timely, tenant, weight = '', lookup, idempotency, holder } = this.#parts;
    const shared = JSON.stringify(defaults);
    const hash = this.#hash.update(shared).digest('hex');
    // A holder that is gone by now is found out by the script; then its lines must be sent again.
    if (holder !== null && holder.hash !== hash) throw new BatchConflictError(holder.id);
    const { unfinishedBatches: limit } = LIMITS;
    const chunks = this.#chunks.join(',');
    const about = [this.#id, Date.now(), this.#total, limit, idempotency, hash];
    const args = [...about, tenant, shared, chunks, weight, lookup ? '1' : '0'];
    const { reply } = await timely.run('create', args).catch((error: unknown) => {
      if (!(error instanceof OutcomeUnknownError)) throw error;
      throw new BatchUnknownError(error.trouble, this.#id, { cause: error.cause });
    });
    const [outcome, detail] = reply;
    if (outcome === 'full') throw new TooManyBatchesError(Number(detail), limit);
    if (outcome === 'conflict') throw new BatchConflictError(String(detail));
    if (outcome === 'lost') throw new Error('lines of an upload have expired before it ended');
    const batch = readBatch(detail);
    if (batch === null) throw new Error(`create.lua answered ${outcome} without a batch`);
    const created = outcome === 'created';
    if (!created) await this.abort();
    return { batch, created };
  }

  async abort(): Promise<void> {
    const { redis } = this.#parts;
    for (let at = 0; at < this.#chunks.length; at += UNLINKED_AT_ONCE) {
      const some = this.#chunks.slice(at, at + UNLINKED_AT_ONCE).map((first) => keys.lines(this.#id, first));
      await guarded(redis, () => redis.unlink(some)).catch(() => {}); // they expire
    }
  }

  async #write(): Promise<void> {
    if (this.#lines.length === 0) return;
    const { redis, holder } = this.#parts;
    const first = this.#total - this.#lines.length;
    const text = this.#lines.join('\n');
    this.#lines = [];
    this.#characters = 0;
    if (holder !== null) return;
    const packed = await pack(text);
    this.#chunks.push(first);
    await guarded(redis, () => redis.set(keys.lines(this.#id, first), packed, 'EX', UPLOAD_SECONDS));
  }
}
