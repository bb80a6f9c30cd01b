/** What an operator sees from outside: real processes, logging as much as they can. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MethodInfo } from '../../src/contract/catalogue.ts';
import { isFinal } from '../../src/contract/job.ts';
import { expressions, metricsOf } from '../docker/expressions.ts';
import { PROJECT } from '../support/up.ts';
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

/** Fewer steps and samples than usual: that a method was used is what matters here. */
const SMALLEST: Record<string, number> = { n_steps: 2, n_samples: 5, max_probe_steps: 5, num_probes: 1 };

test('metrics tell of five models and every method in at most 600 series, and dashboard and alerts use what they serve', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'whence-seen-'));
  t.after(() => rmSync(dir, { recursive: true }));
  const path = join(PROJECT, 'models', 'facts-gpt2');
  const models = Array.from({ length: 5 }, (_, i) => ({ id: `model-${i + 1}`, path }));
  const file = join(dir, 'models.json');
  writeFileSync(file, JSON.stringify({ models }));
  const stack = await startStack({ settings: { WHENCE_MODELS_FILE: file } });
  t.after(() => stack.stop());
  const { client } = stack;
  const { json } = await client.get('/methods');
  const methods = (json.methods as MethodInfo[]).filter(({ applies_to: of }) => of.includes('decoder-only'));
  assert.ok(methods.length > 10);
  const { json: known } = await client.get('/models/model-1');
  const sent = models.flatMap(({ id: model }) => [
    ...methods
      .filter(({ id }) => known.methods.includes(id))
      .map(({ id: method, args_schema: { properties = {} } }) => {
        const small = Object.entries(SMALLEST).filter(([name]) => name in (properties as object));
        const layer = 'target_layer' in (properties as object) ? { target_layer: 'h.0.mlp' } : {};
        const method_args = { ...Object.fromEntries(small), ...layer };
        return {
          model,
          method,
          method_args,
          input_texts: 'The capital of France is',
          generation_args: { max_new_tokens: 1 },
        };
      }),
  ]);
  const jobs = await Promise.all(sent.map(async (body) => (await client.post('/attribute', body)).json));
  for (const { id, ...problem } of jobs) assert.ok(id, JSON.stringify(problem));
  // Behind all others: it has not begun.
  const canceled = await client.post('/attribute', sent[0]);
  await client.post(`/jobs/${canceled.json.id}/cancel`);
  for (const { id } of jobs) assert.equal((await client.ended(id, 120_000))?.status, 'succeeded', id);
  // Nobody counts the tokens of a batch's lines but the engine: too long, it fails there.
  const tooLong = `{"custom_id":"1","body":${JSON.stringify({ model: 'model-1', input_texts: 'one two '.repeat(60) })}}\n`;
  const headers = { 'content-type': 'application/x-ndjson' };
  const { id: batch } = await (await fetch(`${client.url}/batches`, { method: 'POST', headers, body: tooLong })).json();
  await until(
    'the batch ends',
    60_000,
    async () => (await client.get(`/batches/${batch}`)).json.status === 'completed',
  );

  let text = '';
  await until('the worker has told its pace', 20_000, async () => {
    ({ text } = await client.get('/metrics'));
    return text.includes('whence_queue_work_seconds{');
  });
  const series = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(series.length <= 600, `${series.length} series`);
  const value = (name: string) =>
    Number(
      series
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')
        .at(-1),
    );
  for (const { model, method } of sent) {
    assert.equal(value(`whence_jobs_finished_total{model="${model}",method="${method}",status="succeeded"}`), 1);
    assert.ok(value(`whence_job_run_seconds_total{model="${model}",method="${method}"}`) > 0, `${model} ${method}`);
  }
  assert.equal(value('whence_jobs_canceled_total'), 1);
  assert.equal(value('whence_job_wait_seconds_count{pool="default"}') >= sent.length, true);
  assert.ok(value('whence_estimate_error_ratio_count{pool="default"}') > 0);
  assert.ok(value('whence_tokens_total{pool="default"}') >= sent.length * 6);
  assert.ok(value('whence_passes_total{pool="default"}') > sent.length / 2);
  assert.ok(series.some((line) => /^whence_engine_memory_bytes\{pool="default",worker=".+"\} \d{8,}/.test(line)));
  assert.ok(
    series.some((line) => line.startsWith('whence_jobs_failed_total{code="')),
    'a line that was too long',
  );
  // Labels: histograms by pool or route alone.
  for (const line of series.filter((one) => /^whence_\w+_bucket/.test(one))) {
    assert.match(line, /^\w+\{(le="[^"]+",)?(pool|route)="[^"]*"(,le="[^"]+")?\} /);
  }

  const served = new Set(series.map((line) => /^\w+/.exec(line)?.[0] ?? ''));
  for (const { where, expr } of expressions()) {
    for (const name of metricsOf(expr)) assert.ok(served.has(name), `${where}: ${name} is not served`);
  }
});

interface Told {
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
}

/** A collector as the OTLP specification has it, which keeps what it is sent. */
async function startCollector(t: TestContext) {
  const spans: Told[] = [];
  let text = '';
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    text += body;
    for (const { resource, scopeSpans } of JSON.parse(body).resourceSpans) {
      const named = resource.attributes.find(({ key }: { key: string }) => key === 'service.name');
      for (const scope of scopeSpans) {
        for (const span of scope.spans) spans.push({ ...span, service: named.value.stringValue });
      }
    }
    response.setHeader('content-type', 'application/json').end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { url: `http://127.0.0.1:${address.port}`, spans, text: () => text };
}

test('one trace goes over API, queue, worker and engine, and holds no text, key or secret', async (t) => {
  const collector = await startCollector(t);
  const settings = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
    WHENCE_API_KEYS: KEY,
    WHENCE_SECRET: `${CANARY}-0123456789-0123456789-01`,
  };
  const stack = await startStack({ settings });
  t.after(() => stack.stop());
  const above = '00f067aa0ba902b7';
  const headers = { authorization: `Bearer ${KEY}`, traceparent: `00-${TRACE}-${above}-01`, prefer: 'wait=60' };
  const text = `The capital of ${CANARY} is`;
  const body = { model: 'facts-gpt2', input_texts: text, metadata: { note: CANARY } };
  const { json: job } = await stack.client.post(`/attribute?note=${CANARY}`, body, headers);
  assert.equal(job.status, 'succeeded', JSON.stringify(job));
  await fetch(stack.client.url + job.links.share);
  const own = () => collector.spans.filter(({ traceId }) => traceId === TRACE);
  const wanted = ['POST /attribute', 'submit', 'queue', 'job', 'compute', 'generating', 'attributing'];
  const missing = () => wanted.filter((name) => !own().some((span) => span.name.replace(/\/$/, '') === name));
  await until('all spans are there', 30_000, () => missing().length === 0).catch((error) =>
    assert.fail(`${error.message}: ${missing()} of ${JSON.stringify(collector.spans.map(({ name }) => name))}`),
  );

  const span = (name: string): Told => own().find((one) => one.name.replace(/\/$/, '') === name) as Told;
  const lineage = (name: string): string => {
    const parent = own().find(({ spanId }) => spanId === span(name).parentSpanId);
    return parent?.name.replace(/\/$/, '') ?? (span(name).parentSpanId === above ? 'the client' : 'nobody');
  };
  assert.deepEqual(
    wanted.map((name) => [span(name).service, name, lineage(name)].join(' < ')),
    [
      'whence-api < POST /attribute < the client',
      'whence-api < submit < POST /attribute',
      'whence-worker < queue < submit',
      'whence-worker < job < submit',
      'whence-engine < compute < job',
      'whence-engine < generating < compute',
      'whence-engine < attributing < compute',
    ],
  );
  for (const { name, startTimeUnixNano, endTimeUnixNano } of own()) {
    assert.ok(BigInt(startTimeUnixNano) <= BigInt(endTimeUnixNano), name);
  }
  const attribute = (name: string, key: string) =>
    span(name).attributes.find((one) => one.key === key)?.value.stringValue;
  assert.equal(attribute('job', 'whence.job'), job.id);
  assert.equal(attribute('job', 'whence.status'), 'succeeded');
  assert.equal(attribute('POST /attribute', 'whence.job'), job.id);
  assert.equal(attribute('compute', 'whence.method'), 'input_x_gradient');
  await until('the share link has its span', 10_000, () =>
    collector.spans.some(({ name }) => name.includes('/s/:token')),
  );
  const [, token] = job.links.share.split('/s/');
  for (const secret of [CANARY, token]) assert.ok(!collector.text().includes(secret), secret);
});
