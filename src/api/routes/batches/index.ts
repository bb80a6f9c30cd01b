/** `POST /batches`: accepts many requests, one a line. `GET /batches`: newest first. */
import type { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import Type from 'typebox';
import { Batch, BatchList } from '../../../contract/batch.ts';
import { LIMITS } from '../../../contract/limits.ts';
import { ref } from '../../../contract/schema.ts';
import { receiveBatch } from '../../batches/receive.ts';
import { mayUseKept } from '../../http/cache-control.ts';
import { refuseEncoding } from '../../http/encoding.ts';
import { BATCH_EXAMPLE } from '../../openapi/examples.ts';
import {
  BAD_REQUEST,
  BROKEN_LINES,
  COMMON,
  INVALID_LINES,
  NOT_LINES,
  TOO_MANY_LINES,
} from '../../openapi/responses.ts';
import { ApiProblem, unavailable } from '../../problems.ts';

const MEDIA_TYPE = 'application/x-ndjson';
/** Other names of the same. */
const MEDIA_TYPES = [MEDIA_TYPE, 'application/ndjson', 'application/jsonl', 'application/x-jsonlines'];

/** Batches that this process receives at a time: each holds names of its lines. */
const MOST_UPLOADS = 16;

const Headers = Type.Object({
  'cache-control': Type.Optional(
    Type.String({
      description: '`no-cache`: compute every line, whether or not the result of the same request is kept.',
      examples: ['no-cache'],
    }),
  ),
  'idempotency-key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: LIMITS.idempotencyKeyCharacters,
      description: 'The same key and lines give the first batch back; the same key with other lines is refused.',
    }),
  ),
});

const Location = { Location: { description: 'Path of the batch.', type: 'string' } };

const accept = {
  operationId: 'createBatch',
  tags: ['batches'],
  summary: 'Attribute a data set: many requests, one a line',
  description:
    `Newline-delimited JSON, up to ${LIMITS.batchLines} lines and ${LIMITS.batchBytes / 2 ** 20} MB, each line a request ` +
    'under a `custom_id` of its own. A first line `{"defaults": {…}}` holds fields of the bodies that all lines share. A ' +
    'line that cannot be computed has its own error in the results and leaves the others alone.',
  headers: Headers,
  body: {
    content: {
      [MEDIA_TYPE]: {
        // The body is a stream; what it holds is checked while it is read.
        schema: Type.Unsafe<Readable>({ description: 'Lines, each as the schema `BatchLine` says.' }),
        examples: { questions: { summary: 'Two questions', value: BATCH_EXAMPLE } },
      },
    },
  },
  response: {
    202: { description: 'Accepted.', headers: Location, content: { 'application/json': { schema: ref(Batch) } } },
    400: BROKEN_LINES,
    413: TOO_MANY_LINES,
    415: NOT_LINES,
    422: INVALID_LINES,
    ...COMMON,
  },
};

const Query = Type.Object(
  {
    limit: Type.Integer({
      minimum: 1,
      maximum: LIMITS.pageSize,
      default: 20,
      description: 'Most batches on the page.',
    }),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: '`next_cursor` of the page before.' }),
    ),
  },
  { additionalProperties: false, required: [] },
);

const list = {
  operationId: 'listBatches',
  tags: ['batches'],
  summary: 'List batches, newest first',
  querystring: Query,
  response: {
    200: { description: 'One page.', content: { 'application/json': { schema: ref(BatchList) } } },
    400: BAD_REQUEST,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { batches, catalogue } = fastify;
  let uploads = 0;

  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(MEDIA_TYPES, async ({ headers }: FastifyRequest, body: Readable) => {
    refuseEncoding(headers['content-encoding']);
    return body;
  });
  fastify.addContentTypeParser('*', async () => {
    throw notLines();
  });

  const options = { schema: accept, config: { streamsBody: true } };
  fastify.post<{ Body: Readable | undefined; Headers: Type.Static<typeof Headers> }>(
    '/',
    options,
    async (request, reply) => {
      if (request.body == null) throw notLines(); // without a media type there is no parser, and no body
      if (uploads >= MOST_UPLOADS) {
        const detail = `${MOST_UPLOADS} batches are being received by this process and no more may be. Try again in 5 s.`;
        throw unavailable('too-many-uploads', detail, 5);
      }
      uploads++;
      try {
        const upload = await batches.upload({
          ...request.flow,
          idempotencyKey: request.headers['idempotency-key'],
          lookup: mayUseKept(request.headers['cache-control']),
        });
        const known = await catalogue.read().catch(() => null);
        const { batch } = await receiveBatch(request.body, upload, { catalogue: known, key: request.accessKey });
        const linked = request.linkedBatch(batch);
        return await reply.code(202).header('location', linked.links.self).send(linked);
      } finally {
        uploads--;
      }
    },
  );

  fastify.get('/', { schema: list }, async (request) => {
    const page = await request.batches.list(request.query);
    return { ...page, batches: page.batches.map((batch) => request.linkedBatch(batch)) };
  });
};

export default routes;

function notLines(): ApiProblem {
  return new ApiProblem(
    'unsupported-media-type',
    'Unsupported media type',
    415,
    `The body must be newline-delimited JSON, sent with \`Content-Type: ${MEDIA_TYPE}\`.`,
  );
}
