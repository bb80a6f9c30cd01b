/** Where a delivery goes: to the address that was checked, whatever names resolve to, and never for long. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { LookupFunction } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type PostOptions, post, WebhookRefusedError } from '../../src/webhooks/post.ts';

const options: PostOptions = { allowPrivate: false, timeoutMs: 1_000 };

/** Counts requests on loopback; `answer` is a request listener. */
async function listen(t: TestContext, answer: RequestListener): Promise<{ port: number; hits: () => number }> {
  let hits = 0;
  const server = createServer(answer).listen(0, '127.0.0.1');
  server.on('connection', () => hits++);
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { port: address.port, hits: () => hits };
}

/** A resolver that answers with these addresses, one list for each question, and how often it was asked. */
function resolver(...answers: string[][]): { resolve: LookupFunction; asked: () => number } {
  let asked = 0;
  const resolve: LookupFunction = (_hostname, { all }, callback) => {
    const found = answers[Math.min(asked++, answers.length - 1)].map((address) => ({
      address,
      family: address.includes(':') ? 6 : 4,
    }));
    if (all) callback(null, found);
    else callback(null, found[0].address, found[0].family);
  };
  return { resolve, asked: () => asked };
}

test('a name that leads to any address that is not public is refused before a byte is sent', async (t) => {
  const inside = await listen(t, (_request, response) => response.end());
  for (const addresses of [
    ['127.0.0.1'],
    ['::1'],
    ['::ffff:127.0.0.1'],
    ['::127.0.0.1'],
    ['fec0::1'],
    ['64:ff9b::7f00:1'],
    ['2002:7f00:1::'],
    ['169.254.169.254'],
    ['1.1.1.1', '127.0.0.1'],
    ['2606:4700::1111', 'fe80::1'],
  ]) {
    const { resolve } = resolver(addresses);
    const posted = post(`http://hook.example.org:${inside.port}/`, {}, '{}', { ...options, resolve });
    await assert.rejects(posted, WebhookRefusedError, addresses.join());
  }
  assert.equal(inside.hits(), 0);
});

test('a name is resolved once, and what was checked is what is connected to (DNS rebinding)', async (t) => {
  const inside = await listen(t, (_request, response) => response.end());
  // public when it is checked, and loopback for whoever asks again; 192.0.2.0/24 and the like would be refused
  const rebinding = resolver(['9.9.9.9'], ['127.0.0.1']);
  const posted = post(`http://rebind.example.org:${inside.port}/`, {}, '{}', {
    ...options,
    timeoutMs: 300,
    resolve: rebinding.resolve,
  });
  await assert.rejects(posted);
  assert.equal(rebinding.asked(), 1);
  assert.equal(inside.hits(), 0);
  const allowed = resolver(['127.0.0.1'], ['9.9.9.9']);
  await post(`http://inside.example.org:${inside.port}/`, {}, '{}', {
    ...options,
    allowPrivate: true,
    resolve: allowed.resolve,
  });
  assert.deepEqual([allowed.asked(), inside.hits()], [1, 1]);
});

test('receivers that trickle, answer without end, or with huge headers hold nothing up', async (t) => {
  const anywhere = { ...options, allowPrivate: true, timeoutMs: 500 };
  const endless = await listen(t, (_request, response) => {
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'.repeat(65_536)), 1);
    response.on('close', () => clearInterval(timer));
  });
  const start = performance.now();
  await post(`http://127.0.0.1:${endless.port}/`, {}, '{}', anywhere);
  assert.ok(performance.now() - start < 400, 'the status is enough');

  const trickling = await listen(t, (request) => {
    request.socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
    const timer = setInterval(() => request.socket.write('a'), 50);
    request.socket.on('error', () => {}).on('close', () => clearInterval(timer));
  });
  await assert.rejects(post(`http://127.0.0.1:${trickling.port}/`, {}, '{}', anywhere), /timeout|abort/i);

  const large = await listen(t, (request) => {
    request.socket.on('error', () => {});
    request.socket.write(`HTTP/1.1 200 OK\r\nX-Large: ${'a'.repeat(100_000)}\r\n\r\n`);
  });
  await assert.rejects(post(`http://127.0.0.1:${large.port}/`, {}, '{}', anywhere), /header/i);
});
