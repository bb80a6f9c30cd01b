/** What an operator sees from outside: real processes, logging as much as they can. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFinal } from '../../src/contract/job.ts';
import { startStack, until } from './stack.ts';

/** Stands in every text, key and secret below, and nowhere else. */
const CANARY = 'xkanarieq';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const KEY = `key-${CANARY}-0123456789`;

const lines = (log: string): Record<string, unknown>[] =>
  log.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line)] : []));

test('a job can be followed through the logs by its ids, and they hold no text, key or secret', async (t) => {
  const settings = {
    WHENCE_LOG_LEVEL: 'trace',
    WHENCE_API_KEYS: KEY,
    WHENCE_SECRET: `${CANARY}-0123456789-0123456789-01`,
    WHENCE_WEBHOOK_ALLOW_PRIVATE: 'true',
  };
  const stack = await startStack({ settings });
  t.after(() => stack.stop());
  const { client } = stack;
  const headers = {
    authorization: `Bearer ${KEY}`,
    'x-request-id': 'order-17',
    traceparent: `00-${TRACE}-00f067aa0ba902b7-01`,
  };
  const text = `The capital of ${CANARY} is`;
  const webhook = { url: `http://127.0.0.1:9/?${CANARY}`, secret: `secret ${CANARY}` };
  const send = (path: string, body: unknown, more = {}) => client.post(path, body, { ...headers, ...more });

  const body = { model: 'facts-gpt2', input_texts: text, generation_args: { max_new_tokens: 2 } };
  const { json: job } = await send(
    '/attribute',
    { ...body, webhook, metadata: { note: CANARY } },
    { prefer: 'wait=60' },
  );
  assert.equal(job.status, 'succeeded', JSON.stringify(job));
  assert.deepEqual([job.metadata, job.result.metadata], [{ note: CANARY }, { note: CANARY }]);
  // Refused here, failing there, unknown, as a batch, in a path, by a wrong key.
  const { json: failed } = await send(
    '/attribute',
    { ...body, generated_texts: `${text} Paris`, attr_pos_start: 60, attr_pos_end: 61 },
    { prefer: 'wait=60' },
  );
  await send('/attribute', { ...body, [CANARY]: CANARY, method: CANARY });
  await send('/attribute', { ...body, generated_texts: `${CANARY} is elsewhere` });
  await send('/attribute-context', {
    model: 'facts-gpt2',
    input_current_text: text,
    input_context_text: CANARY,
    input_template: CANARY,
  });
  await fetch(`${client.url}/attribute`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: `{"${CANARY}`,
  });
  const batch = `{"custom_id":"${CANARY}","body":${JSON.stringify(body)}}\n`;
  const created = await fetch(`${client.url}/batches`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-ndjson' },
    body: batch,
  });
  const { id: batchId } = (await created.json()) as { id: string };
  await until(
    'the batch ends',
    60_000,
    async () => (await client.get(`/batches/${batchId}`, { headers })).json.status === 'completed',
  );
  await client.get(`/jobs?key=${KEY}`, { headers: { 'x-api-key': `wrong ${CANARY}` } });
  await client.get(`/jobs/${job.id}/result?format=csv&note=${CANARY}`, { headers });
  await fetch(client.url + new URL(job.links.share, client.url).pathname);

  const api = lines(stack.api.log());
  const accepted = api.filter((line) => line.reqId === 'order-17' && line.job === job.id && line.path === '/attribute');
  assert.equal(accepted.length, 1);
  const { method, status, model, trace, ms } = accepted[0];
  assert.deepEqual([method, status, model, trace], ['POST', 200, 'facts-gpt2', TRACE]);
  assert.ok(Number(ms) > 0);
  await until('the job has its line', 10_000, () => lines(stack.workers[0].log()).some((line) => line.job === job.id));
  const told = lines(stack.workers[0].log()).filter((line) => line.job === job.id && line.msg === 'job');
  assert.equal(told.length, 1, 'one line a job');
  const { request, tokens, passes, texts, queue_seconds, run_seconds, compute_seconds, ...rest } = told[0];
  assert.deepEqual(
    [request, rest.trace, rest.model, rest.method, rest.status, texts],
    ['order-17', TRACE, 'facts-gpt2', 'input_x_gradient', 'succeeded', 1],
  );
  assert.ok(Number(tokens) > 4 && Number(passes) > 0, JSON.stringify(told[0]));
  assert.ok(Number(queue_seconds) >= 0 && Number(run_seconds) > 0 && Number(compute_seconds) > 0);
  if (isFinal(failed.status)) {
    const [line] = lines(stack.workers[0].log()).filter((one) => one.job === failed.id && one.msg === 'job');
    assert.deepEqual([line.status, typeof line.code], ['failed', 'string']);
  }
  for (const log of [stack.api.log(), ...stack.workers.map((worker) => worker.log())]) {
    assert.ok(log.length > 500);
    const found = log.split('\n').filter((line) => line.includes(CANARY));
    assert.deepEqual(found, []);
  }
});
