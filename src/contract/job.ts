/** A job: one accepted attribution request and how far it is. */
import Type, { type Static } from 'typebox';
import { Metadata } from './attribute-request.ts';
import { JOB_KINDS } from './job-kinds.ts';
import { nullable, ref, timestamp } from './schema.ts';

export const JOB_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'canceled'] as const;

export const JobStatus = Type.Enum(JOB_STATUSES, {
  description: '`succeeded`, `failed` and `canceled` are final.',
  examples: ['running'],
});
export type JobStatus = Static<typeof JobStatus>;

/** How far a job is, within its phase. */
export const Progress = Type.Object(
  {
    phase: Type.Enum(['queued', 'loading', 'generating', 'attributing', 'done']),
    completed: Type.Integer({ minimum: 0, description: 'Units of work done in this phase.' }),
    total: Type.Integer({ minimum: 0, description: 'Units of work of this phase; 0: not known yet.' }),
    fraction: Type.Number({ minimum: 0, maximum: 1, description: '`completed / total`.' }),
    seconds_left: Type.Optional(
      Type.Number({
        minimum: 0,
        description:
          'That the running job will still compute, as of its last progress: by its quote, then by how fast it gets on. ' +
          'Left out where nobody can tell.',
      }),
    ),
  },
  { $id: 'Progress', examples: [{ phase: 'attributing', completed: 3, total: 12, fraction: 0.25, seconds_left: 1.8 }] },
);
export type Progress = Static<typeof Progress>;

/** Why a job failed. */
export const JobError = Type.Object(
  {
    code: Type.String({ description: 'Machine-readable, stable.', examples: ['worker_lost'] }),
    message: Type.String({ description: 'For the person who made the request.' }),
    pointer: nullable(Type.String(), { description: 'JSON pointer of the field at fault, where there is one.' }),
  },
  {
    $id: 'JobError',
    examples: [
      { code: 'worker_lost', message: 'The worker ended three times while computing this job.', pointer: null },
    ],
  },
);
export type JobError = Static<typeof JobError>;

const Links = Type.Object({
  self: Type.String({ examples: ['/jobs/k3v9'] }),
  result: Type.String({ examples: ['/jobs/k3v9/result'] }),
  events: Type.String({ examples: ['/jobs/k3v9/events'] }),
  heatmap: Type.String({ examples: ['/jobs/k3v9/heatmap'] }),
  share: Type.Optional(
    Type.String({
      description:
        'A link for others, to read this job without an API key. It ends by itself, with the key that the request was made ' +
        'with, and with the job. Webhooks have none, nor have keys without the scope `read`.',
      examples: ['/s/dGg0.cXk'],
    }),
  ),
});

const ScoreDifference = Type.Object({
  absolute: Type.Number({ minimum: 0 }),
  relative: Type.Number({ minimum: 0, description: 'To the larger of both numbers.' }),
});
export type ScoreDifference = Static<typeof ScoreDifference>;

const scoreDifference = (what: string) =>
  nullable(ScoreDifference, {
    description: `Largest difference of ${what}; null: they cannot be paired, as texts or lengths differ.`,
  });

/** How far the results of two jobs with the same request are from each other. */
export const Difference = Type.Object(
  {
    same_text: Type.Boolean({ description: 'Whether the texts are the same, given or generated.' }),
    scores: scoreDifference('any score'),
    step_scores: scoreDifference('any step score'),
  },
  {
    $id: 'Difference',
    examples: [{ same_text: true, scores: { absolute: 0, relative: 0 }, step_scores: { absolute: 0, relative: 0 } }],
  },
);
export type Difference = Static<typeof Difference>;

const Replay = Type.Object({
  of: Type.String({ description: 'The job that it repeats.', examples: ['k3v9'] }),
  difference: nullable(ref(Difference), {
    description: "From that job's result; null as long as it has not succeeded, or where that result was gone then.",
  }),
});

const JobInfo = Type.Object(
  {
    cached: Type.Boolean({
      description: 'Whether it was given the result of an earlier request for the same; then it has no `step` events.',
    }),
    replay: Type.Optional(Type.Unsafe<Static<typeof Replay>>({ ...Replay, description: 'A replay of another job.' })),
  },
  { description: 'How it came to its result.' },
);

/** A job as every route shows it. */
export const Job = Type.Object(
  {
    id: Type.String({ description: 'Unguessable.', examples: ['k3v9'] }),
    kind: Type.Enum(JOB_KINDS, { description: 'What it computes: the route that it was sent to.' }),
    status: JobStatus,
    model: Type.String({ examples: ['facts-gpt2'] }),
    method: Type.String({
      description: 'The method, or the approach that needs none.',
      examples: ['input_x_gradient'],
    }),
    created_at: timestamp('When it was accepted.'),
    started_at: nullable(timestamp('When a worker took it.')),
    finished_at: nullable(timestamp('When it ended.')),
    queue_position: nullable(Type.Integer({ minimum: 0 }), {
      description: 'Jobs in front of it; 0 when it is next or runs; null when it has ended.',
    }),
    progress: ref(Progress),
    error: nullable(ref(JobError), {
      description: 'Why it failed. A job of several texts fails only where all of them did.',
    }),
    failed_texts: Type.Integer({
      minimum: 0,
      description: 'Texts of a job that succeeded which failed: `error` of their sequences in the result says why.',
    }),
    metadata: Metadata,
    info: JobInfo,
    links: Links,
  },
  {
    $id: 'Job',
    examples: [
      {
        id: 'k3v9',
        kind: 'attribute',
        status: 'queued',
        model: 'facts-gpt2',
        method: 'input_x_gradient',
        created_at: '2026-03-01T12:00:00.000Z',
        started_at: null,
        finished_at: null,
        queue_position: 0,
        progress: { phase: 'queued', completed: 0, total: 0, fraction: 0 },
        error: null,
        failed_texts: 0,
        metadata: { team: 'search' },
        info: { cached: false },
        links: {
          self: '/jobs/k3v9',
          result: '/jobs/k3v9/result',
          events: '/jobs/k3v9/events',
          heatmap: '/jobs/k3v9/heatmap',
          share: '/s/dGg0.cXk',
        },
      },
    ],
  },
);
export type Job = Static<typeof Job>;

/** One page of jobs, newest first. */
export const JobList = Type.Object(
  {
    jobs: Type.Array(ref(Job)),
    next_cursor: nullable(Type.String(), { description: 'Give it as `cursor` to read on; null: the last page.' }),
  },
  { $id: 'JobList' },
);
export type JobList = Static<typeof JobList>;

/** The links of a job with this id. @param root - URL of the service, without a slash at its end; '' gives paths */
export function jobLinks(id: string, root = ''): Job['links'] {
  const self = `${root}/jobs/${encodeURIComponent(id)}`;
  return { self, result: `${self}/result`, events: `${self}/events`, heatmap: `${self}/heatmap` };
}

/** Whether a job with this status will never change again. */
export function isFinal(status: JobStatus): boolean {
  return status === 'succeeded' || status === 'failed' || status === 'canceled';
}
