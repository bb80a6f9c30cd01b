/** Everything that a test of jobs and workers starts and must stop again. */
import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Logger, pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { Job } from '../../src/contract/job.ts';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import type { Jobs } from '../../src/jobs/jobs.ts';
import { type RunningWorker, startWorker, type WorkerConfig, type WorkerTuning } from '../../src/worker/main.ts';
import type { Behaviour } from './jobs-engine.ts';
import { startRedis, type TestRedis } from './jobs-redis.ts';

/** Short enough that a test of a dead worker takes seconds. */
const TUNING: Partial<WorkerTuning> = {
  engineModule: new URL('./jobs-engine.ts', import.meta.url).href,
  lockMs: 1_000,
  heartbeatMs: 300,
  reconcileMs: 1_000,
  cancelGraceMs: 300,
  handOverMs: 300,
};

export interface JobsBench {
  redis: TestRedis;
  jobs: Jobs;
  config: WorkerConfig;
  /** A path in a folder of this test. */
  file(name: string): string;
  open(gate: string): Promise<void>;
  lines(log: string): Promise<string[]>;
  /** Starts a worker in this process (its engine has its own). */
  worker(tuning?: Partial<WorkerTuning> & { log?: Logger }, config?: Partial<WorkerConfig>): Promise<RunningWorker>;
  /** Starts a worker in a process of its own and waits until it takes jobs. */
  workerProcess(tuning?: Partial<WorkerTuning>): Promise<{ process: ChildProcess; id: string }>;
  submit(behaviour?: Behaviour, options?: Partial<AttributeRequest>): Promise<Job>;
  /** Submits jobs that are alike, whatever they do, so that a worker takes them together. */
  submitAlike(behaviours: Behaviour[]): Promise<Job[]>;
}

/** A Redis, the API's side of the store, and what the test starts beside; all of it ends with the test. */
export async function startBench(t: TestContext, overrides: Partial<WorkerConfig> = {}): Promise<JobsBench> {
  const dir = await mkdtemp(join(tmpdir(), 'whence-jobs-'));
  const redis = await startRedis();
  const config = {
    ...loadConfig({}),
    redisUrl: redis.url,
    resultTtlSeconds: 60,
    maxQueue: 10,
    webhookAllowPrivate: true,
    ...overrides,
  };
  const jobs = await createJobs(config);
  const workers: RunningWorker[] = [];
  const processes: ChildProcess[] = [];
  t.after(async () => {
    for (const child of processes) child.kill('SIGKILL');
    await Promise.all(workers.map((worker) => worker.close()));
    await jobs.close();
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  });
  return {
    redis,
    jobs,
    config,
    file: (name) => join(dir, name),
    open: (gate) => writeFile(gate, ''),
    lines: async (log) => (await readFile(log, 'utf8')).trim().split('\n'),
    worker: async (tuning, own) => {
      const log = pino({ level: process.env.JOBS_TEST_LOG ?? 'silent' });
      const worker = await startWorker({ ...config, ...own }, { ...TUNING, drainMs: 0, log, ...tuning });
      workers.push(worker);
      return worker;
    },
    workerProcess: async (tuning) => {
      const options = JSON.stringify({ config, tuning: { ...TUNING, ...tuning } });
      const execArgv = ['--import', import.meta.resolve('tsx')];
      const child = fork(fileURLToPath(new URL('./jobs-worker.ts', import.meta.url)), [options], { execArgv });
      processes.push(child);
      const [id] = await once(child, 'message');
      return { process: child, id };
    },
    submit: async (behaviour = {}, options = {}) => {
      const { job } = await jobs.submit(testRequest(behaviour, options), { pool: config.pool });
      return job;
    },
    submitAlike: async (behaviours) => {
      const made: Job[] = [];
      for (const behaviour of behaviours) {
        const request = testRequest({}, { input_texts: [JSON.stringify(behaviour)] });
        made.push((await jobs.submit(request, { pool: config.pool, work: 1 })).job);
      }
      return made;
    },
  };
}

export function testRequest(behaviour: Behaviour = {}, options: Partial<AttributeRequest> = {}): AttributeRequest {
  return {
    model: 'tiny',
    input_texts: ['one'],
    messages: null,
    generated_texts: null,
    method: 'saliency',
    method_args: { ...behaviour },
    attributed_fn: { name: 'probability', args: {} },
    step_scores: [],
    top_alternatives: 0,
    attribute_target: false,
    attr_pos_start: null,
    attr_pos_end: null,
    include_eos_baseline: false,
    generation_args: GREEDY,
    src_lang: null,
    tgt_lang: null,
    skip_special_tokens: false,
    clean_special_chars: false,
    aggregators: null,
    seed: 42,
    webhook: null,
    ...options,
  };
}

const GREEDY = {
  max_new_tokens: 20,
  min_new_tokens: 0,
  num_beams: 1,
  do_sample: false,
  temperature: 1,
  top_k: 50,
  top_p: 1,
  repetition_penalty: 1,
  no_repeat_ngram_size: 0,
};

/** Resolves when an event of the job satisfies `found`; for what a test must have seen before it goes on. */
export async function untilEvent(jobs: Jobs, id: string, found: (event: string, data: unknown) => boolean) {
  const stop = AbortSignal.timeout(20_000);
  for await (const { event, data } of jobs.events(id, { signal: stop })) if (found(event, data)) return;
  assert.fail(`job ${id} ended without the event`);
}

/** Resolves when the engine has begun with the job: it has sent its first step. */
export const untilStep = (jobs: Jobs, id: string) => untilEvent(jobs, id, (event) => event === 'step');

/** For what no event tells (a heartbeat that runs out, say): looks every 50 ms, for 20 s at most. */
export async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 20_000; !(await check()); await sleep(50)) {
    assert.ok(Date.now() < deadline, 'it did not happen within 20 seconds');
  }
}
