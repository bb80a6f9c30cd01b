/** What routes that accept a job share: headers, answers, and waiting for the job as `Prefer` asks. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type, { type TSchema } from 'typebox';
import type { ModelInfo } from '../../contract/catalogue.ts';
import { isFinal, Job } from '../../contract/job.ts';
import type { JobRequest } from '../../contract/job-kinds.ts';
import { LIMITS } from '../../contract/limits.ts';
import { nullable, ref } from '../../contract/schema.ts';
import { StoreUnavailableError } from '../../jobs/jobs.ts';
import { estimateWork } from '../../jobs/work.ts';
import { requirePriority } from '../access/scopes.ts';
import {
  BAD_REQUEST,
  BODY_TOO_LARGE,
  COMMON,
  INVALID,
  NOT_ACCEPTABLE,
  UNSUPPORTED_MEDIA_TYPE,
} from '../openapi/responses.ts';
import { TEXT_CONTENT } from '../openapi/result-content.ts';
import type { Format } from '../results/formats.ts';
import { sendEnded } from '../results/send.ts';
import { cacheUse } from './cache-control.ts';
import { disconnected } from './disconnect.ts';

export const JobHeaders = Type.Object({
  prefer: Type.Optional(
    Type.String({
      description: `\`wait=N\`: hold the answer until the job ends, at most N (up to ${LIMITS.waitSeconds}) seconds.`,
      examples: ['wait=30'],
    }),
  ),
  'cache-control': Type.Optional(
    Type.String({
      description:
        '`no-cache`: compute, whether or not the result of the same request is kept. `no-store`: and do not keep this one.',
      examples: ['no-cache'],
    }),
  ),
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: LIMITS.idempotencyKeyCharacters,
      description: 'The same key and body give the first job back; the same key with another body is refused.',
    }),
  ),
});
type JobHeaders = Type.Static<typeof JobHeaders>;

const Location = { Location: { description: 'Path of the job.', type: 'string' } };

/** Sent as bytes: the compiler is told nothing of what they hold. */
const anyOf = (schema: TSchema, others: TSchema[]) =>
  Type.Unsafe<Buffer>(others.length === 0 ? schema : { anyOf: [schema, ...others] });

/**
 * The responses of a route whose jobs have such a result.
 * @param result - by reference
 * @param beside - what else it answers with 200, by reference
 */
export function jobResponses(result: TSchema, beside: TSchema[] = []) {
  // Sent as bytes, the result as it is stored.
  const JobWithResult = Type.Unsafe<Buffer>(
    Type.Intersect([
      ref(Job),
      Type.Object({ result: nullable(result, { description: 'Null when the job failed or was canceled.' }) }),
    ]),
  );
  return {
    200: {
      description:
        'With `Prefer: wait=N`: the job ended in time. `Accept` chooses between the job with its result and the result ' +
        'alone as text/csv, text/plain or text/html; a job that failed is told as JSON.',
      headers: {
        ...Location,
        'Preference-Applied': { description: 'The preference that was followed.', type: 'string' },
      },
      content: { 'application/json': { schema: anyOf(JobWithResult, beside) }, ...TEXT_CONTENT },
    },
    202: { description: 'Accepted.', headers: Location, content: { 'application/json': { schema: ref(Job) } } },
    400: BAD_REQUEST,
    406: NOT_ACCEPTABLE,
    413: BODY_TOO_LARGE,
    415: UNSUPPORTED_MEDIA_TYPE,
    422: INVALID,
    ...COMMON,
  };
}

export interface Acceptance {
  request: JobRequest;
  model: ModelInfo;
  /** Seconds that its quote says; left out: it says none. */
  estimate?: number;
  /** How long the answer may wait for the job; null: it does not. */
  seconds: number | null;
  format: Format;
  /** The job that it repeats: then it is computed whatever is kept. */
  replayOf?: string;
}

/** Queues a complete request and answers with its job, or with what came of it where the client waits. */
export async function acceptJob(
  request: FastifyRequest<{ Headers: JobHeaders }>,
  reply: FastifyReply,
  { request: complete, model, estimate, seconds, format, replayOf }: Acceptance,
): Promise<FastifyReply> {
  requirePriority(request.accessKey, complete.priority, '#/priority');
  const { jobs } = request.server;
  const members = await request.server.catalogue.read();
  const attributes = { 'whence.model': model.id, 'whence.pool': model.pool };
  const span = request.server.tracing?.span('submit', { parent: request.trace?.header, kind: 'producer', attributes });
  const trace = span?.context ?? request.trace;
  const submission = jobs.submit(complete, {
    pool: model.pool,
    idempotencyKey: request.headers['idempotency-key'],
    flow: request.flow,
    work: estimateWork(complete, { model, members }),
    ...(replayOf === undefined ? { cache: cacheUse(request.headers['cache-control'], model) } : { replayOf }),
    estimate,
    origin: { requestId: request.id, ...(trace && { traceparent: trace.header }) },
  });
  const accepted = await submission.finally(() => span?.end());
  request.logged = { job: accepted.job.id, model: model.id, attribution: accepted.job.method };
  const job = request.linked(accepted.job);
  reply.header('location', job.links.self);
  if (seconds === null) return reply.code(202).send(job);

  reply.header('preference-applied', `wait=${seconds}`);
  try {
    const waited = request.linked((await jobs.wait(job.id, seconds, disconnected(reply))) ?? accepted.job);
    if (!isFinal(waited.status)) return reply.code(202).send(waited);
    return await sendEnded(request, reply, waited, format);
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error;
    request.log.warn({ err: error, job: job.id }, 'accepted, but no longer followed');
    return reply.code(202).send(job); // it stays accepted
  }
}
