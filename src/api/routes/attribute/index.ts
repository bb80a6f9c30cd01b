/** `POST /attribute`: accepts a request and answers with its job. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { AttributeBody } from '../../../contract/attribute-request.ts';
import { isFinal, Job } from '../../../contract/job.ts';
import { LIMITS } from '../../../contract/limits.ts';
import { Result } from '../../../contract/result.ts';
import { nullable, ref } from '../../../contract/schema.ts';
import { StoreUnavailableError } from '../../../jobs/jobs.ts';
import { estimateWork } from '../../../jobs/work.ts';
import { completeRequest } from '../../../requests/complete.ts';
import { disconnected } from '../../http/disconnect.ts';
import { waitPreference } from '../../http/prefer.ts';
import { ATTRIBUTE_EXAMPLES } from '../../openapi/examples.ts';
import {
  BAD_REQUEST,
  BODY_TOO_LARGE,
  COMMON,
  INVALID,
  NOT_ACCEPTABLE,
  UNSUPPORTED_MEDIA_TYPE,
} from '../../openapi/responses.ts';
import { TEXT_CONTENT } from '../../openapi/result-content.ts';
import { acceptedFormat } from '../../results/formats.ts';
import { sendEnded } from '../../results/send.ts';
import { explained, refuseEmptyBody } from '../../validation/body.ts';

const Headers = Type.Object({
  prefer: Type.Optional(
    Type.String({
      description: `\`wait=N\`: hold the answer until the job ends, at most N (up to ${LIMITS.waitSeconds}) seconds.`,
      examples: ['wait=30'],
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

/** Sent as bytes, the result as it is stored. */
const JobWithResult = Type.Unsafe<Buffer>(
  Type.Intersect([
    ref(Job),
    Type.Object({ result: nullable(ref(Result), { description: 'Null when the job failed or was canceled.' }) }),
  ]),
);

const Location = { Location: { description: 'Path of the job.', type: 'string' } };

const schema = {
  operationId: 'attribute',
  tags: ['attribution'],
  summary: 'Attribute generated tokens to input tokens',
  description:
    'Queues an attribution. Only `model` and `input_texts` (or `messages`) are needed; the model generates where no text is forced.',
  headers: Headers,
  body: ref(AttributeBody),
  response: {
    200: {
      description:
        'With `Prefer: wait=N`: the job ended in time. `Accept` chooses between the job with its result and the result ' +
        'alone as text/csv, text/plain or text/html; a job that failed is told as JSON.',
      headers: {
        ...Location,
        'Preference-Applied': { description: 'The preference that was followed.', type: 'string' },
      },
      content: { 'application/json': { schema: JobWithResult }, ...TEXT_CONTENT },
    },
    202: { description: 'Accepted.', headers: Location, content: { 'application/json': { schema: ref(Job) } } },
    400: BAD_REQUEST,
    406: NOT_ACCEPTABLE,
    413: BODY_TOO_LARGE,
    415: UNSUPPORTED_MEDIA_TYPE,
    422: INVALID,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { jobs, catalogue, tokens, settings } = fastify;

  fastify.post(
    '/',
    { schema, config: { bodyExamples: ATTRIBUTE_EXAMPLES }, preValidation: refuseEmptyBody, attachValidation: true },
    async (request, reply) => {
      if (request.validationError !== undefined) throw await explained(request.validationError, catalogue);
      const seconds = waitPreference(request.headers.prefer);
      const format = seconds === null ? 'json' : acceptedFormat(request);
      const { request: complete, model } = await completeRequest(request.body, {
        catalogue: await catalogue.read(),
        tokens,
        allowPrivateWebhooks: settings.allowPrivateWebhooks,
      });
      const accepted = await jobs.submit(complete, {
        pool: model.pool,
        work: estimateWork(complete, model.parameters),
        idempotencyKey: request.headers['idempotency-key'],
      });
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
    },
  );
};

export default routes;
