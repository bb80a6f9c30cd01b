/** What a client is told when the job store refuses, and what the log says of it. */
import type { FastifyBaseLogger } from 'fastify';
import { BatchConflictError, BatchUnknownError, TooManyBatchesError } from '../batches/batches.ts';
import {
  IdempotencyConflictError,
  OutcomeUnknownError,
  QueueFullError,
  StoreUnavailableError,
  SubmissionUnknownError,
} from '../jobs/jobs.ts';
import { ApiProblem, unavailable } from './problems.ts';
import { sentence } from './sentence.ts';

/** When a store that cannot be reached is worth another try. */
const RETRY_SECONDS = 2;

/** The problem of an error of the job store; null for other errors. */
export function storeProblem(error: unknown): ApiProblem | null {
  if (error instanceof QueueFullError) {
    const seconds = error.retryAfterSeconds;
    return unavailable('queue-full', `${sentence(error.message)} Try again in ${seconds} s.`, seconds);
  }
  if (error instanceof SubmissionUnknownError) {
    const detail =
      `${error.message}: it may have accepted the job. Send the request again with the same \`Idempotency-Key\`, and ` +
      `it is not computed twice; without such a key, GET /jobs/${error.jobId} tells as soon as Redis answers.`;
    return unavailable('submission-unknown', detail, RETRY_SECONDS);
  }
  if (error instanceof TooManyBatchesError) {
    const seconds = error.retryAfterSeconds;
    return unavailable('too-many-batches', `${sentence(error.message)} Try again in ${seconds} s.`, seconds);
  }
  if (error instanceof BatchUnknownError) {
    const detail =
      `${error.message}: it may have accepted the batch. Send the lines again with the same \`Idempotency-Key\`, and ` +
      `they are not computed twice; without such a key, GET /batches/${error.batchId} tells as soon as Redis answers.`;
    return unavailable('submission-unknown', detail, RETRY_SECONDS);
  }
  if (error instanceof OutcomeUnknownError) {
    const detail = `${error.message}: it may have done what was asked. Send the request again.`;
    return unavailable('outcome-unknown', detail, RETRY_SECONDS);
  }
  if (error instanceof StoreUnavailableError) {
    const detail = `${error.message}. Nothing was accepted or changed; try again in ${RETRY_SECONDS} s.`;
    return unavailable('store-unavailable', detail, RETRY_SECONDS);
  }
  if (error instanceof IdempotencyConflictError || error instanceof BatchConflictError) {
    const detail = `${sentence(error.message)} Send the same body, or another key.`;
    const errors = [{ pointer: '#/header/idempotency-key', detail: error.message }];
    return new ApiProblem('idempotency-conflict', 'Idempotency key already used', 422, detail, { errors });
  }
  return null;
}

/**
 * Logs an answer of 500 or more: what is Redis' trouble or a full queue needs no stack, and Redis' errors hold
 * requests.
 */
export function logProblem(log: FastifyBaseLogger, error: Error, message: string): void {
  if (error instanceof StoreUnavailableError) log.warn({ redis: error.trouble.code }, message);
  else if (error instanceof QueueFullError) log.warn(message);
  else log.error({ err: error }, message);
}
