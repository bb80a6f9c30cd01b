/** What the log says of requests, and what requests are called. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { buildApp } from '../../src/api/server.ts';
import { attribute, CATALOGUE, MemoryJobs, NO_BATCHES, SETTINGS, WORDS } from '../support/api.ts';

const KEY = 'a-key-0123456789';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const UUID = /^[0-9a-f-]{36}$/;

async function logged(t: TestContext) {
  const lines: Record<string, unknown>[] = [];
  const log = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const settings = { ...SETTINGS, apiKeys: [KEY], logLevel: 'debug' };
  const app = await buildApp({ settings, jobs: new MemoryJobs(CATALOGUE), batches: NO_BATCHES, tokens: WORDS, log });
  t.after(() => app.close());
  return { app, lines };
}

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is', method: 'occlusion' };

test('each request has one line: what, whose, and which job came of it', async (t) => {
  const { app, lines } = await logged(t);
  const headers = {
    authorization: `Bearer ${KEY}`,
    'x-request-id': 'order/17',
    traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
  };
  const { id } = (await attribute(app, BODY, headers)).json();
  await app.inject({ url: `/jobs/${id}?x=${KEY}`, headers });
  assert.equal(lines.length, 2);
  const [{ reqId, method, attribution, path, status, key, job, model, trace, ms }, second] = lines;
  assert.deepEqual(
    { reqId, method, attribution, path, status, job, model, trace },
    {
      reqId: 'order/17',
      method: 'POST',
      attribution: 'occlusion',
      path: '/attribute',
      status: 202,
      job: id,
      model: 'facts-gpt2',
      trace: TRACE,
    },
  );
  assert.match(String(key), /^key-[0-9a-f]{12}$/);
  assert.equal(typeof ms, 'number');
  assert.deepEqual([second.path, second.status, second.job], [`/jobs/${id}`, 200, id], 'without the query');
});

test('probes and scrapers are not logged, refused requests are', async (t) => {
  const { app, lines } = await logged(t);
  await app.inject('/health/live');
  await app.inject('/jobs');
  assert.deepEqual(
    lines.map(({ path, status, key }) => [path, status, key]),
    [['/jobs', 401, undefined]],
  );
});

test('X-Request-Id is taken over where it can be used, and given back with the answer', async (t) => {
  const { app } = await logged(t);
  const idFor = async (given: string) =>
    String((await app.inject({ url: '/health/live', headers: { 'x-request-id': given } })).headers['x-request-id']);
  for (const id of ['a', '0192f0c4-1b2c-7000', 'order/17:b.c_d+e=f@g', 'x'.repeat(128)])
    assert.equal(await idFor(id), id);
  for (const id of ['', 'two words', 'x'.repeat(129), '{"a":1}', 'ü']) assert.match(await idFor(id), UUID);
});
