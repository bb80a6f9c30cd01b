/**
 * Promise 9: constant memory. Jobs of every kind, some of them canceled, one after another for as long as it takes: the
 * engine's memory does not grow, and Redis keeps nothing of a job beyond its time to live.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { Random } from '../../src/random.ts';
import { type Campaign, figure, type Row } from './campaign.ts';
import { MIXED } from './jobs.ts';
import { residentMb, type Stack, startStack } from './stack.ts';
import type { Tally } from './tally.ts';

/** Clients that each wait for their job before they send another. */
const CLIENTS = 8;
const TTL_SECONDS = 5;
/** One job in so many is canceled. */
const CANCELED = 20;
const SAMPLE_MS = 500;
/** What a figure may differ by without being growth. */
const NOISE_MB = 20;
const NOISE = 0.03;
/** Of a fresh store with the same workers. */
const REDIS_NOISE_BYTES = 300_000;

export const memory: Campaign = {
  promise: 9,
  title: 'Constant memory',
  roundSeconds: 3_300,

  run: async ({ until, seed, tally, say }) => {
    const stack = await startStack({ settings: { WHENCE_RESULT_TTL_SECONDS: `${TTL_SECONDS}` } });
    const redis = new Redis(stack.redis.url);
    try {
      for (const body of MIXED) await stack.client.run(body); // every model and kernel is loaded
      const before = await settled(redis);
      const random = new Random(seed);
      const clients = Array.from({ length: CLIENTS }, () => submitUntil(stack, until, random.fork(), tally));
      for (let told = Date.now(); Date.now() < until; await sleep(SAMPLE_MS)) {
        sample(stack, tally);
        if (Date.now() - told < 30_000) continue;
        told = Date.now();
        say(`${tally.count('jobs')} jobs, engine ${Math.round(tally.samples.engine?.at(-1) ?? 0)} MB`);
      }
      await Promise.all(clients);
      const after = await settled(redis);
      tally.sample('redis', after.bytes - before.bytes);
      tally.sample('keys', after.keys - before.keys);
      tally.expect(
        after.keys <= before.keys,
        `Redis holds ${after.keys} keys after the time to live, ${before.keys} before`,
      );
      const grown = after.bytes - before.bytes;
      tally.expect(grown < REDIS_NOISE_BYTES, `Redis holds ${grown} bytes more after the time to live than before`);
    } finally {
      redis.disconnect();
      await stack.stop();
    }
  },

  rows: (tally) => [
    figure('jobs', `${tally.count('jobs')} (${tally.count('canceled')} canceled)`),
    growth('engine', 'resident memory of the engine', tally),
    growth('api', 'of the API', tally),
    {
      what: 'keys in Redis after the time to live, beyond those before',
      measured: `${tally.worst('keys')}`,
      aim: '<= 0',
      holds: tally.worst('keys') <= 0,
    },
    {
      what: 'bytes in Redis, likewise',
      measured: `${tally.worst('redis')}`,
      aim: `< ${REDIS_NOISE_BYTES}`,
      holds: tally.worst('redis') < REDIS_NOISE_BYTES,
    },
  ],
};

/** The last third of a run beside the second. */
function growth(of: string, what: string, tally: Tally): Row {
  const samples = tally.samples[of] ?? [];
  const third = Math.floor(samples.length / 3);
  const [second, last] = [median(samples.slice(third, 2 * third)), median(samples.slice(2 * third))];
  return {
    what: `${what}, median of the second and of the last third`,
    measured: `${Math.round(second)} → ${Math.round(last)} MB`,
    aim: `within ${NOISE * 100} % or ${NOISE_MB} MB`,
    holds: last - second < Math.max(NOISE_MB, NOISE * second),
  };
}

const median = (values: number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function submitUntil({ client }: Stack, until: number, random: Random, tally: Tally): Promise<void> {
  while (Date.now() < until) {
    const { status, json, text } = await client.post('/attribute', MIXED[random.integer(MIXED.length)]);
    if (status !== 202) throw new Error(`POST /attribute: ${status} ${text}`);
    if (random.integer(CANCELED) === 0) await client.post(`/jobs/${json.id}/cancel`);
    const job = await client.ended(json.id, 60_000);
    tally.add('jobs');
    if (job?.status === 'canceled') tally.add('canceled');
    else tally.expect(job?.status === 'succeeded', `job ${json.id} is ${JSON.stringify(job?.error ?? job?.status)}`);
  }
}

function sample(stack: Stack, tally: Tally): void {
  const engine = stack.engineOf(stack.workers[0]);
  const resident = { engine: engine === null ? null : residentMb(engine), api: residentMb(stack.api.pid) };
  for (const [of, megabytes] of Object.entries(resident)) if (megabytes !== null) tally.sample(of, megabytes);
}

/** What Redis holds when every job's time is over and the workers have forgotten them. */
async function settled(redis: Redis): Promise<{ keys: number; bytes: number }> {
  let least = { keys: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY };
  // Workers look for what is over every ten seconds; keys of their own come and go.
  for (const end = Date.now() + (TTL_SECONDS + 12) * 1000; Date.now() < end; await sleep(250)) {
    const keys = await redis.dbsize();
    const bytes = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
    if (keys <= least.keys) least = { keys, bytes };
  }
  return least;
}
