/**
 * Promise 2: back after any outage. Redis is killed for a while, falls silent (SIGSTOP), is paused, has its connections
 * cut, or is full, while jobs are submitted: answers are 202 or, within a second, 503 with `Retry-After`; what was accepted
 * succeeds, what was refused is never computed, and jobs are taken again within five seconds of its return.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type Campaign, figure, never, type Row, within } from './campaign.ts';
import type { Client } from './client.ts';
import { SMALL } from './jobs.ts';
import { type Stack, startStack } from './stack.ts';
import type { Tally } from './tally.ts';

interface Trouble {
  name: string;
  seconds: number;
  /** Makes trouble for so long, and ends it. */
  make(stack: Stack, ms: number): Promise<void>;
}

const TROUBLES: readonly Trouble[] = [
  { name: 'killed', seconds: 1, make: kill },
  { name: 'silent', seconds: 5, make: freeze },
  { name: 'cut off', seconds: 3, make: cut },
  { name: 'full', seconds: 3, make: fill },
  { name: 'killed', seconds: 8, make: kill },
  { name: 'late', seconds: 5, make: pause },
  { name: 'killed', seconds: 20, make: kill },
  { name: 'silent', seconds: 20, make: freeze },
  { name: 'killed', seconds: 60, make: kill },
];

const BETWEEN_MS = 120;
const label = ({ name, seconds }: Trouble) => `${name} for ${seconds} s`;

export const outages: Campaign = {
  promise: 2,
  title: 'Back after any outage',
  roundSeconds: 300,

  run: async ({ until, tally, say }) => {
    const stack = await startStack();
    try {
      await stack.client.run(SMALL);
      for (const trouble of TROUBLES) {
        if (Date.now() + trouble.seconds * 1000 > until) break;
        say(`Redis ${label(trouble)}`);
        await suffer(stack, trouble, tally);
      }
    } finally {
      await stack.stop();
    }
  },

  rows: (tally) => [
    ...TROUBLES.filter((trouble) => tally.count(label(trouble)) > 0).map((trouble) => back(trouble, tally)),
    within('503 while Redis is away, 95th percentile', tally.percentile('refused', 0.95), 1_000),
    figure('the slowest of them', `${Math.round(tally.worst('refused'))} ms of ${tally.samples.refused?.length ?? 0}`),
    figure('jobs accepted around outages', `${tally.count('accepted')}`),
    never('of these not succeeded', tally.count('not succeeded')),
    never('jobs that were refused and yet computed', tally.count('phantoms')),
    never('answers other than 202 and 503 with `Retry-After`', tally.count('other')),
  ],
};

function back(trouble: Trouble, tally: Tally): Row {
  const times = tally.count(label(trouble));
  const what = `Redis ${label(trouble)}: from its return to the next result, slowest of ${times}`;
  return within(what, tally.worst(`back ${label(trouble)}`), 5_000);
}

async function suffer(stack: Stack, trouble: Trouble, tally: Tally): Promise<void> {
  const { client } = stack;
  const before = await jobsOf(client);
  const accepted: string[] = [];
  let over = false;
  const load = submitWhile(client, () => !over, accepted, tally);
  await sleep(500);
  await trouble.make(stack, trouble.seconds * 1000);
  const returned = performance.now();
  await soon(client, 60_000);
  tally.sample(`back ${label(trouble)}`, performance.now() - returned);
  tally.add(label(trouble));
  over = true;
  await load;
  tally.add('accepted', accepted.length);
  for (const id of accepted) {
    const job = await client.ended(id, 60_000).catch(() => null);
    if (job?.status === 'succeeded') continue;
    tally.add('not succeeded');
    tally.break(
      `${label(trouble)}: job ${id} was accepted and is ${JSON.stringify(job?.error ?? job?.status ?? 'lost')}`,
    );
  }
  const all = await jobsOf(client);
  // The one more is the job that `soon` made.
  const phantoms = [...all].filter((id) => !before.has(id) && !accepted.includes(id)).length - 1;
  tally.add('phantoms', Math.max(0, phantoms));
  tally.expect(phantoms === 0, `${label(trouble)}: ${phantoms} jobs came to be beside those that were accepted`);
}

async function submitWhile(client: Client, goesOn: () => boolean, accepted: string[], tally: Tally): Promise<void> {
  const sent: Promise<void>[] = [];
  for (; goesOn(); await sleep(BETWEEN_MS)) {
    sent.push(
      client.post('/attribute', SMALL, {}, 15_000).then(({ status, headers, json, text, ms }) => {
        if (status === 202) accepted.push(json.id);
        else if (status === 503 && headers.has('retry-after')) tally.sample('refused', ms);
        else {
          tally.add('other');
          tally.break(`POST /attribute answered ${status} ${text}`);
        }
      }),
    );
  }
  await Promise.all(sent);
}

/** Submits a job until it is accepted, and waits for its result. */
async function soon(client: Client, limitMs: number): Promise<void> {
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; await sleep(50)) {
    const { status, json } = await client.post('/attribute', SMALL, { 'idempotency-key': `soon-${deadline}` }, 5_000);
    if (status === 202 && (await client.ended(json.id, limitMs))?.status === 'succeeded') return;
  }
  throw new Error(`no job was done within ${limitMs / 1000} s of the return of Redis`);
}

async function jobsOf(client: Client): Promise<Set<string>> {
  const ids = new Set<string>();
  for (let cursor = ''; ; ) {
    const { json } = await client.get(`/jobs?limit=100${cursor}`);
    for (const { id } of json.jobs) ids.add(id);
    if (json.next_cursor === null) return ids;
    cursor = `&cursor=${json.next_cursor}`;
  }
}

async function kill({ redis }: Stack, ms: number): Promise<void> {
  await redis.kill();
  await sleep(ms);
  await redis.start();
}

async function freeze({ redis }: Stack, ms: number): Promise<void> {
  redis.freeze();
  await sleep(ms);
  redis.thaw();
}

function pause(stack: Stack, ms: number): Promise<void> {
  return directly(stack, async (redis) => {
    await redis.client('PAUSE', ms, 'ALL');
    await sleep(ms);
  });
}

function cut(stack: Stack, ms: number): Promise<void> {
  return directly(stack, async (redis) => {
    for (const end = Date.now() + ms; Date.now() < end; await sleep(200)) {
      await redis.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    }
  });
}

function fill(stack: Stack, ms: number): Promise<void> {
  return directly(stack, async (redis) => {
    const used = Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1]);
    await redis.config('SET', 'maxmemory', Math.max(1_000_000, used - 100_000));
    await sleep(ms);
    await redis.config('SET', 'maxmemory', 0);
  });
}

async function directly({ redis }: Stack, work: (redis: Redis) => Promise<void>): Promise<void> {
  const connection = new Redis(redis.url);
  try {
    await work(connection);
  } finally {
    connection.disconnect();
  }
}
