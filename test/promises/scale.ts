/**
 * Promise 12: scale without a scratch. Workers come and go, from none to several and back, while jobs are submitted: no
 * job fails and none is computed twice.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Campaign, figure, never, type Round, within } from './campaign.ts';
import { SMALL } from './jobs.ts';
import { type Stack, startStack, until } from './stack.ts';

const BETWEEN_MS = 150;
/** SIGTERM gives a worker 5 s to end what it computes, and time to hand it over. */
const LEAVES_MS = 30_000;

/** @param most - workers at the same time */
export const scaling = (most: number): Campaign => ({
  promise: 12,
  title: 'Scale without a scratch',
  roundSeconds: 600,

  run: async (round) => {
    const stack = await startStack({ workers: 0 });
    const redis = new Redis(stack.redis.url);
    const accepted: string[] = [];
    let over = false;
    try {
      const load = submitWhile(stack, () => !over, accepted, round);
      do await cycle(stack, most, round);
      while (Date.now() < round.until);
      over = true;
      await load;
      await grow(stack, 1);
      await check(stack, redis, accepted, round);
    } finally {
      over = true;
      redis.disconnect();
      await stack.stop();
    }
  },

  rows: (tally) => [
    figure(`from none to ${most} workers and back`, `${tally.count('cycles')} times`),
    figure('jobs submitted meanwhile', `${tally.count('accepted')}`),
    never('jobs that failed or were lost', tally.count('failed')),
    never('jobs that were computed more than once', tally.count('again')),
    never('requests refused', tally.count('refused')),
    within('a worker told to leave is gone, slowest', tally.worst('leaves'), LEAVES_MS),
  ],
});

async function grow(stack: Stack, to: number): Promise<void> {
  while (stack.workers.length < to) stack.workers.push(stack.startWorker());
  await stack.ready();
}

async function cycle(stack: Stack, most: number, { tally, say }: Round): Promise<void> {
  await grow(stack, most);
  for (let worker = stack.workers.pop(); worker !== undefined; worker = stack.workers.pop()) {
    await sleep(300);
    const told = performance.now();
    worker.signal('SIGTERM');
    const leaving = worker;
    await until('a worker leaves', LEAVES_MS, () => !leaving.isAlive());
    tally.sample('leaves', performance.now() - told);
  }
  tally.add('cycles');
  say(`${tally.count('cycles')} cycles`);
}

async function submitWhile({ client }: Stack, goesOn: () => boolean, accepted: string[], round: Round): Promise<void> {
  // The first worker has not told yet what there is to compute: until then requests are refused, rightly.
  await until('there are models', 60_000, async () => (await client.get('/models')).json?.models?.length > 0);
  for (; goesOn(); await sleep(BETWEEN_MS)) {
    const { status, json, text } = await client.post('/attribute', SMALL);
    if (status === 202) accepted.push(json.id);
    else {
      round.tally.add('refused');
      round.tally.break(`POST /attribute answered ${status} ${text}`);
    }
  }
}

async function check({ client }: Stack, redis: Redis, accepted: string[], { tally }: Round): Promise<void> {
  tally.add('accepted', accepted.length);
  for (const id of accepted) {
    const job = await client.ended(id, 120_000).catch(() => null);
    if (job?.status !== 'succeeded') {
      tally.add('failed');
      tally.break(`job ${id} is ${JSON.stringify(job?.error ?? job?.status ?? 'lost')}`);
    }
    const attempts = Number(await redis.hget(`whence:job:${id}`, 'attempt'));
    if (attempts !== 1) {
      tally.add('again');
      tally.break(`job ${id} took ${attempts} attempts`);
    }
  }
}
