/** What ordinary clients see of refusals over a real connection: an answer, never a broken pipe. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { LIMITS } from '../../src/contract/limits.ts';
import { temporaryDir } from '../checkpoints/write-safetensors.ts';
import { startApp } from '../support/api.ts';
import { attributeRequest } from '../support/memory-jobs.ts';

const run = promisify(execFile);
const BODY = JSON.stringify({ model: 'facts-gpt2', input_texts: 'The capital of France is' });
const JSON_TYPE = { 'content-type': 'application/json' };
const HUGE = JSON.stringify({ model: 'facts-gpt2', input_texts: 'x'.repeat(5 * LIMITS.bodyBytes) });

async function listen(t: TestContext): Promise<{ url: string; port: number }> {
  const { app } = await startApp(t);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  return { url, port: Number(new URL(url).port) };
}

/** Writes raw bytes and reads until the connection ends. */
async function raw(port: number, text: string | Buffer): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  const parts: Buffer[] = [];
  socket.on('data', (part) => parts.push(part)).on('error', () => {});
  socket.write(text);
  await once(socket, 'close');
  return Buffer.concat(parts).toString();
}

/** Status line and problem of a raw answer. */
function parsed(answer: string): { status: number; type: string; problem: { status: number; detail: string } } {
  const [head, body] = answer.split('\r\n\r\n');
  const type = /^content-type: (.*)$/im.exec(head)?.[1] ?? '';
  return { status: Number(head.split(' ')[1]), type, problem: JSON.parse(body) };
}

test("413: Node's fetch reads the answer, and the connection serves on", async (t) => {
  const { url } = await listen(t);
  for (let round = 0; round < 3; round++) {
    const refused = await fetch(`${url}/attribute`, { method: 'POST', body: HUGE, headers: JSON_TYPE });
    assert.equal(refused.status, 413);
    assert.match(await refused.text(), /larger than 4194304 bytes: split the request/);
    const accepted = await fetch(`${url}/attribute`, { method: 'POST', body: BODY, headers: JSON_TYPE });
    assert.equal(accepted.status, 202, await accepted.text());
  }
});

const hasProgram = (name: string): boolean => spawnSync(name, ['--version']).status === 0;

for (const [what, size] of [
  ['with its length', 'Content-Length'],
  ['in chunks', 'chunked'],
] as const) {
  test(`413: curl reads the answer to a body ${what}`, {
    skip: !hasProgram('curl') && 'there is no curl',
  }, async (t) => {
    const { url } = await listen(t);
    const file = path.join(temporaryDir(t), 'body.json');
    fs.writeFileSync(file, HUGE);
    const headers = size === 'chunked' ? ['-H', 'Transfer-Encoding: chunked'] : [];
    const args = ['-sS', '-w', '\n%{http_code}', '-H', 'Content-Type: application/json', ...headers];
    const { stdout } = await run('curl', [...args, '--data-binary', `@${file}`, `${url}/attribute`]);
    const [problem, status] = stdout.split('\n');
    assert.equal(status, '413', stdout);
    assert.match(JSON.parse(problem).detail, /larger than/);
  });
}

test("413: Python's urllib reads the answer", { skip: !hasProgram('python3') && 'there is no python3' }, async (t) => {
  const { url } = await listen(t);
  const program = `
import urllib.request, urllib.error, sys
request = urllib.request.Request(sys.argv[1], b'"' + b'x' * ${HUGE.length} + b'"', {'Content-Type': 'application/json'})
try:
    urllib.request.urlopen(request)
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
`;
  const { stdout } = await run('python3', ['-c', program, `${url}/attribute`]);
  assert.match(stdout, /^413 .*larger than 4194304 bytes/);
});

test('413: a body without end is answered within bounds, and then cut off', { timeout: 60_000 }, async (t) => {
  const { port } = await listen(t);
  const socket = net.connect(port, '127.0.0.1');
  socket.on('error', () => {});
  let answer = '';
  socket.on('data', (part) => {
    answer += part;
  });
  socket.write(
    'POST /attribute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const chunk = Buffer.concat([Buffer.from('100000\r\n'), Buffer.alloc(0x100000, 'x'), Buffer.from('\r\n')]);
  let written = 0;
  while (answer === '' && !socket.destroyed && written < 300) {
    written++;
    await new Promise((resolve) => socket.write(chunk, resolve));
  }
  assert.match(answer, /^HTTP\/1\.1 413 /);
  assert.ok(written < 150, `${written} MB were taken`);
  socket.destroy();
});

for (const [what, body, headers, status, detail] of [
  ['bytes that are not UTF-8', Buffer.from('{"model":"caf\xe9"}', 'latin1'), JSON_TYPE, 400, /not UTF-8/],
  ['UTF-16', Buffer.from(`\ufeff${BODY}`, 'utf16le'), JSON_TYPE, 400, /not UTF-8/],
  ['an empty body', '', JSON_TYPE, 422, /#: must be an object, but the body is empty: send JSON such as/],
  ['a body of white space', ' \n', JSON_TYPE, 422, /the body is empty/],
  ['gzip', gzipSync(BODY), { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415, /Content-Encoding: gzip.*uncompressed/],
  ['a gzip bomb', gzipSync(HUGE), { ...JSON_TYPE, 'content-encoding': 'gzip' }, 415, /uncompressed/],
  ['br', BODY, { ...JSON_TYPE, 'content-encoding': 'br' }, 415, /without this header/],
  ['no encoding by name', BODY, { ...JSON_TYPE, 'content-encoding': 'identity' }, 202, null],
  ['UTF-8 with a mark', Buffer.from(`\ufeff${BODY}`), JSON_TYPE, 202, null],
] as const) {
  test(`${status}: ${what}`, async (t) => {
    const { url } = await listen(t);
    const response = await fetch(`${url}/attribute`, { method: 'POST', body, headers });
    const text = await response.text();
    assert.equal(response.status, status, text);
    if (detail !== null) assert.match(JSON.parse(text).detail, detail);
  });
}

test('a body cut between the bytes of a character is read whole', async (t) => {
  const { app, jobs } = await startApp(t);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const text = JSON.stringify({ model: 'facts-gpt2', input_texts: 'é漢😀 "quoted\\" [{' });
  const bytes = Buffer.from(text);
  const stream = new ReadableStream({
    async start(controller) {
      for (const byte of bytes) {
        controller.enqueue(Uint8Array.of(byte));
        await new Promise(setImmediate);
      }
      controller.close();
    },
  });
  const streamed = { method: 'POST', body: stream, headers: JSON_TYPE, duplex: 'half' };
  const response = await fetch(`${url}/attribute`, streamed);
  assert.equal(response.status, 202, await response.text());
  assert.deepEqual(attributeRequest(jobs, 'job-1').input_texts, ['é漢😀 "quoted\\" [{']);
});

test('422: no body and no content type', async (t) => {
  const { url } = await listen(t);
  const response = await fetch(`${url}/attribute`, { method: 'POST' });
  assert.equal(response.status, 422);
  assert.match(await response.text(), /the body is empty/);
});

for (const [what, request, status, detail] of [
  ['what is no HTTP', 'hello\r\n\r\n', 400, /is not HTTP\/1\.1/],
  ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n', 400, /HTTP/],
  [
    'headers of 1 MB',
    `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(1_000_000)}\r\n\r\n`,
    431,
    /larger than 16384 bytes/,
  ],
  [
    'an expectation',
    'POST /attribute HTTP/1.1\r\nHost: x\r\nExpect: tea\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
    417,
    /`Expect: tea` cannot be met/,
  ],
  ['no host', 'GET /models HTTP/1.1\r\nConnection: close\r\n\r\n', 400, /`Host` header is missing/],
] as const) {
  test(`${status}: ${what} is answered with a problem`, async (t) => {
    const { port } = await listen(t);
    const answer = parsed(await raw(port, request));
    assert.equal(answer.status, status);
    assert.match(String(answer.type), /^application\/problem\+json(;|$)/);
    assert.equal(answer.problem.status, status);
    assert.match(answer.problem.detail, detail);
  });
}

test('a broken chunk in the middle of a body is answered with a problem', async (t) => {
  const { port } = await listen(t);
  const answer = await raw(
    port,
    'POST /attribute HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{"\r\nzz\r\n',
  );
  assert.equal(parsed(answer).status, 400);
});

test('a path that is too long is told from one that cannot be decoded', async (t) => {
  const { app } = await startApp(t);
  for (const [id, detail] of [
    ['x'.repeat(600), /is too long: an id has at most 512 characters/],
    ['%E0%A4%A', /cannot be decoded/],
  ] as const) {
    const response = await app.inject(`/jobs/${id}`);
    assert.equal(response.statusCode, 400);
    assert.match(response.json().detail, detail);
  }
});
