/**
 * Promise 1: nothing lost, nothing twice. Workers, engines, the API and Redis (AOF, `appendfsync always`) are killed in
 * turn while jobs are submitted, and started again as a supervisor would. Every job that was accepted ends once, with the
 * result of an undisturbed run or a reason; its events tell no step twice and one `done`; a key makes one job.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/random.ts';
import { type Campaign, figure, never, type Round } from './campaign.ts';
import type { Told } from './client.ts';
import { comparable, MIXED } from './jobs.ts';
import { kill, type Program, type Stack, startStack } from './stack.ts';
import type { Tally } from './tally.ts';

const VICTIMS = ['worker', 'engine', 'engine', 'api', 'redis'] as const;
type Victim = (typeof VICTIMS)[number];
/** Between two kills. Starting an engine takes some seconds, and nothing would ever run. */
const PAUSE_MS = [700, 2_200] as const;
/** After the last kill: whoever was killed has started, and a dead worker's jobs have gone to another. */
const SETTLE_MS = 180_000;
/** Clients that submit at the same time. */
const CLIENTS = 4;

export const kills: Campaign = {
  promise: 1,
  title: 'Nothing lost, nothing twice',
  roundSeconds: 120,

  run: async (round) => {
    const stack = await startStack({ workers: 2, redisSettings: ['--appendfsync', 'always'] });
    const { tally, say } = round;
    let over = false;
    try {
      const truth = await undisturbed(stack);
      const accepted = new Map<string, number>();
      const supervised = supervise(stack, () => over);
      const clients = Array.from({ length: CLIENTS }, (_, client) => submitUntil(stack, round, client, accepted));
      await killUntil(stack, round);
      await Promise.all(clients);
      await stack.ready();
      say(`${accepted.size} jobs accepted; waiting for their ends`);
      await check(stack, tally, truth, accepted);
      over = true;
      await supervised;
    } finally {
      over = true;
      await stack.stop();
    }
  },

  rows: (tally) => {
    const killed = (victim: Victim) => `${tally.count(`killed ${victim}`)} ${victim}`;
    const names = [...new Set(VICTIMS)];
    const total = names.reduce((sum, victim) => sum + tally.count(`killed ${victim}`), 0);
    return [
      figure('kills', `${total} (${names.map(killed).join(', ')})`),
      figure('jobs accepted', `${tally.count('accepted')}`),
      figure('of these succeeded', `${tally.count('succeeded')}`),
      figure('of these failed with `worker_lost` or `engine_crashed`', `${tally.count('failed')}`),
      never('accepted jobs that were lost or never ended', tally.count('lost')),
      never('results that differ from an undisturbed run', tally.count('different')),
      never('steps told twice', tally.count('doubled steps')),
      never('event streams without exactly one `done`', tally.count('done not once')),
      never('keys that made two jobs', tally.count('two jobs')),
      never('jobs in the store beyond those accepted', tally.count('phantoms')),
      never('answers of 5xx other than 503', tally.count('5xx')),
    ];
  },
};

/** Results of every kind of job before anything is killed. */
async function undisturbed({ client }: Stack): Promise<string[]> {
  const results: string[] = [];
  for (const body of MIXED) {
    const { id } = await client.run(body);
    results.push(comparable((await client.get(`/jobs/${id}/result`)).json));
  }
  return results;
}

/** Starts whatever has ended again. */
async function supervise(stack: Stack, over: () => boolean): Promise<void> {
  for (; !over(); await sleep(50)) {
    if (!stack.api.isAlive()) stack.api = stack.startApi();
    for (const [i, worker] of stack.workers.entries()) if (!worker.isAlive()) stack.workers[i] = stack.startWorker();
  }
}

async function killUntil(stack: Stack, { until, seed, tally, say }: Round): Promise<void> {
  const random = new Random(seed);
  let told = Date.now();
  while (Date.now() < until) {
    await sleep(PAUSE_MS[0] + random.uniform() * (PAUSE_MS[1] - PAUSE_MS[0]));
    const victim = VICTIMS[random.integer(VICTIMS.length)];
    // One in eight may hit who is just starting.
    if (await killed(stack, victim, stack.workers[random.integer(stack.workers.length)], random.uniform() < 1 / 8))
      tally.add(`killed ${victim}`);
    if (Date.now() - told > 15_000) {
      told = Date.now();
      say(`${VICTIMS.map((name) => tally.count(`killed ${name}`)).join('+')} kills, ${tally.count('accepted')} jobs`);
    }
  }
}

async function killed(stack: Stack, victim: Victim, worker: Program, reckless: boolean): Promise<boolean> {
  switch (victim) {
    case 'redis':
      await stack.redis.kill();
      await stack.redis.start();
      return true;
    case 'api':
      if (!reckless && (await stack.client.get('/health/live', { timeoutMs: 2_000 })).status !== 200) return false;
      stack.api.signal('SIGKILL');
      return true;
    case 'worker':
      if (!worker.isAlive() || (stack.engineOf(worker) === null && !reckless)) return false;
      worker.signal('SIGKILL');
      return true;
    case 'engine':
      return kill(stack.engineOf(worker));
  }
}

/** Submits jobs as a client that wants them done: each by one key until it is accepted. */
async function submitUntil(
  { client }: Stack,
  round: Round,
  which: number,
  accepted: Map<string, number>,
): Promise<void> {
  const { tally, until, seed } = round;
  for (let i = which; Date.now() < until; i += CLIENTS) {
    const kind = i % MIXED.length;
    const headers = { 'idempotency-key': `kill-${seed}-${i}` };
    const ids = new Set<string>();
    const deadline = Date.now() + 60_000;
    while (ids.size === 0 && Date.now() < deadline) {
      const { status, json, text } = await client.post('/attribute', MIXED[kind], headers, 5_000);
      if (status === 202) ids.add(json.id);
      else await sleep(150);
      if (status >= 500 && status !== 503) {
        tally.add('5xx');
        tally.break(`POST /attribute answered ${status} ${text}`);
      }
    }
    // Every third client is not sure, and sends again.
    if (i % 3 === 0) {
      const again = await client.post('/attribute', MIXED[kind], headers, 5_000);
      if (again.status === 202) ids.add(again.json.id);
    }
    if (ids.size > 1) {
      tally.add('two jobs');
      tally.break(`key ${headers['idempotency-key']} made ${[...ids].join(' and ')}`);
    }
    for (const id of ids) accepted.set(id, kind);
    tally.add('accepted', ids.size);
    await sleep(100);
  }
}

async function check(stack: Stack, tally: Tally, truth: string[], accepted: Map<string, number>): Promise<void> {
  const { client } = stack;
  const deadline = Date.now() + SETTLE_MS;
  for (const [id, kind] of accepted) {
    const job = await client.ended(id, Math.max(1_000, deadline - Date.now())).catch(() => null);
    if (job === null) {
      tally.add('lost');
      tally.break(`job ${id} was accepted and is ${(await client.get(`/jobs/${id}`)).text}`);
      continue;
    }
    tally.add(job.status);
    if (job.status === 'succeeded') {
      const { json } = await client.get(`/jobs/${id}/result`);
      const found = comparable(json);
      if (found !== truth[kind]) {
        tally.add('different');
        tally.break(`the result of job ${id} (kind ${kind}) differs: ${found} is not ${truth[kind]}`);
      }
    } else {
      const code = job.error?.code ?? 'none';
      tally.expect(/^(worker_lost|engine_crashed)$/.test(code), `job ${id} is ${job.status}: ${job.error?.message}`);
    }
    checkEvents(id, await client.told(id), tally);
  }
  const { queued, running, stored } = await counts(stack);
  tally.expect(queued === 0 && running === 0, `${queued} jobs are left queued, ${running} running`);
  const phantoms = stored - accepted.size - MIXED.length;
  tally.add('phantoms', Math.max(0, phantoms));
  tally.expect(phantoms === 0, `the store holds ${stored} jobs; accepted were ${accepted.size + MIXED.length}`);
}

function checkEvents(id: string, told: Told[], tally: Tally): void {
  const done = told.filter(({ event }) => event === 'done').length;
  if (done !== 1) {
    tally.add('done not once');
    tally.break(`job ${id} told done ${done} times`);
  }
  const steps = told.filter(({ event }) => event === 'step').map(({ data }) => `${data.sequence}:${data.position}`);
  const twice = steps.length - new Set(steps).size;
  tally.add('doubled steps', twice);
  tally.expect(twice === 0, `job ${id} told ${twice} steps twice`);
}

async function counts({ client }: Stack): Promise<{ queued: number; running: number; stored: number }> {
  const { text } = await client.get('/metrics');
  const found = [...text.matchAll(/^whence_jobs\{status="(\w+)"\} (\d+)/gm)].map(([, status, n]) => [
    status,
    Number(n),
  ]);
  const by: Record<string, number> = Object.fromEntries(found);
  return { queued: by.queued, running: by.running, stored: Object.values(by).reduce((sum, n) => sum + n, 0) };
}
