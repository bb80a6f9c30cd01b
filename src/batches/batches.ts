/**
 * Batches as the API sees them. `createBatches` implements them on Redis. Every method rejects with
 * StoreUnavailableError, within a second, while Redis cannot be reached.
 */
import type { Batch, BatchList } from '../contract/batch.ts';
import type { JobError } from '../contract/job.ts';
import type { AttributionKind } from '../contract/job-kinds.ts';
import { OutcomeUnknownError } from '../jobs/jobs.ts';
import type { Trouble } from '../jobs/trouble.ts';

/** What became of a line. `customId`: null where it has none. */
export type LineOutcome = { customId: string | null; kind: AttributionKind } & (
  | { status: 'succeeded'; packed: Buffer[]; cached: boolean }
  | { status: 'failed'; error: JobError }
  | { status: 'canceled' }
);

export interface OutcomeOptions {
  /** Which form of the results. */
  format: 'json' | 'inseq';
  /** Lines to leave out at the beginning. */
  skip: number;
  /** Whether to wait for lines that have not ended; without it, the first of them ends what is given. */
  follow: boolean;
  signal: AbortSignal;
}

/** Lines on their way in: they are a batch once they are committed, and vanish within an hour if they never are. */
export interface Upload {
  /** Takes the next line, as it was sent, and waits while chunks are written. @throws StoreUnavailableError */
  add(line: string): Promise<void>;
  /**
   * Makes the lines a batch. `created` is false where the idempotency key gave an earlier one back.
   * @param defaults - what the bodies of all lines share
   * @throws TooManyBatchesError, BatchConflictError; BatchUnknownError where it may have been accepted
   */
  commit(defaults: Record<string, unknown>): Promise<{ batch: Batch; created: boolean }>;
  /** Forgets the lines. */
  abort(): Promise<void>;
}

export interface Batches {
  /**
   * Takes lines as they arrive.
   * @param tenant - whose batch it will be; '' where nobody is told apart
   * @param weight - the tenant's share of the device; left out: as it was told last, or 1
   * @param idempotencyKey - the same tenant, key and lines are the same batch
   * @param lookup - whether lines may be given results that are kept for requests that ask for the same
   */
  upload(options: { tenant: string; weight?: number; idempotencyKey?: string; lookup: boolean }): Promise<Upload>;
  /** Whose it is; '' where nobody was told apart. Null when unknown or expired. */
  owner(id: string): Promise<string | null>;
  /** Null when unknown or expired. */
  get(id: string): Promise<Batch | null>;
  /** @param tenant - whose; left out: all */
  list({ tenant, limit, cursor }: { tenant?: string; limit: number; cursor?: string }): Promise<BatchList>;
  /** Cancels what has not ended. Null when unknown. @throws OutcomeUnknownError */
  cancel(id: string): Promise<Batch | null>;
  /** Cancels if needed and forgets the batch with its lines and results. False when unknown. @throws OutcomeUnknownError */
  remove(id: string): Promise<boolean>;
  /** Its record now and each time that lines have ended; ends with the batch. */
  changes(id: string, signal: AbortSignal): AsyncIterable<Batch>;
  /** What became of the lines, in their order. @throws BatchGoneError where the batch is removed meanwhile */
  outcomes(id: string, options: OutcomeOptions): AsyncIterable<LineOutcome>;
  close(): Promise<void>;
}

/** Redis fell silent before it said whether it has the batch. */
export class BatchUnknownError extends OutcomeUnknownError {
  override readonly name = 'BatchUnknownError';
  /** The batch's id, if it was accepted. */
  readonly batchId: string;

  constructor(trouble: Trouble, batchId: string, options?: ErrorOptions) {
    super(trouble, options);
    this.batchId = batchId;
  }
}

/** The batch was removed while its results were read. */
export class BatchGoneError extends Error {
  override readonly name = 'BatchGoneError';

  constructor(id: string) {
    super(`batch ${id} was removed while its results were read`);
  }
}

/** As many batches are unfinished as may be. */
export class TooManyBatchesError extends Error {
  override readonly name = 'TooManyBatchesError';
  /** When trying again makes sense. */
  readonly retryAfterSeconds = 60;

  constructor(unfinished: number, limit: number) {
    super(`${unfinished} batches are unfinished and at most ${limit} may be`);
  }
}

/** The idempotency key was used before with other lines. */
export class BatchConflictError extends Error {
  override readonly name = 'BatchConflictError';

  constructor(id: string) {
    super(`the idempotency key belongs to other lines, of batch ${id}`);
  }
}
