/** What the routes answer when all is well, and their own errors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Job } from '../../src/contract/job.ts';
import { QueueFullError, StoreUnavailableError } from '../../src/jobs/jobs.ts';
import { attribute, CATALOGUE, type MemoryJobs, problemOf, resultOf, startApp } from '../support/api.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };

test('POST /attribute: 202 with the job and its place', async (t) => {
  const { app, jobs } = await startApp(t);
  const response = await attribute(app, BODY);
  assert.equal(response.statusCode, 202);
  assert.equal(response.headers.location, '/jobs/job-1');
  const { job } = jobs.entry('job-1');
  const { share } = response.json<Job>().links;
  assert.deepEqual(response.json(), { ...job, links: { ...job.links, share } });
  assert.match(String(response.headers['x-request-id']), /^[0-9a-f-]{36}$/);
});

test("the request goes to its model's pool", async (t) => {
  const { app, jobs } = await startApp(t);
  await attribute(app, { model: 'numbers-m2m100', input_texts: 'one', tgt_lang: 'fr' });
  assert.deepEqual(jobs.pools, ['large']);
});

/** Ends the first job as soon as there is one, on a machine of any speed. */
async function finishWhenSubmitted(jobs: MemoryJobs, status: 'succeeded' | 'failed'): Promise<void> {
  while (jobs.entries.size === 0) await new Promise(setImmediate);
  jobs.finish('job-1', status);
}

test('Prefer: wait=N: 200 with the result as soon as the job ends', async (t) => {
  const { app, jobs } = await startApp(t);
  const [response] = await Promise.all([
    attribute(app, BODY, { prefer: 'respond-async, wait=10' }),
    finishWhenSubmitted(jobs, 'succeeded'),
  ]);
  assert.equal(response.statusCode, 200);
  assert.equal(response.headers['preference-applied'], 'wait=10');
  assert.equal(response.json().status, 'succeeded');
  assert.deepEqual(response.json().result, resultOf('job-1'));
});

test('Prefer: wait=N: 200 with a null result for a job that fails', async (t) => {
  const { app, jobs } = await startApp(t);
  const [response] = await Promise.all([
    attribute(app, BODY, { prefer: 'wait=10' }),
    finishWhenSubmitted(jobs, 'failed'),
  ]);
  assert.equal(response.statusCode, 200);
  assert.equal(response.json().error.code, 'worker_lost');
  assert.equal(response.json().result, null);
});

test('Prefer: wait=N: 202 when time is over', async (t) => {
  const { app } = await startApp(t);
  const response = await attribute(app, BODY, { prefer: 'wait=0' });
  assert.equal(response.statusCode, 202);
  assert.equal(response.json().status, 'queued');
});

for (const prefer of ['wait=61', 'wait=soon', 'wait', 'wait=-1']) {
  test(`Prefer: ${prefer} is refused`, async (t) => {
    const { app, jobs } = await startApp(t);
    const response = await attribute(app, BODY, { prefer });
    assert.equal(response.statusCode, 400);
    assert.match(problemOf(response).detail, /#\/header\/prefer: wait must be a whole number of seconds from 0 to 60/);
    assert.equal(jobs.entries.size, 0);
  });
}

test('Idempotency-Key: the same job for the same body, 422 for another', async (t) => {
  const { app, jobs } = await startApp(t);
  const headers = { 'idempotency-key': 'k1' };
  const first = await attribute(app, BODY, headers);
  const again = await attribute(app, { ...BODY, seed: 42 }, headers); // equal once defaults are filled in
  assert.equal(again.json().id, first.json().id);
  assert.equal(jobs.entries.size, 1);
  const other = await attribute(app, { ...BODY, seed: 1 }, headers);
  assert.equal(other.statusCode, 422);
  assert.equal(problemOf(other).type, 'urn:whence:problem:idempotency-conflict');
});

test('GET /jobs: newest first, filtered, in pages', async (t) => {
  const { app, jobs } = await startApp(t);
  for (let count = 0; count < 5; count++) await attribute(app, BODY);
  jobs.finish('job-2');
  const ids = async (url: string) => (await app.inject(url)).json().jobs.map(({ id }: { id: string }) => id);
  assert.deepEqual(await ids('/jobs'), ['job-5', 'job-4', 'job-3', 'job-2', 'job-1']);
  assert.deepEqual(await ids('/jobs?status=succeeded'), ['job-2']);
  assert.deepEqual(await ids('/jobs?model=other'), []);
  const page = (await app.inject('/jobs?limit=2')).json();
  assert.deepEqual(await ids(`/jobs?limit=2&cursor=${page.next_cursor}`), ['job-3', 'job-2']);
});

for (const [url, pointer, detail] of [
  ['/jobs?limit=0', '#/query/limit', /at least 1/],
  ['/jobs?limit=101', '#/query/limit', /at most 100/],
  ['/jobs?limit=ten', '#/query/limit', /must be an integer, got "ten"/],
  ['/jobs?status=done', '#/query/status', /known values, got "done"/],
  ['/jobs?states=queued', '#/query/states', /unknown field "states"\. Did you mean "status"\?/],
  ['/jobs/job-1/result?format=xml', '#/query/format', /Known values: json, inseq, csv/],
] as const) {
  test(`400: ${url}`, async (t) => {
    const { app } = await startApp(t);
    const response = await app.inject(url);
    assert.equal(response.statusCode, 400);
    const [error] = problemOf(response).errors ?? [];
    assert.equal(error.pointer, pointer);
    assert.match(error.detail, detail);
  });
}

for (const [method, path] of [
  ['GET', ''],
  ['GET', '/result'],
  ['GET', '/heatmap'],
  ['GET', '/events'],
  ['POST', '/cancel'],
  ['DELETE', ''],
] as const) {
  test(`404: ${method} of an unknown job${path}`, async (t) => {
    const { app } = await startApp(t);
    const response = await app.inject({ method, url: `/jobs/unknown${path}` });
    assert.equal(response.statusCode, 404);
    assert.match(problemOf(response).detail, /No job has the id "unknown"/);
  });
}

test('results in every form', async (t) => {
  const { app, jobs } = await startApp(t);
  await attribute(app, BODY);
  jobs.finish('job-1');
  const json = await app.inject('/jobs/job-1/result');
  assert.match(String(json.headers['content-type']), /^application\/json/);
  assert.deepEqual(json.json(), resultOf('job-1'));
  const inseq = await app.inject('/jobs/job-1/result?format=inseq');
  assert.equal(inseq.json().__instance_type__[1], 'FeatureAttributionOutput');
  const csv = await app.inject('/jobs/job-1/result?format=csv');
  assert.match(String(csv.headers['content-type']), /^text\/csv/);
  assert.ok(csv.body.split('\n').length > 1);
  const heatmap = await app.inject('/jobs/job-1/heatmap');
  assert.match(String(heatmap.headers['content-type']), /^text\/html/);
  assert.match(heatmap.body, /<!doctype html>/i);
  assert.match(String(heatmap.headers['content-security-policy']), /default-src 'none'/);
});

test('no result: 409 while not finished, 410 when canceled or failed', async (t) => {
  const { app, jobs } = await startApp(t);
  for (let count = 0; count < 3; count++) await attribute(app, BODY);
  jobs.finish('job-2', 'canceled');
  jobs.finish('job-3', 'failed');
  for (const path of ['result', 'result?format=csv', 'heatmap']) {
    const queued = await app.inject(`/jobs/job-1/${path}`);
    assert.equal(queued.statusCode, 409);
    assert.match(problemOf(queued).detail, /Job job-1 is queued\. GET \/jobs\/job-1\/events/);
    const canceled = await app.inject(`/jobs/job-2/${path}`);
    assert.equal(canceled.statusCode, 410);
    assert.match(problemOf(canceled).detail, /was canceled/);
    const failed = await app.inject(`/jobs/job-3/${path}`);
    assert.equal(failed.statusCode, 410);
    assert.match(problemOf(failed).detail, /failed, so it has no result\. The worker was lost\./);
  }
});

test('cancel, twice, and delete', async (t) => {
  const { app, jobs } = await startApp(t);
  await attribute(app, BODY);
  for (const _time of [1, 2]) {
    const response = await app.inject({
      method: 'POST',
      url: '/jobs/job-1/cancel',
      headers: { 'content-type': 'application/json' },
    });
    assert.equal(response.statusCode, 202, response.body);
    assert.equal(response.json().status, 'canceled');
  }
  const removed = await app.inject({ method: 'DELETE', url: '/jobs/job-1' });
  assert.equal(removed.statusCode, 204);
  assert.equal(removed.body, '');
  assert.equal(jobs.entries.size, 0);
});

for (const [route, field, entries] of [
  ['/models', 'models', CATALOGUE.models],
  ['/methods', 'methods', CATALOGUE.methods],
  ['/step-functions', 'step_functions', CATALOGUE.step_functions],
  ['/aggregators', 'aggregators', CATALOGUE.aggregators],
] as const) {
  test(`GET ${route}: all, one, and the nearest name of an unknown one`, async (t) => {
    const { app } = await startApp(t);
    const expected =
      route === '/models'
        ? CATALOGUE.models.map((model) => ({ ...model, loaded: model.id === 'facts-gpt2' }))
        : entries;
    assert.deepEqual((await app.inject(route)).json(), { [field]: expected });
    assert.deepEqual((await app.inject(`${route}/${entries[0].id}`)).json(), expected[0]);
    const unknown = await app.inject(`${route}/${entries[0].id}x`);
    assert.equal(unknown.statusCode, 404);
    assert.match(problemOf(unknown).detail, new RegExp(`Did you mean "${entries[0].id}"`));
  });
}

test('no worker has ever registered: 503 with the remedy', async (t) => {
  const { app, jobs } = await startApp(t);
  jobs.catalogue = async () => null;
  for (const response of [
    await attribute(app, BODY),
    await app.inject('/models'),
    await app.inject('/methods/saliency'),
  ]) {
    assert.equal(response.statusCode, 503);
    assert.equal(response.headers['retry-after'], '5');
    assert.match(problemOf(response).detail, /No worker has registered yet.*whence worker/);
  }
});

test('a full queue: 503 with Retry-After and the numbers', async (t) => {
  const { app, jobs } = await startApp(t);
  jobs.submit = async () => {
    throw new QueueFullError({ waiting: 1000, limit: 1000, retryAfterSeconds: 17 });
  };
  const response = await attribute(app, BODY);
  assert.equal(response.statusCode, 503);
  assert.equal(response.headers['retry-after'], '17');
  assert.match(problemOf(response).detail, /1000 jobs wait and at most 1000 may/);
});

test('a dead Redis: 503 with Retry-After on every route that needs it; health and metrics still answer', async (t) => {
  const { app, jobs } = await startApp(t);
  const dead = async () => {
    throw new StoreUnavailableError();
  };
  Object.assign(jobs, {
    get: dead,
    list: dead,
    cancel: dead,
    remove: dead,
    catalogue: dead,
    workers: dead,
    counts: dead,
    ping: dead,
    submit: dead,
  });
  const requests = [
    { method: 'GET', url: '/jobs' },
    { method: 'GET', url: '/jobs/x' },
    { method: 'GET', url: '/jobs/x/result' },
    { method: 'GET', url: '/jobs/x/events' },
    { method: 'POST', url: '/jobs/x/cancel' },
    { method: 'DELETE', url: '/jobs/x' },
    { method: 'GET', url: '/models' },
  ] as const;
  for (const response of [
    await attribute(app, BODY),
    ...(await Promise.all(requests.map((request) => app.inject(request)))),
  ]) {
    assert.equal(response.statusCode, 503);
    assert.ok(Number(response.headers['retry-after']) > 0);
    assert.equal(problemOf(response).type, 'urn:whence:problem:store-unavailable');
  }
  assert.equal((await app.inject('/health/live')).statusCode, 200);
  const ready = await app.inject('/health/ready');
  assert.equal(ready.statusCode, 503);
  assert.match(ready.json().problems[0], /Redis does not answer/);
  const metrics = await app.inject('/metrics');
  assert.equal(metrics.statusCode, 200);
  assert.match(metrics.body, /^whence_store_up 0$/m);
});

test('GET /health/ready: says what is missing', async (t) => {
  const { app, jobs } = await startApp(t);
  const ready = await app.inject('/health/ready');
  assert.equal(ready.statusCode, 200);
  assert.equal(ready.json().backend.name, 'wasm');
  jobs.workers = async () => [];
  const alone = await app.inject('/health/ready');
  assert.equal(alone.statusCode, 503);
  assert.match(alone.json().problems[0], /No worker is running/);
});

test('GET /health/ready: jobs are taken, and models loaded that are to be loaded first', async (t) => {
  const { app, jobs } = await startApp(t);
  const [worker] = await jobs.workers();
  const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
  const problemsWith = async (state: Partial<typeof worker>, waits: number) => {
    jobs.workers = async () => [{ ...worker, ...state }];
    jobs.queues = async () => [{ pool: 'default', jobs: 1, workSeconds: 1, runningSeconds: 0, oldestSeconds: waits }];
    const { statusCode, body } = await app.inject('/health/ready');
    const { problems } = JSON.parse(body);
    assert.equal(statusCode, problems.length === 0 ? 200 : 503);
    return problems.join();
  };
  const idle = { last_seen: at(20), idle_since: at(5) };
  assert.match(
    await problemsWith(idle, 31),
    /worker w1 is idle, and a job of the pool "default" waits for 31 s: restart/,
  );
  assert.equal(await problemsWith(idle, 29), '');
  assert.equal(await problemsWith({ ...idle, idle_since: at(15) }, 31), '', 'between two turns');
  assert.equal(await problemsWith({ ...idle, idle_since: null, busy: true }, 31), '');
  assert.match(
    await problemsWith({ preloading: ['large'] }, 0),
    /No worker of the pool "default" has loaded large yet/,
  );
  assert.equal(await problemsWith({ preloading: [] }, 0), '');
});

test('GET /metrics: jobs by status, workers, durations by route pattern', async (t) => {
  const { app, jobs } = await startApp(t);
  await attribute(app, BODY);
  await attribute(app, BODY);
  jobs.finish('job-2');
  await app.inject('/jobs/job-1');
  const { body } = await app.inject('/metrics');
  assert.match(body, /^whence_jobs\{status="queued"\} 1$/m);
  assert.match(body, /^whence_jobs\{status="succeeded"\} 1$/m);
  assert.match(body, /^whence_workers\{pool="default",state="idle"\} 1$/m);
  assert.match(body, /^whence_worker_devices\{pool="default",backend="wasm",device="cpu"\} 1$/m);
  assert.match(body, /^whence_store_up 1$/m);
  assert.match(body, /^whence_http_request_duration_seconds_count\{route="\/jobs\/:id\/?"\} 1$/m);
});
