/** The API with real batches: on a Redis of its own, and workers whose engine does what a line's `method_args` say. */
import type { TestContext } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../../src/api/server.ts';
import type { Batches } from '../../src/batches/batches.ts';
import { createBatches } from '../../src/batches/create-batches.ts';
import type { Batch } from '../../src/contract/batch.ts';
import type { Result } from '../../src/contract/result.ts';
import type { WorkerConfig } from '../../src/worker/main.ts';
import { SETTINGS, WORDS } from './api.ts';
import { eventually, type JobsBench, startBench } from './jobs.ts';
import type { Behaviour } from './jobs-engine.ts';

export interface BatchBench extends JobsBench {
  app: FastifyInstance;
  batches: Batches;
  /** Sends lines: objects, or texts as they are. */
  post(lines: readonly unknown[], headers?: Record<string, string>): ReturnType<typeof inject>;
  /** Sends lines that are accepted. */
  accepted(lines: readonly unknown[], headers?: Record<string, string>): Promise<Batch>;
  get(id: string): Promise<Batch>;
  /** The batch when it has ended. */
  ended(id: string): Promise<Batch>;
  results(id: string, query?: string): Promise<LineResult[]>;
}

interface LineResult {
  custom_id: string | null;
  status: string;
  result?: Result;
  error?: { code: string; message: string; pointer: string | null };
}

/** A line that the test's engine computes. */
export function lineOf(id: string, behaviour: Behaviour = {}, body: object = {}) {
  const request = { model: 'tiny', input_texts: 'x', method: 'saliency', method_args: behaviour, ...body };
  return { custom_id: id, body: request };
}

export async function startBatchBench(t: TestContext, overrides: Partial<WorkerConfig> = {}): Promise<BatchBench> {
  const bench = await startBench(t, overrides);
  const batches = await createBatches(bench.config, bench.jobs);
  const app = await buildApp({ settings: SETTINGS, jobs: bench.jobs, batches, tokens: WORDS });
  t.after(async () => {
    await app.close();
    await batches.close();
  });
  const get = async (id: string): Promise<Batch> => (await app.inject(`/batches/${id}`)).json();
  const post: BatchBench['post'] = (lines, headers = {}) => inject(app, textOf(lines), headers);
  return {
    ...bench,
    app,
    batches,
    post,
    accepted: async (lines, headers) => {
      const response = await post(lines, headers);
      if (response.statusCode !== 202) throw new Error(response.body);
      return response.json();
    },
    get,
    ended: async (id) => {
      let batch = await get(id);
      await eventually(async () => {
        batch = await get(id);
        return batch.finished_at !== null;
      });
      return batch;
    },
    results: async (id, query = '') => {
      const { body } = await app.inject(`/batches/${id}/results${query}`);
      return body
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    },
  };
}

function textOf(lines: readonly unknown[]): string {
  return lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');
}

function inject(app: FastifyInstance, payload: string, headers: Record<string, string>) {
  const type = { 'content-type': 'application/x-ndjson', ...headers };
  return app.inject({ method: 'POST', url: '/batches', payload, headers: type });
}
