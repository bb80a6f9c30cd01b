/** The TypeScript client: its types are those of the API, and it bears what a busy service and a network do. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createWhence, WhenceError } from '../../clients/typescript/src/index.ts';
import { clientTypes, clientTypesHead, TYPES } from '../../scripts/client-types.ts';

const JOB = { id: 'j1', status: 'queued', error: null };
const RESULT = { job_id: 'j1', sequences: [], info: {} };

/** A service that answers as the test says. @returns its address and what it was asked */
async function serve(
  t: TestContext,
  answers: RequestListener[],
): Promise<{ url: string; asked: string[]; keys: Set<unknown> }> {
  const asked: string[] = [];
  const keys = new Set<unknown>();
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    if (request.method === 'POST') keys.add(request.headers['idempotency-key']);
    answers[asked.length - 1](request, response);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  t.after(() => server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked, keys };
}

const json =
  (status: number, body: object, headers: Record<string, string> = {}): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const events =
  (text: string): RequestListener =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);
const done = (job: object): string => `id: 9-0\nevent: done\ndata: ${JSON.stringify(job)}\n\n`;
const problem = (
  status: number,
  kind: string,
  more: object = {},
  headers: Record<string, string> = {},
): RequestListener =>
  json(status, { type: `urn:whence:problem:${kind}`, title: 'No', status, detail: 'Because.', ...more }, headers);

test('the types are those of openapi/openapi.json (else: npm run openapi)', (t) => {
  const text = readFileSync(TYPES, 'utf8');
  assert.ok(text.startsWith(clientTypesHead()), text.slice(0, 200));
  const made = clientTypes();
  if (made === null) t.diagnostic('the generator is not installed, so that only the hash of the document was compared');
  else assert.equal(text, made);
});

test('a busy service is asked again with the same key, and a stream goes on where it broke', async (t) => {
  const after: unknown[] = [];
  const { url, asked, keys } = await serve(t, [
    problem(503, 'queue-full', {}, { 'retry-after': '0' }),
    (request) => request.socket.destroy(),
    json(202, JOB),
    events(': open\n\nid: 1-0\nevent: progress\ndata: {"fraction":0.5}\n\nid: 2-0\nevent: st'),
    (request, response) => {
      after.push(request.headers['last-event-id']);
      events(done({ ...JOB, status: 'succeeded' }))(request, response);
    },
    json(200, RESULT),
  ]);
  assert.deepEqual(await createWhence(url).attribute({ model: 'm', input_texts: 'text' }), RESULT);
  assert.equal(keys.size, 1);
  assert.deepEqual(after, ['1-0']);
  assert.equal(asked.at(-1), 'GET /jobs/j1/result?format=json');
});

test('sources of an answer are asked of /attribute-context', async (t) => {
  const result = { job_id: 'j1', kind: 'attribute-context', context: null, sources: null, info: {} };
  const { url, asked } = await serve(t, [
    json(202, JOB),
    events(done({ ...JOB, status: 'succeeded' })),
    json(200, result),
  ]);
  const request = { model: 'm', documents: [{ text: 'It rained.' }], query: 'Did it?' };
  assert.deepEqual(await createWhence(url).attributeContext(request), result);
  assert.deepEqual(asked, ['POST /attribute-context', 'GET /jobs/j1/events', 'GET /jobs/j1/result?format=json']);
});

test('errors name field and remedy', async (t) => {
  const errors = [{ pointer: '#/method', detail: 'there is no method "x"' }];
  const failed = {
    ...JOB,
    status: 'failed',
    error: { code: 'too_long', message: 'shorten it', pointer: '#/input_texts' },
  };
  const { url } = await serve(t, [
    problem(422, 'validation', { errors }),
    json(202, JOB),
    events(done(failed)),
    json(202, JOB),
    events(done({ ...JOB, status: 'canceled' })),
    (_request, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'),
  ]);
  const whence = createWhence(url);
  for (const expected of [
    { status: 422, kind: 'validation', field: '#/method', remedy: 'there is no method "x"' },
    { status: null, kind: 'too_long', field: '#/input_texts', remedy: 'shorten it' },
    { status: null, kind: 'canceled', field: null },
    { status: 502, kind: 'unknown' },
  ]) {
    await assert.rejects(whence.attribute({ model: 'm', input_texts: 'text' }), (error) => {
      assert.ok(error instanceof WhenceError);
      assert.deepEqual({ ...error, ...expected }, { ...error });
      return true;
    });
  }
});

test('an aborted signal cancels the job, and so does leaving a stream', async (t) => {
  const open: RequestListener = (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('id: 1-0\nevent: progress\ndata: {}\n\n');
  const { url, asked } = await serve(t, [json(202, JOB), open, json(202, JOB), json(202, JOB), open, json(202, JOB)]);
  const whence = createWhence(url);
  const request = { model: 'm', input_texts: 'text' };
  for await (const _ of whence.stream(request)) break;
  assert.equal(asked.at(-1), 'POST /jobs/j1/cancel');
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  await assert.rejects(whence.attribute(request, { signal: controller.signal }), { name: 'AbortError' });
  assert.equal(asked.length, 6);
  assert.equal(asked.at(-1), 'POST /jobs/j1/cancel');
});
