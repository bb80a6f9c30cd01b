/** What a client is told about a job that it submits is true, whatever Redis or this process does meanwhile. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import {
  OutcomeUnknownError,
  QueueFullError,
  StoreUnavailableError,
  SubmissionUnknownError,
} from '../../src/jobs/jobs.ts';
import { eventually, type JobsBench, startBench, testRequest } from '../support/jobs.ts';

function connect(t: TestContext, bench: JobsBench): Redis {
  const redis = new Redis(bench.redis.url).on('error', () => {});
  t.after(() => redis.disconnect());
  return redis;
}

/** Ids of all jobs in the store, the newest first. */
const stored = async ({ jobs }: JobsBench) => (await jobs.list({ limit: 100 })).jobs.map(({ id }) => id);

const answers = ({ jobs }: JobsBench) =>
  eventually(() =>
    jobs.ping().then(
      () => true,
      () => false,
    ),
  );

/** Keeps the event loop from doing anything else, as a long computation would. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Submits and sorts by what the client is told. */
async function submitMany(bench: JobsBench, count: number) {
  const told = { accepted: [] as string[], unknown: [] as string[], refused: 0 };
  await Promise.all(
    Array.from({ length: count }, () =>
      bench.submit().then(
        ({ id }) => told.accepted.push(id),
        (error: unknown) => {
          assert.ok(error instanceof StoreUnavailableError, String(error));
          if (error instanceof SubmissionUnknownError) told.unknown.push(error.jobId);
          else told.refused++;
        },
      ),
    ),
  );
  return told;
}

for (const [how, silence] of [
  ['stopped (SIGSTOP)', async (bench: JobsBench) => bench.redis.freeze()],
  ['paused (CLIENT PAUSE)', async (_: JobsBench, redis: Redis) => void (await redis.client('PAUSE', 2_500, 'ALL'))],
] as const) {
  test(`Redis ${how}: what was refused does not come to be when it goes on`, async (t) => {
    const bench = await startBench(t, { maxQueue: 100 });
    const direct = connect(t, bench);
    const before = await bench.submit();
    await silence(bench, direct);
    const [first] = await Promise.all([
      submitMany(bench, 5),
      assert.rejects(bench.jobs.cancel(before.id), OutcomeUnknownError),
      assert.rejects(bench.jobs.remove(before.id), OutcomeUnknownError),
    ]);
    assert.deepEqual([first.accepted, first.unknown.length], [[], 5], 'Redis may have run what was sent');
    const later = await submitMany(bench, 5);
    assert.deepEqual([later.accepted, later.unknown, later.refused], [[], [], 5], 'nothing was sent');
    bench.redis.thaw();
    await answers(bench);
    assert.deepEqual(await stored(bench), [before.id]);
    assert.equal((await bench.jobs.get(before.id))?.status, 'queued');
    await bench.submit();
    assert.equal((await stored(bench)).length, 2);
  });
}

test('Redis killed and connections cut under load: each job in the store was accepted or told as unknown', async (t) => {
  const bench = await startBench(t, { maxQueue: 100_000 });
  const direct = connect(t, bench);
  const accepted = new Set<string>();
  const unknown = new Set<string>();
  const burst = async () => {
    const told = await submitMany(bench, 3);
    for (const id of told.accepted) accepted.add(id);
    for (const id of told.unknown) unknown.add(id);
  };
  let over = false;
  const load = (async () => {
    while (!over) await Promise.all([burst(), sleep(20)]);
  })();
  for (let i = 0; i < 10; i++) {
    await direct.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes').catch(() => {});
    await sleep(100);
  }
  await bench.redis.kill();
  await sleep(1_500);
  await bench.redis.start();
  await sleep(500);
  over = true;
  await load;
  await answers(bench);
  const there = new Set<string>();
  for (let cursor: string | undefined; ; ) {
    const page = await bench.jobs.list({ limit: 100, cursor });
    for (const { id } of page.jobs) there.add(id);
    if (page.next_cursor === null) break;
    cursor = page.next_cursor;
  }
  const phantoms = [...there].filter((id) => !accepted.has(id) && !unknown.has(id));
  assert.deepEqual(phantoms, [], `${accepted.size} accepted, ${unknown.size} unknown`);
  assert.ok(accepted.size > 20, `${accepted.size} accepted`);
});

test('a connection that breaks before the answer came: the job is accepted on the next one, once', async (t) => {
  const bench = await startBench(t);
  const direct = connect(t, bench);
  await bench.submit();
  await direct.client('PAUSE', 10_000, 'WRITE');
  const submitted = bench.submit();
  await sleep(100); // it waits in Redis
  await direct.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await direct.client('UNPAUSE');
  const { id } = await submitted;
  const all = await stored(bench);
  assert.deepEqual([all.length, all[0]], [2, id]);
});

test('an event loop that was blocked is no reason to call Redis unreachable', async (t) => {
  const bench = await startBench(t);
  const { id } = await bench.submit();
  const calls = [bench.submit(), bench.jobs.get(id), bench.jobs.list({ limit: 1 }), bench.jobs.wait(id, 0.1)];
  block(1_200);
  await Promise.all(calls);
  const late = sleep(0).then(() => block(1_000));
  await Promise.all([bench.submit(), bench.submit(), late, bench.jobs.ping()]);
  for (let i = 0; i < 2; i++) {
    const submitted = bench.submit();
    await sleep(0);
    block(900);
    await submitted;
  }
  assert.equal((await stored(bench)).length, 6);
});

test('five hundred at once fill the queue to its limit; the others hear that it is full, with numbers', async (t) => {
  const bench = await startBench(t, { maxQueue: 100 });
  const tries = await Promise.allSettled(Array.from({ length: 500 }, () => bench.submit()));
  const refused = tries.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  assert.equal(refused.length, 400);
  for (const error of refused) {
    assert.ok(error instanceof QueueFullError, String(error));
    assert.deepEqual([error.waiting, error.limit], [100, 100]);
  }
  assert.equal((await bench.jobs.counts()).queued, 100);
});

test('an accepted job is told as accepted although it does not reach the queue, and is computed later', async (t) => {
  const bench = await startBench(t);
  const direct = connect(t, bench);
  await direct.set('whence:bull:turns.default:meta', 'of the wrong type');
  const job = await bench.submit();
  assert.equal(job.status, 'queued');
  await direct.del('whence:bull:turns.default:meta');
  await bench.worker({ reconcileMs: 200 });
  assert.equal((await bench.jobs.wait(job.id, 20))?.status, 'succeeded');
});

test('a submission with an idempotency key that is unknown can be sent again and is computed once', async (t) => {
  const bench = await startBench(t);
  const options = { pool: 'default', idempotencyKey: 'the same' };
  await bench.submit();
  bench.redis.freeze();
  await assert.rejects(bench.jobs.submit(testRequest(), options), SubmissionUnknownError);
  bench.redis.thaw();
  await answers(bench);
  const again = await bench.jobs.submit(testRequest(), options);
  const third = await bench.jobs.submit(testRequest(), options);
  assert.deepEqual([again.created, third.created], [true, false]);
  assert.equal(third.job.id, again.job.id);
  assert.equal((await stored(bench)).length, 2);
});
