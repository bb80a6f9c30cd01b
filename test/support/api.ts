/** The API on a job store in memory: for tests of what goes over the wire, without Redis or a worker. */
import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import type { ApiSettings } from '../../src/api/capabilities.ts';
import { buildApp } from '../../src/api/server.ts';
import type { TokenCounter } from '../../src/api/validation/lengths.ts';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { Catalogue } from '../../src/contract/catalogue.ts';
import type { JobEvent } from '../../src/contract/events.ts';
import { isFinal, type Job, jobLinks } from '../../src/contract/job.ts';
import type { Problem } from '../../src/contract/problem.ts';
import type { Result } from '../../src/contract/result.ts';
import { IdempotencyConflictError, type Jobs, type WorkerInfo } from '../../src/jobs/jobs.ts';
import { TokenizerError } from '../../src/tokenizers/errors.ts';

/** Settings of a test: no keys, no limit, no log. */
export const SETTINGS: ApiSettings = {
  host: '127.0.0.1',
  port: 0,
  apiKeys: [],
  rateLimitPerMinute: 0,
  allowPrivateWebhooks: false,
  logLevel: 'silent',
  trustProxy: false,
};

const args = (properties: object = {}) => ({ type: 'object', properties, additionalProperties: false });
const both: ('decoder-only' | 'encoder-decoder')[] = ['decoder-only', 'encoder-decoder'];
const described = { description: 'What it is.', paper: null, applies_to: both };
const contrast = args({
  contrast_targets: {
    anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }, { type: 'null' }],
    default: null,
  },
  contrast_targets_alignments: { anyOf: [{ type: 'array' }, { type: 'null' }], default: null },
  contrast_force_inputs: { type: 'boolean', default: false },
});

/** A catalogue like a worker's: a decoder, a translation model, and a few entries of each kind. */
export const CATALOGUE: Catalogue = {
  models: [
    {
      id: 'facts-gpt2',
      model_type: 'gpt2',
      architecture: 'decoder-only',
      quantization: 'int8',
      parameters: 1000,
      layers: 2,
      vocab_size: 100,
      max_positions: 64,
      languages: null,
      chat: true,
      loaded: false,
      pool: 'default',
      methods: ['input_x_gradient', 'integrated_gradients', 'occlusion'],
      step_functions: ['probability', 'entropy', 'contrast_prob_diff', 'top_p_size'],
    },
    {
      id: 'numbers-m2m100',
      model_type: 'm2m_100',
      architecture: 'encoder-decoder',
      quantization: 'none',
      parameters: 1000,
      layers: 2,
      vocab_size: 100,
      max_positions: 32,
      languages: ['de', 'en', 'fr'],
      chat: false,
      loaded: false,
      pool: 'large',
      methods: ['input_x_gradient', 'integrated_gradients', 'value_zeroing'],
      step_functions: ['probability', 'entropy'],
    },
  ],
  methods: [
    {
      id: 'input_x_gradient',
      name: 'Input x gradient',
      ...described,
      args_schema: args(),
      needs_gradient: true,
    },
    {
      id: 'integrated_gradients',
      name: 'Integrated gradients',
      ...described,
      needs_gradient: true,
      args_schema: args({
        n_steps: { type: 'integer', minimum: 1, maximum: 1000, default: 50 },
        method: { enum: ['gausslegendre', 'riemann_trapezoid'], default: 'gausslegendre' },
      }),
    },
    { id: 'occlusion', name: 'Occlusion', ...described, args_schema: args() },
    { id: 'value_zeroing', name: 'Value zeroing', ...described, args_schema: args(), applies_to: ['encoder-decoder'] },
    { id: 'lime', name: 'LIME', ...described, args_schema: args() },
  ],
  step_functions: [
    {
      id: 'probability',
      name: 'Probability',
      ...described,
      args_schema: args({ logprob: { type: 'boolean', default: false } }),
      differentiable: true,
    },
    { id: 'entropy', name: 'Entropy', ...described, args_schema: args(), differentiable: true },
    {
      id: 'contrast_prob_diff',
      name: 'Contrastive probability difference',
      ...described,
      args_schema: contrast,
      differentiable: true,
    },
    {
      id: 'top_p_size',
      name: 'Nucleus size',
      ...described,
      args_schema: args({ top_p: { type: 'number', default: 0.9 } }),
      differentiable: false,
    },
  ],
  aggregators: [
    {
      id: 'scores',
      name: 'Scores',
      ...described,
      args_schema: args({ function: { enum: ['vnorm', 'mean', 'sum'], default: 'vnorm' } }),
    },
  ],
  backend: { name: 'wasm', version: '4.22.0', reason: 'a test' },
  versions: { whence: '0.1.0' },
};

const WORKER: WorkerInfo = {
  id: 'w1',
  pool: 'default',
  backend: 'wasm',
  loaded_models: ['facts-gpt2'],
  busy: false,
  last_seen: '2026-01-01T00:00:00.000Z',
};

/** A result of one sequence, as a worker stores it. */
export function resultOf(jobId: string): Result {
  const token = (id: number, text: string, start: number) => ({ id, token: text, start, end: start + text.length });
  return {
    job_id: jobId,
    sequences: [
      {
        source: [],
        target: [token(1, 'The', 0), token(2, ' capital', 3), token(3, ' of', 11)],
        attr_pos_start: 2,
        attr_pos_end: 3,
        source_attributions: null,
        target_attributions: [[0.4], [0.6], [null]],
        step_scores: { probability: [0.9] },
        sequence_scores: {},
        convergence_delta: null,
      },
    ],
    info: {
      model: 'facts-gpt2',
      quantization: 'int8',
      backend: 'wasm',
      method: 'input_x_gradient',
      method_args: {},
      attributed_fn: 'probability',
      seed: 42,
      seconds: 0.1,
      forward_passes: 1,
      backward_passes: 1,
      versions: {},
    },
  };
}

interface Entry {
  job: Job;
  request: AttributeRequest;
  result: Result | null;
  events: JobEvent[];
}

/** `Jobs` in memory; `finish` and `emit` play the worker. Single methods can be replaced to play a broken store. */
export class MemoryJobs implements Jobs {
  readonly entries = new Map<string, Entry>();
  readonly keys = new Map<string, { id: string; body: string }>();
  /** Pools that requests were submitted to. */
  readonly pools: string[] = [];
  /** Signals of event streams that were opened. */
  readonly streams: AbortSignal[] = [];
  readonly #listeners = new Set<() => void>();
  #count = 0;

  async submit(request: AttributeRequest, { pool, idempotencyKey }: { pool: string; idempotencyKey?: string }) {
    const body = JSON.stringify(request);
    const known = idempotencyKey === undefined ? undefined : this.keys.get(idempotencyKey);
    if (known !== undefined) {
      if (known.body !== body) throw new IdempotencyConflictError(known.id);
      return { job: this.entry(known.id).job, created: false };
    }
    const id = `job-${++this.#count}`;
    const job: Job = {
      id,
      status: 'queued',
      model: request.model,
      method: request.method,
      created_at: new Date(2026, 0, 1, 0, 0, this.#count).toISOString(),
      started_at: null,
      finished_at: null,
      queue_position: 0,
      progress: { phase: 'queued', completed: 0, total: 0, fraction: 0 },
      error: null,
      links: jobLinks(id),
    };
    this.entries.set(id, { job, request, result: null, events: [] });
    if (idempotencyKey !== undefined) this.keys.set(idempotencyKey, { id, body });
    this.pools.push(pool);
    return { job, created: true };
  }

  /** The entry of a job that the test knows to exist. */
  entry(id: string): Entry {
    const entry = this.entries.get(id);
    if (entry === undefined) throw new Error(`no job ${id}`);
    return entry;
  }

  /** Ends a job as a worker would. */
  finish(id: string, status: 'succeeded' | 'failed' | 'canceled' = 'succeeded'): void {
    const entry = this.entry(id);
    entry.job = {
      ...entry.job,
      status,
      finished_at: '2026-01-01T00:01:00.000Z',
      progress: { phase: 'done', completed: 1, total: 1, fraction: 1 },
    };
    if (status === 'failed') entry.job.error = { code: 'worker_lost', message: 'The worker was lost.', pointer: null };
    if (status === 'succeeded') entry.result = resultOf(id);
    this.emit(id, { id: `${entry.events.length + 1}-0`, event: 'done', data: entry.job });
  }

  emit(id: string, event: JobEvent): void {
    this.entry(id).events.push(event);
    for (const listener of this.#listeners) listener();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        this.#listeners.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      this.#listeners.add(end);
      signal.addEventListener('abort', end);
    });
  }

  async get(id: string) {
    return this.entries.get(id)?.job ?? null;
  }

  async list({ status, model, limit, cursor }: { status?: string; model?: string; limit: number; cursor?: string }) {
    const all = [...this.entries.values()].map(({ job }) => job).reverse();
    const matching = all.filter(
      (job) => (status === undefined || job.status === status) && (model === undefined || job.model === model),
    );
    const from = Number(cursor ?? 0);
    return {
      jobs: matching.slice(from, from + limit),
      next_cursor: from + limit < matching.length ? String(from + limit) : null,
    };
  }

  async request(id: string) {
    return this.entries.get(id)?.request ?? null;
  }

  async result(id: string, format: 'json' | 'inseq') {
    const result = this.entries.get(id)?.result ?? null;
    if (result === null) return null;
    return Buffer.from(
      format === 'json'
        ? JSON.stringify(result)
        : '{"__instance_type__":["inseq.data.attribution","FeatureAttributionOutput"]}',
    );
  }

  async packedResult(id: string, format: 'json' | 'inseq') {
    const bytes = await this.result(id, format);
    return bytes && [gzipSync(bytes)];
  }

  async *events(id: string, { after, signal }: { after?: string; signal: AbortSignal }): AsyncGenerator<JobEvent> {
    this.streams.push(signal);
    const { events } = this.entry(id);
    for (let next = after === undefined ? 0 : events.findIndex((event) => event.id === after) + 1; ; next++) {
      while (next >= events.length) {
        if (signal.aborted) return;
        await this.#change(signal);
      }
      yield events[next];
      if (events[next].event === 'done') return;
    }
  }

  async wait(id: string, seconds: number, signal: AbortSignal = new AbortController().signal) {
    // A timer of its own: those of AbortSignal.timeout do not keep the process alive.
    const over = new AbortController();
    const timer = setTimeout(() => over.abort(), seconds * 1000);
    const until = AbortSignal.any([signal, over.signal]);
    while (!until.aborted && this.entries.has(id) && !isFinal(this.entry(id).job.status)) await this.#change(until);
    clearTimeout(timer);
    return this.get(id);
  }

  async cancel(id: string) {
    const job = this.entries.get(id)?.job ?? null;
    if (job !== null && !isFinal(job.status)) this.finish(id, 'canceled');
    return this.get(id);
  }

  async remove(id: string) {
    return this.entries.delete(id);
  }

  async catalogue(): Promise<Catalogue | null> {
    return CATALOGUE;
  }

  async workers() {
    return [WORKER];
  }

  async counts() {
    const counts = { queued: 0, running: 0, succeeded: 0, failed: 0, canceled: 0 };
    for (const { job } of this.entries.values()) counts[job.status]++;
    return counts;
  }

  async ping() {
    return 1;
  }

  async health() {
    return { milliseconds: await this.ping(), warnings: [] };
  }

  async close() {}
}

const words = (text: string): number => text.split(/\s+/).filter((word) => word !== '').length;

/** One token for each word, and one special token for each text or message. */
export const WORDS: TokenCounter = {
  async count(_modelId, text, { specialTokens }) {
    return words(text) + (specialTokens ? 1 : 0);
  },
  async countConversation(_modelId, messages, reply) {
    if (messages.some(({ role }) => role === 'tool')) throw new TokenizerError('the template knows no tools');
    return messages.reduce((sum, { content }) => sum + 1 + words(content), words(reply));
  },
  async longestToken() {
    return 100;
  },
};

/** The API for one test, closed at its end. */
export async function startApp(
  t: TestContext,
  settings: Partial<ApiSettings> = {},
): Promise<{ app: FastifyInstance; jobs: MemoryJobs }> {
  const jobs = new MemoryJobs();
  const app = await buildApp({ settings: { ...SETTINGS, ...settings }, jobs, tokens: WORDS });
  t.after(() => app.close());
  return { app, jobs };
}

/** Posts an attribution. */
export function attribute(app: FastifyInstance, payload: unknown, headers: Record<string, string> = {}) {
  return attributeText(app, JSON.stringify(payload), headers);
}

/** Posts an attribution as it is written. */
export function attributeText(app: FastifyInstance, payload: string, headers: Record<string, string> = {}) {
  return app.inject({
    method: 'POST',
    url: '/attribute',
    payload,
    headers: { 'content-type': 'application/json', ...headers },
  });
}

/** The problem of an answer, after checking that it looks like one. */
export function problemOf(response: {
  headers: Record<string, unknown>;
  statusCode: number;
  json(): Problem;
}): Problem {
  const problem = response.json();
  if (!String(response.headers['content-type']).startsWith('application/problem+json'))
    throw new Error(`no problem+json: ${response.headers['content-type']}`);
  if (problem.status !== response.statusCode)
    throw new Error(`status ${problem.status} in the body of a ${response.statusCode}`);
  if (!problem.type.startsWith('urn:whence:problem:') || problem.title === '' || problem.detail === '')
    throw new Error(JSON.stringify(problem));
  return problem;
}
