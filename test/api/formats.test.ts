/** A result in the form that a client asks for: by `?format=`, by `Accept`, compressed by `Accept-Encoding`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { attribute, type MemoryJobs, problemOf, resultOf, startApp } from '../support/api.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };

async function finished(app: FastifyInstance, jobs: MemoryJobs): Promise<string> {
  const { id } = (await attribute(app, BODY)).json();
  jobs.finish(id);
  return id;
}

for (const [accept, type] of [
  [undefined, 'application/json'],
  ['*/*', 'application/json'],
  ['', 'application/json'],
  [',,,;;;=', 'application/json'],
  ['application/json', 'application/json'],
  ['application/*', 'application/json'],
  ['text/csv', 'text/csv'],
  ['text/plain', 'text/plain'],
  ['text/*', 'text/csv'],
  ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
  ['text/csv;q=0.2, text/plain;q=0.5, application/json;q=0.1', 'text/plain'],
  ['text/csv;q=0, */*;q=0.1', 'application/json'],
  ['image/png, text/plain;q=0.3', 'text/plain'],
] as const) {
  test(`Accept: ${accept} gives ${type}, of a result and of a request that waits`, async (t) => {
    const { app, jobs } = await startApp(t);
    const id = await finished(app, jobs);
    const headers: Record<string, string> = accept === undefined ? {} : { accept };
    const result = await app.inject({ url: `/jobs/${id}/result`, headers });
    assert.equal(result.statusCode, 200);
    assert.equal(String(result.headers['content-type']).split(';')[0], type);
    assert.match(String(result.headers.vary), /accept/);

    const waiting = attribute(app, BODY, { ...headers, prefer: 'wait=10' });
    while (jobs.entries.size < 2) await new Promise((done) => setTimeout(done, 5));
    jobs.finish('job-2');
    const waited = await waiting;
    assert.equal(waited.statusCode, 200);
    assert.equal(String(waited.headers['content-type']).split(';')[0], type);
    assert.equal(waited.headers.location, '/jobs/job-2');
    if (type === 'application/json') assert.deepEqual(waited.json().result, resultOf('job-2'));
    if (type === 'text/plain') assert.equal(waited.body, result.body);
    if (type === 'text/html') assert.match(String(waited.headers['content-security-policy']), /script-src 'sha256-/);
  });
}

test('types of which none is ours: 406, before anything is computed; a format in the query wins', async (t) => {
  const { app, jobs } = await startApp(t);
  const id = await finished(app, jobs);
  for (const accept of ['image/png', 'application/json;q=0', 'text/event-stream;q=0']) {
    const refused = await app.inject({ url: `/jobs/${id}/result`, headers: { accept } });
    assert.equal(refused.statusCode, 406, accept);
    assert.match(problemOf(refused).detail, /application\/json, text\/csv, text\/plain, text\/html/);
    const posted = await attribute(app, BODY, { accept, prefer: 'wait=1' });
    assert.equal(posted.statusCode, 406);
    assert.equal(jobs.entries.size, 1);
    const chosen = await app.inject({ url: `/jobs/${id}/result?format=csv`, headers: { accept } });
    assert.equal(chosen.statusCode, 200);
    assert.match(String(chosen.headers['content-type']), /^text\/csv/);
  }
  assert.equal(
    (await attribute(app, BODY, { accept: 'text/csv' })).statusCode,
    202,
    'without wait the answer is a job',
  );
});

test('what did not succeed, or not in time, is told as JSON', async (t) => {
  const { app, jobs } = await startApp(t);
  const late = await attribute(app, BODY, { accept: 'text/csv', prefer: 'wait=0' });
  assert.equal(late.statusCode, 202);
  assert.equal(late.json().id, 'job-1');
  const waiting = attribute(app, BODY, { accept: 'text/csv', prefer: 'wait=10' });
  while (jobs.entries.size < 2) await new Promise((done) => setTimeout(done, 5));
  jobs.finish('job-2', 'failed');
  const failed = (await waiting).json();
  assert.equal(failed.error.code, 'worker_lost');
  assert.equal(failed.result, null);
});

test('text in blocks of a width; a width that is none is refused', async (t) => {
  const { app, jobs } = await startApp(t);
  const id = await finished(app, jobs);
  const text = await app.inject(`/jobs/${id}/result?format=text&width=40`);
  assert.ok(text.body.split('\n').every((line) => line.length <= 40));
  assert.equal((await app.inject(`/jobs/${id}/result?format=text&width=3`)).statusCode, 400);
});

const DECODERS = { gzip: gunzipSync, br: brotliDecompressSync, deflate: inflateSync };

test('results are compressed as asked, and small answers are not', async (t) => {
  const { app, jobs } = await startApp(t);
  const id = await finished(app, jobs);
  const entry = jobs.entry(id);
  const [sequence] = resultOf(id).sequences;
  entry.result = { ...resultOf(id), sequences: Array.from({ length: 50 }, () => sequence) };
  for (const path of ['result', 'result?format=inseq', 'result?format=csv', 'result?format=text', 'heatmap']) {
    const url = `/jobs/${id}/${path}`;
    const plain = await app.inject(url);
    assert.equal(plain.headers['content-encoding'], undefined, path);
    for (const [accepted, encoding] of [
      ['gzip', 'gzip'],
      ['br', 'br'],
      ['deflate', 'deflate'],
      ['gzip;q=0, br', 'br'],
      ['identity', undefined],
      ['gzip;q=0', undefined],
      ['', undefined],
    ] as const) {
      const small = plain.rawPayload.length < 1_024;
      const answer = await app.inject({ url, headers: { 'accept-encoding': accepted } });
      const used = answer.headers['content-encoding'];
      if (!small || path !== 'result?format=inseq')
        assert.equal(used, small ? undefined : encoding, `${path} ${accepted}`);
      const decode = DECODERS[String(used) as keyof typeof DECODERS] ?? ((bytes: Buffer) => bytes);
      assert.equal(decode(answer.rawPayload).toString(), plain.body, `${path} ${accepted}`);
      if (used !== undefined) assert.match(String(answer.headers.vary), /accept-encoding/, path);
    }
  }
  const job = await app.inject({ url: `/jobs/${id}`, headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal(job.headers['content-encoding'], undefined, 'a small answer');
});

test('event streams are not compressed, and compressed bodies are not unpacked', async (t) => {
  const { app, jobs } = await startApp(t);
  const id = await finished(app, jobs);
  const stream = await app.inject({ url: `/jobs/${id}/events`, headers: { 'accept-encoding': 'gzip, br' } });
  assert.equal(stream.headers['content-encoding'], undefined);
  assert.match(stream.body, /event: done/);
  const bomb = await attribute(app, BODY, { 'content-encoding': 'gzip' });
  assert.notEqual(bomb.statusCode, 500);
});
