import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Job } from '../../src/contract/job.ts';
import { postWebhook } from '../../src/webhooks/deliver.ts';
import { WebhookRefusedError } from '../../src/webhooks/post.ts';
import { startBench } from '../support/jobs.ts';

interface Delivery {
  headers: IncomingMessage['headers'];
  method: string | undefined;
  body: string;
}

/** A receiver that answers with the given statuses, one after the other, the last again and again. */
async function startReceiver(t: TestContext, ...statuses: number[]) {
  const deliveries: Delivery[] = [];
  const arrivals: (() => void)[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    deliveries.push({ headers: request.headers, method: request.method, body });
    const status = statuses.length > 1 ? statuses.shift() : statuses[0];
    if (status !== 0) response.writeHead(status ?? 200, { location: '/elsewhere' }).end('ignored');
    for (const arrival of arrivals) arrival();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  const received = async (count: number) => {
    while (deliveries.length < count) await new Promise<void>((resolve) => arrivals.push(resolve));
    return deliveries;
  };
  return { url: `http://127.0.0.1:${address.port}/hook?a=b`, port: address.port, received, deliveries };
}

const SECRET = 'correct horse battery';
const options = { allowPrivate: true, timeoutMs: 1_000, publicUrl: null };
const job = { id: 'k3v9', status: 'succeeded' } as Job;

test('an ended job is posted with a signature that the secret verifies', async (t) => {
  const receiver = await startReceiver(t, 200);
  const bench = await startBench(t);
  await bench.worker();
  const sent = await bench.submit({}, { webhook: { url: receiver.url, secret: SECRET } });
  const [{ headers, method, body }] = await receiver.received(1);
  const done = await bench.jobs.get(sent.id);
  assert.equal(method, 'POST');
  assert.deepEqual(JSON.parse(body), done);
  assert.equal(done?.status, 'succeeded');
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['webhook-id'], sent.id);
  const timestamp = String(headers['webhook-timestamp']);
  assert.ok(Math.abs(Number(timestamp) - Date.now() / 1_000) < 30);
  const expected = createHmac('sha256', SECRET).update(`${sent.id}.${timestamp}.${body}`).digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${expected}`);
});

test('failed and canceled jobs are posted too, also one that no worker ever had', async (t) => {
  const receiver = await startReceiver(t, 204);
  const bench = await startBench(t);
  const webhook = { url: receiver.url };
  const canceled = await bench.submit({}, { webhook });
  await bench.jobs.cancel(canceled.id);
  const failing = await bench.submit({ fault: { code: 'x', message: 'y' } }, { webhook });
  await bench.worker();
  const deliveries = await receiver.received(2);
  const posted = deliveries.map(({ body }) => JSON.parse(body)).map(({ id, status }) => `${status} ${id}`);
  assert.deepEqual(posted.sort(), [`canceled ${canceled.id}`, `failed ${failing.id}`]);
  assert.equal(deliveries[0].headers['webhook-signature'], undefined, 'no secret, no signature');
});

test('a delivery that fails is repeated until it succeeds, and not after', async (t) => {
  const receiver = await startReceiver(t, 500, 200);
  const bench = await startBench(t);
  await bench.worker({ reconcileMs: 200 });
  await bench.submit({}, { webhook: { url: receiver.url } });
  const [first, second] = await receiver.received(2);
  assert.equal(first.headers['webhook-id'], second.headers['webhook-id']);
  const other = await bench.submit({}, { webhook: { url: receiver.url } });
  const third = (await receiver.received(3))[2];
  assert.equal(third.headers['webhook-id'], other.id, 'the first job is settled');
});

test('with a public URL the links of the delivered job are absolute; the API goes on to show paths', async (t) => {
  const receiver = await startReceiver(t, 200);
  const bench = await startBench(t, { publicUrl: 'https://example.org/whence' });
  await bench.worker();
  const { id } = await bench.submit({}, { webhook: { url: receiver.url } });
  const [{ body }] = await receiver.received(1);
  const { links } = JSON.parse(body);
  assert.equal(links.self, `https://example.org/whence/jobs/${id}`);
  assert.equal(links.result, `https://example.org/whence/jobs/${id}/result`);
  assert.equal((await bench.jobs.get(id))?.links.self, `/jobs/${id}`);
});

test('redirects, errors and silence are failures that say why', async (t) => {
  const redirecting = await startReceiver(t, 302);
  await assert.rejects(
    postWebhook(job, { url: redirecting.url }, options),
    /answered 302 \(redirects are not followed\)/,
  );
  assert.equal(redirecting.deliveries.length, 1);
  const failing = await startReceiver(t, 503);
  await assert.rejects(postWebhook(job, { url: failing.url }, options), /answered 503/);
  const silent = await startReceiver(t, 0);
  await assert.rejects(postWebhook(job, { url: silent.url }, { ...options, timeoutMs: 200 }), /timeout|abort/i);
  await assert.rejects(postWebhook(job, { url: 'http://127.0.0.1:1' }, options), /ECONNREFUSED/);
});

test('addresses of the own network are refused before a byte is sent, by number and by name', async (t) => {
  const receiver = await startReceiver(t, 200);
  const strict = { ...options, allowPrivate: false };
  const hosts = ['127.0.0.1', 'localhost', '[::1]', '[::ffff:127.0.0.1]', '0.0.0.0', '2130706433', '0x7f.1'];
  for (const host of hosts) {
    const url = `http://${host}:${receiver.port}/`;
    await assert.rejects(postWebhook(job, { url }, strict), WebhookRefusedError, host);
  }
  for (const url of [
    'http://169.254.169.254/latest',
    'http://10.1.2.3/',
    'https://192.168.0.1/',
    'http://[fe80::1]/',
  ]) {
    await assert.rejects(postWebhook(job, { url }, strict), /WHENCE_WEBHOOK_ALLOW_PRIVATE/);
  }
  for (const url of ['file:///etc/passwd', 'ftp://example.com', 'nonsense']) {
    await assert.rejects(postWebhook(job, { url }, options), /not an http or https URL/);
  }
  assert.equal(receiver.deliveries.length, 0);
});

test('a refused webhook is not tried again, and the worker goes on', async (t) => {
  const receiver = await startReceiver(t, 200);
  const bench = await startBench(t, { webhookAllowPrivate: false });
  await bench.worker({ reconcileMs: 100 });
  const refused = await bench.submit({}, { webhook: { url: receiver.url } });
  assert.equal((await bench.jobs.wait(refused.id, 20))?.status, 'succeeded');
  const redis = new Redis(bench.redis.url);
  t.after(() => redis.disconnect());
  while ((await redis.scard('whence:webhooks')) > 0) await bench.jobs.ping();
  assert.equal(receiver.deliveries.length, 0);
});
