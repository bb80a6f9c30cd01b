/** What every job store does: the one in Redis, and the one in memory with which the API is tested. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { StepEvent } from '../../src/contract/events.ts';
import type { Difference } from '../../src/contract/job.ts';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import { IdempotencyConflictError, type Jobs, QueueFullError, type SubmitOptions } from '../../src/jobs/jobs.ts';
import { pack, tailOf, unpack } from '../../src/jobs/packing.ts';
import { connectForWorker } from '../../src/jobs/redis.ts';
import { type Attempt, WorkerStore } from '../../src/jobs/worker-store.ts';
import { testRequest } from '../support/jobs.ts';
import { startRedis } from '../support/jobs-redis.ts';
import { MemoryJobs } from '../support/memory-jobs.ts';

/** A store, and a worker of it that does as it is told. */
interface Store {
  jobs: Jobs;
  step(id: string, position: number): Promise<void>;
  finish(id: string, status: 'succeeded' | 'failed'): Promise<void>;
}

const MAX_QUEUE = 5;
/** Of the model. */
const FINGERPRINT = 'f';
/** Nobody has such an id, in either store. */
const UNKNOWN = '0192f0c4-1b2c-7000-8abc-0123456789ab';

const stepAt = (position: number): StepEvent => ({
  sequence: 0,
  position,
  token: { id: position, token: 'x', start: null, end: null },
  source_attributions: null,
  target_attributions: [0.5],
  step_scores: {},
});

async function inRedis(t: TestContext): Promise<Store> {
  const redis = await startRedis();
  const jobs = await createJobs({ redisUrl: redis.url, resultTtlSeconds: 60, maxQueue: MAX_QUEUE, resultCacheMb: 1 });
  const connection = connectForWorker(redis.url, new AbortController().signal);
  t.after(async () => {
    connection.disconnect();
    await jobs.close();
    await redis.stop();
  });
  const store = new WorkerStore(connection, 60, 1);
  const attempts = new Map<string, Attempt>();
  const attemptAt = async (id: string) => {
    for (let known = attempts.get(id); ; known = attempts.get(id)) {
      if (known !== undefined) return known;
      const { jobs: taken } = await store.take('default', 'turn', 'worker', { jobs: 1, texts: 1, work: 0 });
      assert.equal(taken.length, 1);
      const attempt = await store.open(taken[0]);
      assert.ok(attempt);
      attempts.set(attempt.id, attempt);
    }
  };
  return {
    jobs,
    step: async (id, position) => void (await store.report(await attemptAt(id), null, [stepAt(position)])),
    finish: async (id, status) => {
      const attempt = await attemptAt(id);
      const error = { code: 'x', message: 'y', pointer: null };
      if (status === 'failed') assert.ok(await store.fail(attempt, error, COST));
      else {
        const difference = attempt.original === null ? undefined : EQUAL;
        assert.ok(await store.succeed(attempt, { ...(await packedResults()), difference }, COST));
      }
    },
  };
}

async function packedResults() {
  return {
    result: await pack(tailOf({ sequences: [] })),
    inseq: await pack('{"inseq":true}'),
    failedTexts: 0,
    usage: { tokens: 7, passes: 3 },
    fingerprint: FINGERPRINT,
  };
}

const EQUAL: Difference = {
  same_text: true,
  scores: { absolute: 0, relative: 0 },
  step_scores: { absolute: 0, relative: 0 },
};

const COST = { seconds: 0.5, estimate: 1 };

async function inMemory(): Promise<Store> {
  const jobs = new MemoryJobs(null, MAX_QUEUE);
  let events = 0;
  return {
    jobs,
    step: async (id, position) => jobs.emit(id, { id: `1-${++events}`, event: 'step', data: stepAt(position) }),
    finish: async (id, status) => jobs.finish(id, status),
  };
}

const submit = async ({ jobs }: Store, options: Parameters<typeof testRequest>[1] = {}, pool = 'default') =>
  (await jobs.submit(testRequest({}, options), { pool })).job;

/** What the stream tells, without progress, which a store may leave out. */
async function told({ jobs }: Store, id: string, after?: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { event, data } of jobs.events(id, { after, signal: AbortSignal.timeout(10_000) })) {
    if (event === 'step') found.push(`step ${data.position}`);
    if (event === 'done') found.push(`done ${data.status}`);
  }
  return found;
}

const CONTRACT: Record<string, (store: Store) => Promise<void>> = {
  'a submitted job waits, and is what was asked for': async (store) => {
    const { jobs } = store;
    const request = testRequest({}, { seed: 7 });
    const { job, created } = await jobs.submit(request, { pool: 'default' });
    assert.equal(created, true);
    assert.deepEqual(await jobs.get(job.id), job);
    assert.deepEqual(
      [job.status, job.model, job.method, job.queue_position, job.started_at, job.finished_at, job.error],
      ['queued', 'tiny', 'saliency', 0, null, null, null],
    );
    assert.deepEqual(job.progress, { phase: 'queued', completed: 0, total: 0, fraction: 0 });
    assert.equal(job.links.self, `/jobs/${job.id}`);
    assert.equal(new Date(job.created_at).toISOString(), job.created_at);
    assert.deepEqual(await jobs.request(job.id), request);
    assert.equal(await jobs.result(job.id, 'json'), null);
    assert.equal(await jobs.packedResult(job.id, 'json'), null);
  },

  'an idempotency key gives the first job back, refuses another request, and is freed with its job': async ({
    jobs,
  }) => {
    const options = { pool: 'default', idempotencyKey: 'order 7' };
    const first = await jobs.submit(testRequest(), options);
    const again = await jobs.submit(testRequest(), options);
    assert.deepEqual([again.created, again.job.id], [false, first.job.id]);
    const other = testRequest({}, { seed: 1 });
    await assert.rejects(
      jobs.submit(other, options),
      (error) => error instanceof IdempotencyConflictError && error.jobId === first.job.id,
    );
    await jobs.remove(first.job.id);
    assert.equal((await jobs.submit(other, options)).created, true);
  },

  'jobs have owners, who list their own and have idempotency keys of their own': async ({ jobs }) => {
    const submitted = async (tenant: string) => {
      const options = { pool: 'default', flow: { tenant }, idempotencyKey: 'order 7' };
      return (await jobs.submit(testRequest({}, { seed: tenant.length }), options)).job.id;
    };
    const [ann, bo, nobody] = [await submitted('ann'), await submitted('bo'), await submitted('')];
    assert.equal(new Set([ann, bo, nobody, await submitted('ann')]).size, 3);
    assert.deepEqual(await Promise.all([ann, bo, nobody, UNKNOWN].map((id) => jobs.owner(id))), [
      'ann',
      'bo',
      '',
      null,
    ]);
    const listed = async (tenant?: string) => (await jobs.list({ tenant, limit: 10 })).jobs.map(({ id }) => id);
    assert.deepEqual([await listed('ann'), await listed('bo'), await listed('cy')], [[ann], [bo], []]);
    assert.deepEqual(await listed(), [nobody, bo, ann]);
    assert.deepEqual((await jobs.list({ tenant: 'ann', model: 'other', limit: 10 })).jobs, []);
    await jobs.remove(ann);
    assert.deepEqual([await listed('ann'), await jobs.owner(ann)], [[], null]);
  },

  'a full queue refuses with its numbers, each pool its own': async (store) => {
    for (let i = 0; i < MAX_QUEUE; i++) await submit(store);
    await assert.rejects(submit(store), (error) => {
      assert.ok(error instanceof QueueFullError);
      assert.deepEqual([error.waiting, error.limit], [MAX_QUEUE, MAX_QUEUE]);
      assert.ok(Number.isInteger(error.retryAfterSeconds) && error.retryAfterSeconds >= 1);
      return true;
    });
    assert.equal((await submit(store, {}, 'another')).status, 'queued');
  },

  'queue_position counts the jobs in front': async (store) => {
    const { jobs } = store;
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) ids.push((await submit(store)).id);
    const positions = () => Promise.all(ids.map(async (id) => (await jobs.get(id))?.queue_position));
    assert.deepEqual(await positions(), [0, 1, 2]);
    await jobs.cancel(ids[0]);
    assert.deepEqual(await positions(), [null, 0, 1], 'an ended job has no place');
  },

  'metadata stays with its job and finds it': async (store) => {
    const { jobs } = store;
    const metadata = { team: 'search', run: '17' };
    const { id } = await submit(store, { metadata });
    const other = await submit(store, { metadata: { team: 'search' } });
    const none = await submit(store);
    assert.deepEqual([(await jobs.get(id))?.metadata, none.metadata], [metadata, {}]);
    const found = async (wanted: Record<string, string>) =>
      (await jobs.list({ limit: 10, metadata: wanted })).jobs.map((job) => job.id);
    assert.deepEqual(await found({ team: 'search' }), [other.id, id]);
    assert.deepEqual(await found({ run: '17', team: 'search' }), [id]);
    assert.deepEqual(await found({ team: 'ads' }), []);
  },

  'lists are newest first, filtered, and in pages': async (store) => {
    const { jobs } = store;
    const ids: string[] = [];
    for (const model of ['tiny', 'other', 'tiny', 'other']) ids.unshift((await submit(store, { model })).id);
    await jobs.cancel(ids[3]);
    const idsOf = async (query: Parameters<Jobs['list']>[0]) => (await jobs.list(query)).jobs.map(({ id }) => id);
    assert.deepEqual(await idsOf({ limit: 10 }), ids);
    assert.deepEqual(await idsOf({ limit: 10, model: 'tiny' }), [ids[1], ids[3]]);
    assert.deepEqual(await idsOf({ limit: 10, status: 'canceled' }), [ids[3]]);
    const first = await jobs.list({ limit: 3 });
    assert.ok(first.next_cursor !== null);
    const second = await jobs.list({ limit: 3, cursor: first.next_cursor });
    assert.deepEqual(
      [...first.jobs, ...second.jobs].map(({ id }) => id),
      ids,
    );
    assert.equal(second.next_cursor, null);
    assert.deepEqual(await idsOf({ limit: 10, cursor: 'nonsense' }), ids);
    assert.deepEqual(await jobs.counts(), { queued: 3, running: 0, succeeded: 0, failed: 0, canceled: 1 });
  },

  'lines of a batch are counted but in no list': async (store) => {
    const { jobs } = store;
    const single = await submit(store);
    const flow = { tenant: 'somebody', batch: 'of theirs' };
    const { job: line } = await jobs.submit(testRequest(), { pool: 'default', flow });
    const lists = await Promise.all(
      [{}, { status: 'queued' as const }, { model: 'tiny' }].map((query) => jobs.list({ ...query, limit: 10 })),
    );
    for (const list of lists)
      assert.deepEqual(
        list.jobs.map(({ id }) => id),
        [single.id],
      );
    assert.equal((await jobs.counts()).queued, 2);
    assert.equal((await jobs.get(line.id))?.status, 'queued');
    await store.finish(single.id, 'failed');
    await store.finish(line.id, 'succeeded');
    assert.equal((await jobs.counts()).succeeded, 1);
    assert.deepEqual((await jobs.list({ limit: 10, status: 'succeeded' })).jobs, []);
    assert.ok(await jobs.result(line.id, 'json'));
    await jobs.remove(line.id);
    assert.deepEqual(await jobs.counts(), { queued: 0, running: 0, succeeded: 0, failed: 1, canceled: 0 });
  },

  'a result is there when its job succeeded, whole and packed': async (store) => {
    const { jobs } = store;
    const [good, bad] = [await submit(store), await submit(store)];
    await store.finish(good.id, 'succeeded');
    await store.finish(bad.id, 'failed');
    const bytes = await jobs.result(good.id, 'json');
    assert.ok(bytes && JSON.parse(bytes.toString()).sequences);
    const packed = await jobs.packedResult(good.id, 'json');
    assert.ok(packed);
    assert.deepEqual(await unpack(Buffer.concat(packed)), bytes);
    assert.ok(await jobs.result(good.id, 'inseq'));
    assert.equal(await jobs.result(bad.id, 'json'), null);
    const [done, failed] = [await jobs.get(good.id), await jobs.get(bad.id)];
    assert.deepEqual([done?.status, done?.progress.phase, done?.progress.fraction], ['succeeded', 'done', 1]);
    assert.deepEqual([failed?.status, typeof failed?.error?.message], ['failed', 'string']);
    assert.ok(done?.finished_at);
  },

  'events are replayed, from the start and after any of them, and end with done': async (store) => {
    const { jobs } = store;
    const { id } = await submit(store);
    const live = told(store, id);
    for (let position = 0; position < 3; position++) await store.step(id, position);
    await store.finish(id, 'succeeded');
    const whole = ['step 0', 'step 1', 'step 2', 'done succeeded'];
    assert.deepEqual(await live, whole);
    assert.deepEqual(await told(store, id), whole);
    const eventIds: string[] = [];
    for await (const { id: eventId, event } of jobs.events(id, { signal: AbortSignal.timeout(10_000) })) {
      if (event !== 'progress') eventIds.push(eventId);
    }
    for (const [i, after] of eventIds.entries()) assert.deepEqual(await told(store, id, after), whole.slice(i + 1));
  },

  'waiting ends with the job, with the time, and when the job is removed': async (store) => {
    const { jobs } = store;
    const [ending, staying, leaving] = [await submit(store), await submit(store), await submit(store)];
    const waits = [jobs.wait(ending.id, 20), jobs.wait(staying.id, 0.05), jobs.wait(leaving.id, 20)];
    assert.equal((await waits[1])?.status, 'queued');
    await store.finish(ending.id, 'failed');
    await jobs.remove(leaving.id);
    assert.equal((await waits[0])?.status, 'failed');
    assert.equal(await waits[2], null);
    const gone = new AbortController();
    const waiting = jobs.wait(staying.id, 20, gone.signal);
    gone.abort();
    assert.equal((await waiting)?.status, 'queued');
  },

  'the same request of a tenant is given the result that is kept, as a job of its own': async (store) => {
    const { jobs } = store;
    const use = { fingerprint: FINGERPRINT, lookup: true };
    const flow = { tenant: 'ann' };
    const ask = async (metadata: Record<string, string>, options: Partial<SubmitOptions> = {}, seed = 42) =>
      (await jobs.submit(testRequest({}, { metadata, seed }), { pool: 'default', flow, cache: use, ...options })).job;
    const first = await ask({ name: 'first' });
    assert.deepEqual([first.status, first.info], ['queued', { cached: false }]);
    await store.finish(first.id, 'succeeded');

    const again = await ask({ name: 'again' });
    assert.deepEqual([again.status, again.info, again.metadata], ['succeeded', { cached: true }, { name: 'again' }]);
    assert.deepEqual([again.queue_position, again.progress.phase, again.error], [null, 'done', null]);
    assert.ok(again.id !== first.id && again.finished_at !== null);
    assert.deepEqual(await jobs.get(again.id), again);
    assert.equal(await jobs.owner(again.id), 'ann');
    assert.deepEqual(await told(store, again.id), ['done succeeded']);
    const resultOf = async (id: string) => JSON.parse((await jobs.result(id, 'json'))?.toString() ?? '');
    const { job_id, metadata, ...rest } = await resultOf(again.id);
    assert.deepEqual([job_id, metadata], [again.id, { name: 'again' }]);
    const { job_id: firstId, metadata: firstMetadata, ...firstRest } = await resultOf(first.id);
    assert.deepEqual([firstId, firstMetadata, firstRest], [first.id, { name: 'first' }, rest]);
    assert.deepEqual(await jobs.result(again.id, 'inseq'), await jobs.result(first.id, 'inseq'));

    const others = [
      await ask({}, { flow: { tenant: 'bo' } }),
      await ask({}, { cache: { ...use, fingerprint: 'of another checkpoint' } }),
      await ask({}, { cache: { ...use, lookup: false } }),
      await ask({}, { cache: undefined }),
      await ask({}, {}, 43),
    ];
    assert.deepEqual(
      others.map(({ status }) => status),
      others.map(() => 'queued'),
    );
    assert.equal((await ask({})).status, 'succeeded', 'a full queue keeps nobody from what is there');
  },

  'what is kept goes with any job that it was made by or given to': async (store) => {
    const { jobs } = store;
    const cache = { fingerprint: FINGERPRINT, lookup: true };
    const ask = async () => (await jobs.submit(testRequest(), { pool: 'default', cache })).job;
    for (const removed of ['the first', 'the second']) {
      const first = await ask();
      await store.finish(first.id, 'succeeded');
      const second = await ask();
      assert.equal(second.status, 'succeeded');
      await jobs.remove(removed === 'the first' ? first.id : second.id);
      const third = await ask();
      assert.equal(third.status, 'queued', removed);
      await jobs.remove(third.id);
      assert.ok(await jobs.result(removed === 'the first' ? second.id : first.id, 'json'), 'jobs keep their own');
    }
  },

  'what has failed is kept for nobody': async (store) => {
    const { jobs } = store;
    const cache = { fingerprint: FINGERPRINT, lookup: true };
    const ask = async () => (await jobs.submit(testRequest(), { pool: 'default', cache })).job;
    await store.finish((await ask()).id, 'failed');
    assert.equal((await ask()).status, 'queued');
  },

  'a replay names its original, and tells the difference when it has succeeded': async (store) => {
    const { jobs } = store;
    const first = await submit(store);
    const key = { pool: 'default', idempotencyKey: 'order 7' };
    await store.finish(first.id, 'succeeded');
    const { job } = await jobs.submit(testRequest(), { ...key, replayOf: first.id });
    assert.deepEqual(job.info, { cached: false, replay: { of: first.id, difference: null } });
    await store.finish(job.id, 'succeeded');
    const info = { cached: false, replay: { of: first.id, difference: EQUAL } };
    assert.deepEqual((await jobs.get(job.id))?.info, info);
    assert.equal((await jobs.submit(testRequest(), { ...key, replayOf: first.id })).job.id, job.id);
    for (const replayOf of [undefined, job.id]) {
      await assert.rejects(jobs.submit(testRequest(), { ...key, replayOf }), IdempotencyConflictError);
    }
  },

  'what is canceled is told, once; what has ended stays as it is': async (store) => {
    const { jobs } = store;
    const [waiting, ended] = [await submit(store), await submit(store)];
    await store.finish(ended.id, 'succeeded');
    assert.equal((await jobs.cancel(waiting.id))?.status, 'canceled');
    assert.equal((await jobs.cancel(waiting.id))?.status, 'canceled');
    assert.deepEqual(await told(store, waiting.id), ['done canceled']);
    assert.equal((await jobs.cancel(ended.id))?.status, 'succeeded');
  },

  'what is removed is forgotten, and ends its followers': async (store) => {
    const { jobs } = store;
    const { id } = await submit(store);
    const followed = told(store, id);
    await jobs.ping();
    assert.equal(await jobs.remove(id), true);
    assert.equal(await jobs.remove(id), false);
    assert.deepEqual(await followed, []);
    assert.deepEqual([await jobs.get(id), await jobs.request(id), await jobs.result(id, 'json')], [null, null, null]);
    assert.deepEqual((await jobs.list({ limit: 10 })).jobs, []);
  },

  'an unknown job is unknown everywhere': async (store) => {
    const { jobs } = store;
    for (const id of [UNKNOWN, 'nonsense', '']) {
      assert.deepEqual(
        [
          await jobs.get(id),
          await jobs.request(id),
          await jobs.result(id, 'json'),
          await jobs.packedResult(id, 'inseq'),
        ],
        [null, null, null, null],
      );
      assert.deepEqual([await jobs.cancel(id), await jobs.remove(id), await jobs.wait(id, 1)], [null, false, null]);
      assert.deepEqual(await told(store, id), []);
    }
  },

  'a new store has no catalogue, is healthy, and answers a ping': async ({ jobs }) => {
    assert.equal(await jobs.catalogue(), null);
    assert.ok((await jobs.ping()) >= 0);
    const { milliseconds, warnings } = await jobs.health();
    assert.ok(milliseconds >= 0);
    assert.deepEqual(warnings, []);
  },
};

for (const [where, open] of [
  ['in Redis', inRedis],
  ['in memory', inMemory],
] as const) {
  for (const [what, holds] of Object.entries(CONTRACT)) {
    test(`${where}: ${what}`, async (t) => holds(await open(t)));
  }
}
