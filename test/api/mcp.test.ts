/** `/mcp` is closed unless the operator opens it, and to pages of other sites always; a caller that leaves stops its job. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { problemOf, startApp } from '../support/api.ts';

const PING = { jsonrpc: '2.0', id: 1, method: 'ping' };
const HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

test('off unless it is switched on', async (t) => {
  const { app } = await startApp(t);
  assert.equal((await app.inject({ method: 'POST', url: '/mcp', payload: PING, headers: HEADERS })).statusCode, 404);
});

test('a page of another site, by its own name or by one that leads here, is refused', async (t) => {
  const { app } = await startApp(t, { mcp: true });
  const ask = (headers: Record<string, string>) =>
    app.inject({ method: 'POST', url: '/mcp', payload: PING, headers: { ...HEADERS, ...headers } });
  for (const headers of [
    { host: '127.0.0.1:3000', origin: 'https://evil.example' },
    { host: 'evil.example', origin: 'http://evil.example' },
    { host: 'evil.example' },
  ] as Record<string, string>[]) {
    const refused = await ask(headers);
    assert.equal(refused.statusCode, 403, JSON.stringify(headers));
    assert.match(problemOf(refused).type, /foreign/);
  }
  for (const host of ['127.0.0.1:3000', 'localhost', '[::1]:3000']) assert.equal((await ask({ host })).statusCode, 200);
  const { app: keyed } = await startApp(t, { mcp: true, apiKeys: ['a-key-0123456789'] });
  const headers = { ...HEADERS, host: 'whence.example', 'x-api-key': 'a-key-0123456789' };
  assert.equal((await keyed.inject({ method: 'POST', url: '/mcp', payload: PING, headers })).statusCode, 200);
});

test('an agent that gives up stops its job', async (t) => {
  const { app, jobs } = await startApp(t, { mcp: true });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)));
  const controller = new AbortController();
  const calling = client.callTool(
    { name: 'attribute', arguments: { model: 'facts-gpt2', prompt: 'The capital of France is' } },
    { signal: controller.signal },
  );
  while (jobs.entries.size === 0) await new Promise((done) => setTimeout(done, 5));
  controller.abort();
  await assert.rejects(calling);
  await client.close();
  for (let i = 0; i < 400 && jobs.entry('job-1').job.status === 'queued'; i++) {
    await new Promise((done) => setTimeout(done, 5));
  }
  assert.equal(jobs.entry('job-1').job.status, 'canceled');
});
