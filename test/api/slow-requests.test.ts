/** Sockets are not held for bodies that arrive slowly; the time is shortened by a clock of the test's own. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { REQUEST_MS } from '../../src/api/http/slow-requests.ts';
import { startApp } from '../support/api.ts';

/** Sends the beginning of a body and gives the answer. */
async function answerTo(port: number, path: string, type: string, clock: () => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nContent-Length: 100\r\n\r\n{"model"`);
  const answer = text(socket);
  await new Promise((resolve) => setImmediate(resolve));
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve)); // the server has seen it
  clock();
  return answer;
}

test('a body that stops is answered with 408 after the time for a request', async (t) => {
  const { app } = await startApp(t);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const answer = await answerTo(port, '/attribute', 'application/json', () => t.mock.timers.tick(REQUEST_MS));
  assert.match(answer, /^HTTP\/1\.1 408 Request Timeout\r\n/);
  assert.match(answer, /urn:whence:problem:request-timeout/);
});
