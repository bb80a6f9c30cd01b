/** Server-sent events over a real socket: framing, replay, disconnect. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { attribute, startApp } from '../support/api.ts';

const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is' };
const progress = (completed: number) => ({
  id: `${completed}-0`,
  event: 'progress' as const,
  data: { phase: 'attributing' as const, completed, total: 3, fraction: completed / 3 },
});

async function listening(t: TestContext) {
  const { app, jobs } = await startApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  await attribute(app, BODY);
  const open = async (headers: Record<string, string> = {}): Promise<IncomingMessage> => {
    const request = get({ host: '127.0.0.1', port, path: '/jobs/job-1/events', headers });
    const [response] = await once(request, 'response', { signal: AbortSignal.timeout(5_000) });
    return response;
  };
  return { jobs, open };
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return text;
}

test('events come as they happen, framed, and the stream ends after done', async (t) => {
  const { jobs, open } = await listening(t);
  jobs.emit('job-1', progress(1));
  const response = await open(); // headers come before the job ends
  assert.equal(response.statusCode, 200);
  assert.match(String(response.headers['content-type']), /^text\/event-stream/);
  assert.equal(response.headers['cache-control'], 'no-cache');
  assert.ok(response.headers['x-request-id']);
  setTimeout(() => {
    jobs.emit('job-1', progress(2));
    jobs.finish('job-1');
  }, 50);
  const text = await textOf(response);
  const { job } = jobs.entry('job-1');
  const share = /"share":"([^"]+)"/.exec(text)?.[1];
  assert.match(String(share), /^\/s\//);
  assert.equal(
    text,
    'retry: 2000\n\n' +
      'id: 1-0\nevent: progress\ndata: {"phase":"attributing","completed":1,"total":3,"fraction":0.3333333333333333}\n\n' +
      'id: 2-0\nevent: progress\ndata: {"phase":"attributing","completed":2,"total":3,"fraction":0.6666666666666666}\n\n' +
      `id: 3-0\nevent: done\ndata: ${JSON.stringify({ ...job, links: { ...job.links, share } })}\n\n`,
  );
});

test('Last-Event-ID replays only what came after', async (t) => {
  const { jobs, open } = await listening(t);
  jobs.emit('job-1', progress(1));
  jobs.emit('job-1', progress(2));
  jobs.finish('job-1');
  const text = await textOf(await open({ 'last-event-id': '1-0' }));
  assert.deepEqual(
    [...text.matchAll(/^id: (.*)$/gm)].map(([, id]) => id),
    ['2-0', '3-0'],
  );
});

test('a Last-Event-ID that is none is refused', async (t) => {
  const { open } = await listening(t);
  const response = await open({ 'last-event-id': 'a b' });
  assert.equal(response.statusCode, 400);
  assert.match(await textOf(response), /last-event-id/);
});

test('a client that leaves ends the stream in the job store', async (t) => {
  const { jobs, open } = await listening(t);
  const response = await open();
  await once(response, 'data');
  while (jobs.streams.length === 0) await sleep(5);
  assert.equal(jobs.streams[0].aborted, false);
  response.destroy();
  await once(jobs.streams[0], 'abort', { signal: AbortSignal.timeout(5_000) });
});

test('a store that breaks closes the stream, so that the client comes back', async (t) => {
  const { jobs, open } = await listening(t);
  jobs.events = async function* () {
    yield progress(1);
    throw new Error('Redis is gone');
  };
  const text = await textOf(await open());
  assert.match(text, /^id: 1-0$/m);
  assert.ok(!text.includes('Redis is gone'));
});
