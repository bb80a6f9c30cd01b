/** `GET /batches/{id}/results`: what became of the lines, in their order, also while the batch runs. */
import { Readable } from 'node:stream';
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import type { OutcomeOptions } from '../../../../../batches/batches.ts';
import { BatchLineResult } from '../../../../../contract/batch.ts';
import { InseqFile } from '../../../../../contract/inseq.ts';
import { LIMITS } from '../../../../../contract/limits.ts';
import { ref } from '../../../../../contract/schema.ts';
import { asCsv, asInseq, asLines } from '../../../../batches/results.ts';
import { disconnected } from '../../../../http/disconnect.ts';
import { BAD_REQUEST, BatchParams, COMMON, UNKNOWN_BATCH } from '../../../../openapi/responses.ts';
import { unavailable, unknownBatch } from '../../../../problems.ts';

/** Results that this process streams at most. */
const MAX_STREAMS = 256;
/** Bytes that a stream makes ahead of its client. */
const AHEAD_BYTES = 256 * 1024;

const Query = Type.Object(
  {
    format: Type.Enum(['ndjson', 'csv', 'inseq'] as const, {
      default: 'ndjson',
      description:
        '`ndjson`: one object a line; `csv`: the whole data set as one table, a row for each score, in the columns of the ' +
        "first line's kind (lines of another kind are errors in it); `inseq`: one file that " +
        '`inseq.FeatureAttributionOutput.load` reads, of the lines of `/attribute` that succeeded.',
    }),
    skip: Type.Integer({
      minimum: 0,
      maximum: LIMITS.batchLines,
      default: 0,
      description: 'Lines to leave out at the beginning: those that a client has already.',
    }),
    follow: Type.Boolean({
      default: true,
      description: 'Wait for lines that have not ended; `false`: what is given ends before the first of them.',
    }),
  },
  { additionalProperties: false, required: [] },
);

const schema = {
  operationId: 'getBatchResults',
  tags: ['batches'],
  summary: 'What became of the lines of a batch, in their order',
  description:
    'Streams each line as soon as it and all before it have ended, as fast as the client reads. A stream that breaks off ' +
    'is not complete: go on with `skip`.',
  params: BatchParams,
  querystring: Query,
  response: {
    200: {
      description: 'The results.',
      content: {
        'application/x-ndjson': { schema: ref(BatchLineResult) },
        'application/json': { schema: ref(InseqFile) },
        'text/csv': { schema: Type.String({ description: 'One row for each score (RFC 4180).' }) },
      },
    },
    400: BAD_REQUEST,
    404: UNKNOWN_BATCH,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { renderer } = fastify;
  let open = 0;

  fastify.get<{ Params: Type.Static<typeof BatchParams>; Querystring: Type.Static<typeof Query> }>(
    '/',
    { schema },
    async (request, reply) => {
      const { batches } = request;
      const { id } = request.params;
      const { format, skip, follow } = request.query;
      if ((await batches.get(id)) === null) throw unknownBatch(id);
      if (open >= MAX_STREAMS) {
        const detail = `This process streams the results of ${MAX_STREAMS} batches and takes no more. Try again in 10 s.`;
        throw unavailable('too-many-streams', detail, 10);
      }
      open++;
      reply.raw.once('close', () => open--);
      // The client sees at once that the stream is open: its first line may take a while.
      reply.raw.once('pipe', () => reply.raw.flushHeaders());
      const signal = disconnected(reply);
      const outcomes = (form: OutcomeOptions['format']) => batches.outcomes(id, { format: form, skip, follow, signal });
      switch (format) {
        case 'csv':
          reply
            .type('text/csv; charset=utf-8')
            .header('content-disposition', `attachment; filename="whence-${id}.csv"`);
          return reply.send(streamOf(asCsv(outcomes('json'), renderer)));
        case 'inseq':
          return reply.type('application/json').send(streamOf(asInseq(() => outcomes('inseq'))));
        case 'ndjson':
          return reply.type('application/x-ndjson').send(streamOf(asLines(outcomes('json'))));
      }
    },
  );
};

export default routes;

function streamOf(pieces: AsyncIterable<string | Buffer>): Readable {
  return Readable.from(pieces, { objectMode: false, highWaterMark: AHEAD_BYTES });
}
