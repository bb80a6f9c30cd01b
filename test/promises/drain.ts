/**
 * Promise 4: drain loses no work. Long jobs of every kind are disturbed: their worker is told to leave (SIGTERM), or killed,
 * and another goes on from what it has put down. What comes of it are the bytes, and each step once, of a job that nobody
 * disturbs.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Job } from '../../src/contract/job.ts';
import { Random } from '../../src/random.ts';
import type { WorkerTuning } from '../../src/worker/main.ts';
import { type Campaign, figure, never, type Round, within } from './campaign.ts';
import { comparable, SMALL } from './jobs.ts';
import { gpt2SmallModels } from './large-model.ts';
import { type Program, type Stack, startStack, until } from './stack.ts';

/** A worker that is told to leave is gone within this. */
const LEAVES_MS = 25_000;
const ENDS_MS = 300_000;
/** What may be computed again. */
const AGAIN_MS = 5_000;

/** Jobs that take a while; `scale`: how much longer. */
function longJobs(model: string, text: string, scale: number): Record<string, Record<string, unknown>> {
  const answer = `${text} Paris, and that of Italy is Rome`;
  const forced = { model, input_texts: text, generated_texts: answer };
  const some = (count: number) => Math.round(count * scale);
  return {
    'integrated gradients': { ...forced, method: 'integrated_gradients', method_args: { n_steps: some(600) } },
    SmoothGrad: { ...forced, method: 'smooth_grad', method_args: { n_samples: some(600) } },
    LIME: { ...forced, method: 'lime', method_args: { n_samples: some(3000) } },
    'kernel SHAP': { ...forced, method: 'kernel_shap', method_args: { n_samples: some(3000) } },
    'sequential integrated gradients': {
      ...forced,
      method: 'sequential_integrated_gradients',
      method_args: { n_steps: Math.max(2, some(15)) },
    },
    'many texts, sampled': {
      model,
      input_texts: Array.from({ length: Math.min(64, some(24)) }, (_, k) => `${text} ${k}`),
      method: 'integrated_gradients',
      method_args: { n_steps: 40 },
      generation_args: { max_new_tokens: 8, min_new_tokens: 8, do_sample: true },
      step_scores: ['entropy'],
    },
    // The demo model has no positions for a long text.
    ...(model === 'gpt2-small' && {
      generation: {
        model,
        input_texts: text,
        method: 'saliency',
        attr_pos_start: 400,
        generation_args: { max_new_tokens: 400, min_new_tokens: 400 },
      },
    }),
  };
}

interface Setting {
  model: 'facts-gpt2' | 'gpt2-small';
  scale: number;
  /** Of workers; null: as they are delivered, which lets jobs go on for a while. */
  tuning: Partial<WorkerTuning> | null;
}

interface Whole {
  result: string;
  steps: string[];
  passes: number;
  /** Seconds that a worker computed it. */
  seconds: number;
}

/** Soaks take a model of GPT-2 small's shape, and workers as they are delivered. */
export const drain: Campaign = draining({ model: 'gpt2-small', scale: 0.12, tuning: null });

export function draining(setting: Setting): Campaign {
  return {
    promise: 4,
    title: 'Drain loses no work',
    roundSeconds: 600,

    run: async (round) => {
      const dir = mkdtempSync(join(tmpdir(), 'whence-drain-'));
      const stack = await startStack({
        settings: {
          WHENCE_LOG_LEVEL: 'info',
          ...(setting.model === 'gpt2-small' && { WHENCE_MODELS_FILE: gpt2SmallModels(dir) }),
        },
        ...(setting.tuning && { tuning: setting.tuning }),
      });
      const redis = new Redis(stack.redis.url);
      try {
        const text = `${SMALL.input_texts} `.repeat(4).trim();
        const jobs = Object.entries(longJobs(setting.model, text, setting.scale));
        const random = new Random(round.seed);
        await stack.client.run({ ...SMALL, model: setting.model }); // the model is loaded
        for (const order = random.order(jobs.length); ; ) {
          const [name, body] = jobs[order.shift() as number];
          await disturb(stack, redis, { name, body, random }, round);
          if (order.length === 0 || Date.now() > round.until) break;
        }
      } finally {
        redis.disconnect();
        await stack.stop();
        rmSync(dir, { recursive: true, force: true });
      }
    },

    rows: (tally) => [
      figure('jobs whose worker was told to leave', `${tally.count('terminated')}`),
      figure('of these handed over', `${tally.count('handed over')}`),
      figure('jobs whose worker was killed', `${tally.count('killed')}`),
      never('jobs that failed, or whose result has other bytes than that of a whole run', tally.count('other')),
      never('steps that were told twice, not at all or otherwise', tally.count('steps')),
      within('computed again of a job that was handed over, most', tally.worst('again'), AGAIN_MS),
      within('a worker told to leave is gone, slowest', tally.worst('leaves'), LEAVES_MS),
    ],
  };
}

async function disturb(
  stack: Stack,
  redis: Redis,
  { name, body, random }: { name: string; body: Record<string, unknown>; random: Random },
  { tally, say }: Round,
): Promise<void> {
  const whole = await undisturbed(stack, body);
  const share = 0.1 + 0.5 * random.uniform();
  const kills = random.uniform() < 0.25;
  const id = await submit(stack, body);
  const key = `whence:job:${id}`;
  let isOver = false;
  await until(`${name} is on its way`, ENDS_MS, async () => {
    const job: Job = (await stack.client.get(`/jobs/${id}`)).json;
    const { phase, fraction } = job.progress;
    const isThere = phase === 'attributing' || (name === 'generation' && phase === 'generating');
    isOver = job.finished_at !== null;
    return isOver || (isThere && fraction >= share && (!kills || (await redis.exists(`whence:savepoint:${id}`)) === 1));
  });
  if (isOver) {
    tally.add('too soon');
    say(`${name}: has ended before it could be disturbed, after ${whole.seconds} s`);
    return;
  }
  const worker = await workerOf(stack, redis, key);
  stack.workers = stack.workers.filter((one) => one !== worker);
  const told = performance.now();
  worker.signal(kills ? 'SIGKILL' : 'SIGTERM');
  const next = stack.startWorker();
  stack.workers.push(next);
  await worker.ended;
  if (!kills) tally.sample('leaves', performance.now() - told);
  tally.add(kills ? 'killed' : 'terminated');
  const job = await stack.client.ended(id, ENDS_MS);
  const { result, steps } = await outcome(stack, id);
  if (job?.status !== 'succeeded' || result !== whole.result) {
    tally.add('other');
    tally.break(
      `${name}: ${JSON.stringify(job)}, and the result is ${result === whole.result ? 'the same' : 'another'}`,
    );
  }
  if (steps.join() !== whole.steps.join()) {
    tally.add('steps');
    tally.break(`${name}: told ${steps.length} steps, and not the ${whole.steps.length} of a whole run`);
  }
  const again = await recomputed(next, id);
  const attempts = Number(await redis.hget(key, 'attempt'));
  if (attempts > 1 && again === null) tally.break(`${name}: the next attempt begins anew`);
  if (attempts > 1 && !kills) {
    tally.add('handed over');
    const ms = (1000 * (again ?? whole.passes) * whole.seconds) / Math.max(1, whole.passes);
    tally.sample('again', ms);
    tally.expect(ms < AGAIN_MS, `${name}: ${again} of ${whole.passes} passes were run again, ${Math.round(ms)} ms`);
  }
  tally.expect((await redis.exists(`whence:savepoint:${id}`)) === 0, `${name}: what was put down is still there`);
  tally.expect(Number(await redis.hget(key, 'failed')) === 0, `${name}: it was charged with a failure`);
  say(
    `${name}: ${kills ? 'killed' : 'told to leave'} at ${share.toFixed(2)}, attempts ${attempts}, again ${again} of ${whole.passes}, ${whole.seconds} s`,
  );
}

async function submit({ client }: Stack, body: Record<string, unknown>): Promise<string> {
  const { status, json, text } = await client.post('/attribute', body);
  if (status !== 202) throw new Error(`POST /attribute answered ${status} ${text}`);
  return json.id;
}

async function undisturbed(stack: Stack, body: Record<string, unknown>): Promise<Whole> {
  const job = await stack.client.ended(await submit(stack, body), ENDS_MS);
  if (job?.status !== 'succeeded') throw new Error(`a job by itself is ${JSON.stringify(job)}`);
  const { result, steps, info } = await outcome(stack, job.id);
  return { result, steps, passes: info.forward_passes + info.backward_passes, seconds: info.seconds };
}

/** A result as it may be compared, and the steps that its stream has told: those of each text in their order. */
async function outcome(stack: Stack, id: string) {
  const { json } = await stack.client.get(`/jobs/${id}/result`);
  const told = (await stack.client.told(id)).filter(({ event }) => event === 'step').map(({ data }) => data);
  const steps = told
    .sort((a, b) => a.sequence - b.sequence)
    .map((step) => JSON.stringify({ ...step, text: undefined }));
  return { result: json?.info ? comparable(json) : '', steps, info: json?.info };
}

/** The worker that computes a job: its id has the number of its process. */
async function workerOf(stack: Stack, redis: Redis, key: string): Promise<Program> {
  const id = (await redis.hget(key, 'worker')) ?? '';
  const worker = stack.workers.find(({ pid }) => id.includes(`-${pid}-`));
  if (worker === undefined) throw new Error(`no worker ${id} was started here`);
  return worker;
}

/** Passes that the last attempt at a job says were run again; null: it began anew. */
async function recomputed(worker: Program, id: string): Promise<number | null> {
  const line = () =>
    worker
      .log()
      .split('\n')
      .find((one) => one.includes(`"job":"${id}"`) && one.includes('"succeeded"'));
  for (let waited = 0; line() === undefined && waited < 2_000; waited += 50) await sleep(50);
  const { recomputed_passes: passes = null } = JSON.parse(line() ?? '{}');
  return passes;
}
