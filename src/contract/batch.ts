/** A batch: many requests, one a line, accepted and computed as one thing. */
import Type, { type Static } from 'typebox';
import type { ContextResult } from './attribute-context-result.ts';
import { JobError } from './job.ts';
import type { AttributionKind } from './job-kinds.ts';
import { LIMITS } from './limits.ts';
import type { Result } from './result.ts';
import { freeObject, nullable, ref, timestamp } from './schema.ts';

const BATCH_STATUSES = ['queued', 'running', 'completed', 'canceled'] as const;

export const BatchStatus = Type.Enum(BATCH_STATUSES, {
  description: '`completed` (every line has ended, well or badly) and `canceled` are final.',
  examples: ['running'],
});
export type BatchStatus = Static<typeof BatchStatus>;

const count = (description: string) => Type.Integer({ minimum: 0, description });

const LineCounts = Type.Object(
  {
    total: count('All lines.'),
    queued: count('Lines that wait.'),
    running: count('Lines that are computed now.'),
    succeeded: count('Lines that have a result.'),
    failed: count('Lines that have an error.'),
    canceled: count('Lines that were not computed, because the batch was canceled.'),
  },
  { description: 'Lines by status.' },
);

/** A batch as every route shows it. */
export const Batch = Type.Object(
  {
    id: Type.String({ description: 'Unguessable.', examples: ['b7x2'] }),
    status: BatchStatus,
    created_at: timestamp('When it was accepted.'),
    started_at: nullable(timestamp('When its first lines were taken.')),
    finished_at: nullable(timestamp('When its last line ended, or it was canceled.')),
    estimated_end: nullable(timestamp('When it will have ended if it goes on as fast as so far.'), {
      description: 'null: not known yet, or it has ended.',
    }),
    counts: LineCounts,
    progress: Type.Object({
      completed: count('Lines that have ended.'),
      total: count('All lines.'),
      fraction: Type.Number({ minimum: 0, maximum: 1 }),
    }),
    links: Type.Object({
      self: Type.String({ examples: ['/batches/b7x2'] }),
      results: Type.String({ examples: ['/batches/b7x2/results'] }),
      events: Type.String({ examples: ['/batches/b7x2/events'] }),
      cancel: Type.String({ examples: ['/batches/b7x2/cancel'] }),
    }),
  },
  {
    $id: 'Batch',
    examples: [
      {
        id: 'b7x2',
        status: 'running',
        created_at: '2026-03-01T12:00:00.000Z',
        started_at: '2026-03-01T12:00:00.200Z',
        finished_at: null,
        estimated_end: '2026-03-01T12:00:25.200Z',
        counts: { total: 500, queued: 396, running: 4, succeeded: 99, failed: 1, canceled: 0 },
        progress: { completed: 100, total: 500, fraction: 0.2 },
        links: {
          self: '/batches/b7x2',
          results: '/batches/b7x2/results',
          events: '/batches/b7x2/events',
          cancel: '/batches/b7x2/cancel',
        },
      },
    ],
  },
);
export type Batch = Static<typeof Batch>;

/** What `GET /batches/{id}/events` streams. */
export const BatchEvent = Type.Object(
  {
    event: Type.Enum(['progress', 'done'] as const, { description: '`done` is the last.' }),
    data: ref(Batch),
  },
  { $id: 'BatchEvent' },
);

/** One page of batches, newest first. */
export const BatchList = Type.Object(
  {
    batches: Type.Array(ref(Batch)),
    next_cursor: nullable(Type.String(), { description: 'Give it as `cursor` to read on; null: the last page.' }),
  },
  { $id: 'BatchList' },
);
export type BatchList = Static<typeof BatchList>;

/** Routes that a line may name. */
const LINE_URLS = ['/attribute', '/attribute-context'] as const;

/** The kind of job that a line asks for. @param url - as the line has it; left out: `/attribute` */
export function kindOfLine(url: unknown): AttributionKind {
  return url === '/attribute-context' ? 'attribute-context' : 'attribute';
}

/** One line of `POST /batches`, as OpenAI's batches have it. */
export const BatchLine = Type.Object(
  {
    custom_id: Type.String({
      minLength: 1,
      maxLength: LIMITS.customIdCharacters,
      description: 'Names the line in the results; each occurs once in a batch.',
      examples: ['question-17'],
    }),
    method: Type.Optional(Type.Literal('POST', { description: "As OpenAI's lines have it; may be left out." })),
    url: Type.Optional(Type.Enum(LINE_URLS, { description: 'Which request it is. Default: `/attribute`.' })),
    body: freeObject({
      description:
        'The body of that request; fields that it leaves out and that the request has are those of `defaults`.',
      examples: [{ model: 'facts-gpt2', input_texts: 'The capital of France is' }],
    }),
  },
  { $id: 'BatchLine', additionalProperties: false },
);
export type BatchLine = Static<typeof BatchLine>;

/** One line of the results. */
export const BatchLineResult = Type.Object(
  {
    custom_id: nullable(Type.String(), { description: 'null: the line had none that could be read.' }),
    status: Type.Enum(['succeeded', 'failed', 'canceled'] as const),
    cached: Type.Optional(
      Type.Boolean({ description: 'true: the result was kept from an earlier request that asked for the same.' }),
    ),
    result: Type.Optional(
      Type.Unsafe<Result | ContextResult>({
        anyOf: [{ $ref: 'Result#' }, { $ref: 'ContextResult#' }],
        description: 'Where it succeeded: of `/attribute`, of `/attribute-context`.',
      }),
    ),
    error: Type.Optional(ref(JobError, { description: 'Where it failed.' })),
  },
  { $id: 'BatchLineResult' },
);

/** The links of a batch. @param root - URL of the service, without a slash at its end; '' gives paths */
export function batchLinks(id: string, root = ''): Batch['links'] {
  const self = `${root}/batches/${encodeURIComponent(id)}`;
  return { self, results: `${self}/results`, events: `${self}/events`, cancel: `${self}/cancel` };
}

/** Whether a batch with this status will never have other results. */
export function isEndedBatch(status: BatchStatus): boolean {
  return status === 'completed' || status === 'canceled';
}
