/** Who is served next, and what is taken together: lua/scheduler.lua, take.lua and requeue.lua without an engine. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { SubmitOptions } from '../../src/jobs/jobs.ts';
import { connectForWorker } from '../../src/jobs/redis.ts';
import { type Cause, WorkerStore } from '../../src/jobs/worker-store.ts';
import { type JobsBench, startBench, testRequest } from '../support/jobs.ts';

const ALONE = { jobs: 1, texts: 1, work: 0 };
const ERROR = { code: 'x', message: 'y', pointer: null };

interface Scheduler {
  bench: JobsBench;
  store: WorkerStore;
  /** Submits a job that is like no other, or like those of the same `kind`. */
  submit(
    name: string,
    options?: Partial<SubmitOptions> & { kind?: string; texts?: number; priority?: number },
  ): Promise<string>;
  /** The names of the jobs that are taken in one turn. */
  take(company?: Parameters<WorkerStore['take']>[3]): Promise<string[]>;
  /** Ends a taken job. */
  end(name: string): Promise<void>;
  requeue(name: string, cause: Cause, limit?: number): Promise<string>;
  place(name: string): Promise<number | null | undefined>;
}

async function startScheduler(t: TestContext): Promise<Scheduler> {
  const bench = await startBench(t, { maxQueue: 100_000 });
  const connection = connectForWorker(bench.redis.url, new AbortController().signal);
  t.after(() => connection.disconnect());
  const store = new WorkerStore(connection, 60, 0);
  const ids = new Map<string, string>();
  const names = new Map<string, string>();
  const attempts = new Map<string, number>();
  const idOf = (name: string) => ids.get(name) ?? assert.fail(`no job ${name}`);
  const held = (name: string) => ({ id: idOf(name), number: attempts.get(name) ?? 0, pool: 'default' });
  let turns = 0;
  return {
    bench,
    store,
    submit: async (name, { kind = name, texts = 1, priority, ...options } = {}) => {
      const request = testRequest({ log: kind }, { input_texts: Array(texts).fill(name), priority });
      const { job } = await bench.jobs.submit(request, { pool: 'default', work: 1, ...options });
      ids.set(name, job.id);
      names.set(job.id, name);
      return job.id;
    },
    take: async (company = ALONE) => {
      const { jobs } = await store.take('default', `turn ${++turns}`, 'worker', company);
      const taken = jobs.map(({ id }) => names.get(id) ?? assert.fail(`unknown job ${id}`));
      for (const [i, name] of taken.entries()) attempts.set(name, jobs[i].number);
      return taken;
    },
    end: async (name) => {
      const request = testRequest();
      assert.ok(
        await store.fail(
          {
            ...held(name),
            request,
            tenant: '',
            queueSeconds: 0,
            takenAt: 0,
            estimate: null,
            origin: {},
            original: null,
            savepoint: null,
          },
          ERROR,
          {
            seconds: 0,
            estimate: null,
          },
        ),
      );
    },
    requeue: async (name, cause, limit) => (await store.requeue(held(name), cause, limit)).outcome,
    place: async (name) => (await bench.jobs.get(idOf(name)))?.queue_position,
  };
}

/** Takes until nothing is left: the order. */
async function order({ take }: Scheduler, company?: Parameters<Scheduler['take']>[0]): Promise<string[]> {
  const all: string[] = [];
  for (let taken = await take(company); taken.length > 0; taken = await take(company)) all.push(taken.join('+'));
  return all;
}

test('a lone tenant is served in the order in which its jobs came', async (t) => {
  const scheduler = await startScheduler(t);
  for (const name of ['a', 'b', 'c']) await scheduler.submit(name);
  assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(scheduler.place)), [0, 1, 2]);
  assert.deepEqual(await order(scheduler), ['a', 'b', 'c']);
});

test('a flood of one tenant holds another by one job at most', async (t) => {
  const scheduler = await startScheduler(t);
  const flow = { tenant: 'flood' };
  for (let i = 0; i < 50; i++) await scheduler.submit(`flood ${i}`, { flow });
  for (let i = 0; i < 5; i++) await scheduler.take();
  await scheduler.submit('other', { flow: { tenant: 'other' } });
  assert.ok((await scheduler.place('other')) === 0);
  const next = [await scheduler.take(), await scheduler.take()].flat();
  assert.ok(next.includes('other'), next.join(', '));
});

test('tenants get equal work, whatever their jobs cost', async (t) => {
  const scheduler = await startScheduler(t);
  const works = { small: 1, medium: 5, large: 20 };
  for (let i = 0; i < 240; i++) await scheduler.submit(`small ${i}`, { flow: { tenant: 'small' }, work: works.small });
  for (let i = 0; i < 48; i++)
    await scheduler.submit(`medium ${i}`, { flow: { tenant: 'medium' }, work: works.medium });
  for (let i = 0; i < 12; i++) await scheduler.submit(`large ${i}`, { flow: { tenant: 'large' }, work: works.large });
  const given = { small: 0, medium: 0, large: 0 };
  for (const [i, name] of (await order(scheduler)).entries()) {
    const tenant = name.split(' ')[0] as keyof typeof given;
    given[tenant] += works[tenant];
    const shares = Object.values(given);
    if (i < 200) assert.ok(Math.max(...shares) - Math.min(...shares) <= 2 * works.large, JSON.stringify(given));
  }
  assert.deepEqual(given, { small: 240, medium: 240, large: 240 });
});

test('who submits one job after the other gains nothing by it', async (t) => {
  const scheduler = await startScheduler(t);
  for (let i = 0; i < 100; i++) await scheduler.submit(`flood ${i}`, { flow: { tenant: 'flood' } });
  let taken = 0;
  for (let i = 0; i < 10; i++) {
    await scheduler.submit(`polite ${i}`, { flow: { tenant: 'polite' }, work: 5 });
    for (let next = ''; !next.startsWith('polite'); taken++) [next] = await scheduler.take();
  }
  assert.ok(taken >= 10 + 9 * 5 && taken <= 10 + 10 * 5, `${taken} jobs for ten of work 5 each`);
});

test('who was away begins with the others, not with what it did not use', async (t) => {
  const scheduler = await startScheduler(t);
  for (let i = 0; i < 40; i++) await scheduler.submit(`early ${i}`, { flow: { tenant: 'early' } });
  for (let i = 0; i < 20; i++) await scheduler.take();
  for (let i = 0; i < 20; i++) await scheduler.submit(`late ${i}`, { flow: { tenant: 'late' } });
  const next = (await order(scheduler)).slice(0, 20).filter((name) => name.startsWith('late'));
  assert.ok(Math.abs(next.length - 10) <= 1, `${next.length} of 20`);
});

test("a tenant's single jobs come before its batches, and its batches by turns", async (t) => {
  const scheduler = await startScheduler(t);
  for (const [batch, lines] of [
    ['x', 4],
    ['y', 2],
    ['z', 1],
  ] as const) {
    for (let i = 0; i < lines; i++) await scheduler.submit(`${batch}${i}`, { flow: { tenant: '', batch } });
  }
  assert.deepEqual(await scheduler.take(), ['x0']);
  await scheduler.submit('single');
  assert.equal(await scheduler.place('single'), 0);
  assert.ok(((await scheduler.place('x3')) ?? 0) >= 4);
  assert.deepEqual(await order(scheduler), ['single', 'y0', 'z0', 'x1', 'y1', 'x2', 'x3']);
});

test("a priority counts among all jobs of a tenant, its batches' lines too, and stays when a job waits again", async (t) => {
  const scheduler = await startScheduler(t);
  const line = (batch: string) => ({ flow: { tenant: '', batch } });
  await scheduler.submit('single', {});
  await scheduler.submit('low', { priority: -1 });
  await scheduler.submit('x0', line('x'));
  await scheduler.submit('urgent line', { ...line('y'), priority: 3 });
  await scheduler.submit('y1', line('y'));
  await scheduler.submit('high', { priority: 3 });
  await scheduler.submit('higher', { priority: 10 });
  assert.deepEqual(await Promise.all(['higher', 'high', 'single', 'low'].map(scheduler.place)), [0, 1, 2, 3]);
  assert.deepEqual(await scheduler.take(), ['higher']);
  assert.equal(await scheduler.requeue('higher', 'returned'), 'waits');
  await scheduler.submit('other', { flow: { tenant: 'another' } });
  const own = (await order(scheduler)).filter((name) => name !== 'other');
  assert.deepEqual(own, ['higher', 'high', 'urgent line', 'single', 'x0', 'y1', 'low']);
});

test('a batch that was served first for its priority holds no later one up', async (t) => {
  const scheduler = await startScheduler(t);
  for (let i = 0; i < 20; i++) {
    await scheduler.submit(`urgent ${i}`, { flow: { tenant: '', batch: 'urgent' }, priority: 1 });
    await scheduler.submit(`plain ${i}`, { flow: { tenant: '', batch: 'plain' } });
  }
  for (let i = 0; i < 20; i++) assert.match((await scheduler.take())[0], /^urgent/);
  for (let i = 0; i < 10; i++) await scheduler.submit(`late ${i}`, { flow: { tenant: '', batch: 'late' } });
  const next = (await order(scheduler)).slice(0, 10).filter((name) => name.startsWith('late'));
  assert.ok(Math.abs(next.length - 5) <= 1, `${next.length} of 10`);
});

test('names of tenants, batches and pools may hold anything', async (t) => {
  const scheduler = await startScheduler(t);
  const tenants = ['', ':', 'a', 'a:', 'a:b', '%', '%3A', 'ä "quoted"\n', 'default'];
  const flows = tenants.flatMap((tenant) => [{ tenant }, { tenant, batch: 'b' }, { tenant, batch: 'b:' }]);
  for (const [i, flow] of flows.entries()) await scheduler.submit(`job ${i}`, { flow });
  const taken = await order(scheduler);
  assert.deepEqual([...taken].sort(), flows.map((_, i) => `job ${i}`).sort());
});

test('what is alike is taken together, within its limits; single jobs before lines', async (t) => {
  const scheduler = await startScheduler(t);
  const kind = 'k';
  await scheduler.submit('line', { kind, flow: { tenant: '', batch: 'x' } });
  await scheduler.submit('a', { kind });
  await scheduler.submit('other');
  await scheduler.submit('b', { kind, texts: 2 });
  await scheduler.submit('of another tenant', { kind, flow: { tenant: 'else' } });
  const many = { jobs: 10, texts: 10, work: 10 };
  assert.deepEqual(await order(scheduler, many), ['a+b+of another tenant+line', 'other']);

  for (const name of ['c', 'd', 'e', 'f']) await scheduler.submit(name, { kind, work: 4, texts: 3 });
  assert.deepEqual(await scheduler.take({ ...many, jobs: 2 }), ['c', 'd']);
  assert.deepEqual(await scheduler.take({ ...many, texts: 5 }), ['e'], '3 + 3 texts are too many');
  await scheduler.submit('g', { kind, work: 4 });
  assert.deepEqual(await scheduler.take({ ...many, work: 7 }), ['f'], '4 + 4 are too much');
  assert.deepEqual(await scheduler.take({ jobs: 10, texts: 0, work: 0 }), ['g'], 'a job that is larger runs alone');
});

test('who is taken beside another is charged for it', async (t) => {
  const scheduler = await startScheduler(t);
  const kind = 'k';
  for (let i = 0; i < 4; i++)
    await scheduler.submit(`a${i}`, { flow: { tenant: 'a' }, kind: i === 0 ? kind : `a${i}` });
  for (let i = 0; i < 6; i++) await scheduler.submit(`b${i}`, { flow: { tenant: 'b' }, kind: i < 3 ? kind : `b${i}` });
  assert.deepEqual(await scheduler.take({ jobs: 4, texts: 4, work: 4 }), ['a0', 'b0', 'b1', 'b2']);
  assert.deepEqual((await order(scheduler)).slice(0, 4).filter((name) => name.startsWith('a')).length, 3);
});

test('a job that is put back is first again; one that was set apart runs alone', async (t) => {
  const scheduler = await startScheduler(t);
  const many = { jobs: 10, texts: 10, work: 10 };
  for (const name of ['a', 'b', 'c', 'd']) await scheduler.submit(name, { kind: 'k' });
  assert.deepEqual(await scheduler.take({ ...many, jobs: 3 }), ['a', 'b', 'c']);
  assert.equal(await scheduler.requeue('b', 'returned'), 'waits');
  assert.equal(await scheduler.requeue('c', 'apart'), 'waits');
  assert.equal(await scheduler.requeue('c', 'apart'), 'superseded', 'it does not run any more');
  await scheduler.end('a');
  assert.deepEqual(await order(scheduler, many), ['b+d', 'c']);
});

test('failures and losses have limits of their own', async (t) => {
  const scheduler = await startScheduler(t);
  await scheduler.submit('a');
  await scheduler.take();
  assert.equal(await scheduler.requeue('a', 'failed', 1), 'waits');
  await scheduler.take();
  assert.equal(await scheduler.requeue('a', 'lost', 1), 'waits');
  await scheduler.take();
  assert.equal(await scheduler.requeue('a', 'returned'), 'waits');
  await scheduler.take();
  assert.equal(await scheduler.requeue('a', 'lost', 1), 'over');
  assert.equal(await scheduler.requeue('a', 'failed', 1), 'over');
  await scheduler.end('a');
});

test('a full queue refuses single jobs; lines of batches are not counted', async (t) => {
  const bench = await startBench(t, { maxQueue: 2 });
  const submit = (batch?: string) => bench.jobs.submit(testRequest(), { pool: 'default', flow: { tenant: '', batch } });
  for (let i = 0; i < 5; i++) await submit('x');
  await submit();
  await submit();
  await assert.rejects(submit(), /2 jobs wait and at most 2 may/);
  await submit('x');
});

test('few turns lie in BullMQ, however many jobs wait; when all ended nothing is left of the scheduler', async (t) => {
  const scheduler = await startScheduler(t);
  const { bench, store } = scheduler;
  const redis = new Redis(bench.redis.url);
  t.after(() => redis.disconnect());
  for (let i = 0; i < 40; i++) {
    const flow = i % 2 === 0 ? { tenant: `t${i % 3}` } : { tenant: `t${i % 3}`, batch: 'x' };
    await scheduler.submit(`job ${i}`, { flow });
  }
  assert.equal(await redis.llen('whence:bull:turns.default:wait'), 4);
  assert.equal(await store.turnsWanted('default'), 0);
  const taken = (await order(scheduler)).flatMap((names) => names.split('+'));
  assert.equal(taken.length, 40);
  for (const name of taken) await scheduler.end(name);
  const keys = (await redis.keys('whence:*')).filter(
    (key) => !/:(bull|job|request|events|expiry|jobs|model|status|lines|totals|usage)\b/.test(key),
  );
  for (const key of keys) assert.ok((await redis.ttl(key)) > 0, `${key} stays`);
  assert.ok(keys.length <= 9, keys.join(', '));
});

test('a record that somebody deleted holds nobody up', async (t) => {
  const scheduler = await startScheduler(t);
  const redis = new Redis(scheduler.bench.redis.url);
  t.after(() => redis.disconnect());
  const gone = await scheduler.submit('gone', { kind: 'k' });
  for (const name of ['a', 'b']) await scheduler.submit(name, { kind: 'k' });
  await redis.del(`whence:job:${gone}`);
  assert.deepEqual(await order(scheduler, { jobs: 9, texts: 9, work: 9 }), ['a+b']);
});
