/** What is refused of a batch as a whole, and that nothing of it stays; everything else is a line's own error. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { Redis } from 'ioredis';
import { buildApp } from '../../src/api/server.ts';
import { LIMITS } from '../../src/contract/limits.ts';
import { problemOf, SETTINGS, WORDS } from '../support/api.ts';
import { lineOf, startBatchBench } from '../support/batches.ts';
import { eventually } from '../support/jobs.ts';

test('streams that are no lines are refused whole, with the number of the line', async (t) => {
  const bench = await startBatchBench(t);
  const redis = new Redis(bench.redis.url);
  t.after(() => redis.disconnect());
  const refused: [lines: unknown[], status: number, detail: RegExp][] = [
    [['{"custom_id": "a", "body": {}}', '{"custom_id":'], 400, /^Line 2 is not JSON: /],
    [[lineOf('a'), '', [1]], 400, /^Line 3 is not a JSON object, got \[1\]: send \{"custom_id"/],
    [[], 400, /^The body has no lines/],
    [['', ' '], 400, /^The body has no lines/],
    [[{ defaults: {} }], 400, /^The body has no lines/],
    [[lineOf('a'), lineOf('b'), lineOf('a')], 422, /^#\/custom_id: the custom_id "a" is that of line 1 and of line 3/],
    [[lineOf('x'.repeat(99)), lineOf('x'.repeat(99))], 422, /is that of line 1 and of line 2/],
    [[{ defaults: { methd: 'saliency' } }, lineOf('a')], 422, /^#\/defaults\/methd: .*Did you mean "method"\?/],
    [[{ defaults: [] }, lineOf('a')], 422, /^#\/defaults: must be an object of fields that all lines share, got \[\]/],
    [[{ defaults: {}, model: 'tiny' }, lineOf('a')], 422, /^#\/model: stands beside `defaults`/],
    [
      [lineOf('a'), `{"custom_id": "b", "x": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`],
      413,
      /^Line 2 holds more than/,
    ],
  ];
  for (const [lines, status, detail] of refused) {
    const response = await bench.post(lines);
    const problem = problemOf(response);
    assert.equal(response.statusCode, status, problem.detail);
    assert.match(problem.detail, detail);
  }
  assert.deepEqual(await redis.keys('whence:batch*'), [], 'nothing stays of what was refused');
  assert.deepEqual((await bench.app.inject('/batches')).json(), { batches: [], next_cursor: null });
});

test('other media types and compressed bodies', async (t) => {
  const bench = await startBatchBench(t);
  for (const headers of [{ 'content-type': 'application/json' }, { 'content-type': 'text/plain' }]) {
    const problem = problemOf(await bench.post([lineOf('a')], headers));
    assert.equal(problem.status, 415);
    assert.match(problem.detail, /`Content-Type: application\/x-ndjson`/);
  }
  const empty = await bench.app.inject({ method: 'POST', url: '/batches' });
  assert.equal(problemOf(empty).status, 415);
  const packed = problemOf(await bench.post([lineOf('a')], { 'content-encoding': 'gzip' }));
  assert.match(packed.detail, /only uncompressed bodies/);
});

test('limits of lines and bytes', async (t) => {
  const bench = await startBatchBench(t);
  const many = Array.from({ length: LIMITS.batchLines + 1 }, (_, i) => `{"custom_id":"${i}","body":{}}`);
  const tooMany = problemOf(await bench.post(many));
  assert.deepEqual([tooMany.status, tooMany.detail.slice(0, 40)], [413, 'The body has more than 100000 lines: spl']);
  const long = problemOf(
    await bench.post([lineOf('a'), lineOf('b', {}, { input_texts: 'x'.repeat(LIMITS.bodyBytes) })]),
  );
  assert.deepEqual(
    [long.status, long.detail],
    [413, 'In the body line 2 is larger than 4194304 bytes: split its request.'],
  );
});

test('the same idempotency key gives the same batch, and refuses other lines', async (t) => {
  const bench = await startBatchBench(t);
  const key = { 'idempotency-key': 'night run' };
  const lines = [{ defaults: { seed: 7 } }, lineOf('a'), lineOf('b')];
  const [first, again] = [await bench.accepted(lines, key), await bench.accepted(lines, key)];
  assert.equal(again.id, first.id);
  const other = problemOf(await bench.post([lineOf('a')], key));
  assert.deepEqual([other.status, other.type], [422, 'urn:whence:problem:idempotency-conflict']);
  const defaults = problemOf(await bench.post([{ defaults: { seed: 8 } }, ...lines.slice(1)], key));
  assert.equal(defaults.status, 422);
  const { batches } = (await bench.app.inject('/batches')).json();
  assert.equal(batches.length, 1);
  await bench.app.inject({ method: 'DELETE', url: `/batches/${first.id}` });
  assert.notEqual((await bench.accepted(lines, key)).id, first.id);
});

test('two clients that send the same key at once have one batch', async (t) => {
  const bench = await startBatchBench(t);
  const key = { 'idempotency-key': 'twice' };
  const lines = Array.from({ length: 500 }, (_, i) => lineOf(String(i)));
  const both = await Promise.all([bench.accepted(lines, key), bench.accepted(lines, key)]);
  assert.equal(both[0].id, both[1].id);
});

test('no more batches than may be unfinished', async (t) => {
  const bench = await startBatchBench(t);
  for (let i = 0; i < LIMITS.unfinishedBatches; i++) await bench.accepted([lineOf('a')]);
  const response = await bench.post([lineOf('a')]);
  assert.equal(problemOf(response).detail, '64 batches are unfinished and at most 64 may be. Try again in 60 s.');
  assert.equal(response.headers['retry-after'], '60');
});

test('a client that leaves amid its lines leaves nothing behind', async (t) => {
  const bench = await startBatchBench(t);
  const redis = new Redis(bench.redis.url);
  t.after(() => redis.disconnect());
  await bench.app.listen({ host: '127.0.0.1', port: 0 });
  const address = bench.app.server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const lines = Array.from({ length: 450 }, (_, i) => `${JSON.stringify(lineOf(String(i)))}\n`).join('');
  socket.write(
    `POST /batches HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-ndjson\r\nContent-Length: 1000000\r\n\r\n${lines}`,
  );
  await eventually(async () => (await redis.keys('whence:batch:lines:*')).length === 2);
  socket.destroy();
  await eventually(async () => (await redis.keys('whence:batch*')).length === 0);
});

test('batches need the key that the service asks for', async (t) => {
  const bench = await startBatchBench(t);
  const settings = { ...SETTINGS, apiKeys: ['k'.repeat(16)] };
  const app = await buildApp({ settings, jobs: bench.jobs, batches: bench.batches, tokens: WORDS });
  t.after(() => app.close());
  const request = { method: 'POST', url: '/batches', payload: JSON.stringify(lineOf('a')) } as const;
  const type = { 'content-type': 'application/x-ndjson' };
  assert.equal((await app.inject({ ...request, headers: type })).statusCode, 401);
  const accepted = await app.inject({ ...request, headers: { ...type, authorization: `Bearer ${'k'.repeat(16)}` } });
  assert.equal(accepted.statusCode, 202);
  assert.equal((await app.inject(`/batches/${accepted.json().id}/results`)).statusCode, 401);
});
