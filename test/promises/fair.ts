/**
 * Promise 6: fair by work, over HTTP. One key keeps a flood of jobs in the queue; whoever comes with another key is next
 * when what runs has ended.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Job } from '../../src/contract/job.ts';
import { Random } from '../../src/random.ts';
import { type Campaign, figure, never, within } from './campaign.ts';
import type { Client } from './client.ts';
import { MIXED } from './jobs.ts';
import { startStack, until } from './stack.ts';
import type { Tally } from './tally.ts';

const KEYS = { flood: 'key-of-those-who-flood', other: 'key-of-somebody-else' };
/** Requests of the flood that are under way at once. */
const ABREAST = 8;
const BETWEEN_MS = 1_000;
/** On a busy machine a round goes on until so many have been served. */
const FEWEST_VISITS = 3;
/** From the end of what runs until the other's job begins. */
const NEXT_MS = 1_000;

interface Flood {
  sent: number;
  accepted: string[];
}

/** @param jobs - of the flood */
export const fairness = (jobs: number): Campaign => ({
  promise: 6,
  title: 'Fair by work',
  roundSeconds: 600,

  run: async ({ until: end, seed, tally, say }) => {
    const settings = { WHENCE_API_KEYS: Object.values(KEYS).join(','), WHENCE_MAX_QUEUE: `${2 * jobs}` };
    const stack = await startStack({ settings });
    const [flooder, other] = [stack.client.as(KEYS.flood), stack.client.as(KEYS.other)];
    const redis = new Redis(stack.redis.url);
    const flood: Flood = { sent: 0, accepted: [] };
    const random = new Random(seed);
    let over = false;
    try {
      for (const kind of MIXED) await flooder.run(kind); // models are loaded
      const goesOn = () => !over && flood.sent < jobs;
      const flooding = Promise.all(Array.from({ length: ABREAST }, () => submitWhile(flooder, goesOn, flood, tally)));
      await until('the flood waits', 60_000, async () => flood.accepted.length >= Math.min(jobs, 100));
      do {
        await visit(redis, other, MIXED[random.integer(MIXED.length)], flood, tally);
        await sleep(BETWEEN_MS * random.uniform());
      } while (Date.now() < end || (tally.count('visits') < FEWEST_VISITS && tally.broken.length === 0));
      over = true;
      await flooding;
      tally.add('accepted', flood.accepted.length);
      say(`${flood.accepted.length} jobs of the flood, ${tally.count('visits')} of another key`);
    } finally {
      over = true;
      redis.disconnect();
      await stack.stop();
    }
  },

  rows: (tally) => [
    figure('jobs of a flood by one key', `${tally.count('accepted')}`),
    figure('jobs of another key meanwhile', `${tally.count('visits')}`),
    never('of these, for which more than one turn of the flood was begun before theirs', tally.count('overtaken')),
    within('from the end of what ran when it came to its start, slowest', tally.worst('next'), NEXT_MS),
    figure('from its request to its result, median', `${Math.round(tally.percentile('result', 0.5))} ms`),
    figure('slowest', `${Math.round(tally.worst('result'))} ms`),
  ],
});

async function submitWhile(client: Client, goesOn: () => boolean, flood: Flood, tally: Tally): Promise<void> {
  while (goesOn()) {
    const job = flood.sent++;
    const { status, json, text } = await client.post('/attribute', { ...MIXED[job % MIXED.length], seed: job });
    if (status === 202) flood.accepted.push(json.id);
    else tally.break(`a job of the flood: ${status} ${text}`);
  }
}

/** Another key's job, and what was begun before it although it came later. */
async function visit(redis: Redis, client: Client, body: unknown, flood: Flood, tally: Tally): Promise<void> {
  const before = Date.now();
  const { status, json, text } = await client.post('/attribute', body);
  if (status !== 202) return tally.break(`a job of another key: ${status} ${text}`);
  const came = Date.now();
  const job = await client.ended(json.id, 60_000);
  if (job?.status !== 'succeeded') return tally.break(`a job of another key is ${JSON.stringify(job)}`);
  tally.add('visits');
  tally.sample('result', Date.parse(job.finished_at ?? '') - before);
  const turns = await turnsOf(redis, flood);
  const started = startOf(job);
  // Jobs that are taken together are begun at the same moment.
  const later = [...turns].filter(([begun]) => begun > came && begun < started);
  if (later.length > 1) {
    tally.add('overtaken');
    tally.break(`${later.length} turns of the flood were begun before job ${job.id} of another key`);
  }
  const running = [...turns].filter(([begun]) => begun <= came).map(([, ended]) => ended);
  const free = Math.max(came, ...running, ...later.map(([, ended]) => ended));
  tally.sample('next', Math.max(0, started - free));
}

const startOf = (job: Job): number => Date.parse(job.started_at ?? '');

/** The turns of the flood so far: when each was begun, and when the last of its jobs ended. */
async function turnsOf(redis: Redis, { accepted }: Flood): Promise<Map<number, number>> {
  const turns = new Map<number, number>();
  const records = await Promise.all(accepted.map((id) => redis.hmget(`whence:job:${id}`, 'started_at', 'finished_at')));
  for (const [started, finished] of records) {
    if (started === null || finished === null) continue;
    turns.set(Number(started), Math.max(turns.get(Number(started)) ?? 0, Number(finished)));
  }
  return turns;
}
