/** Same in, same out: results that are kept for who asks the same, and idempotency keys. Real Redis and processes. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import type { Batch } from '../../src/contract/batch.ts';
import type { Job } from '../../src/contract/job.ts';
import { pack } from '../../src/jobs/packing.ts';
import { type Stack, startStack, until } from './stack.ts';

const KEYS = { ann: 'ann-0123456789abcdef', bo: 'bo-0123456789abcdef' };
const BODY = { model: 'facts-gpt2', input_texts: 'The capital of France is', generation_args: { max_new_tokens: 2 } };
const SAMPLED = { ...BODY, generation_args: { max_new_tokens: 4, do_sample: true }, method: 'saliency' };
const ABOUT_CONTEXT = {
  model: 'sources-llama',
  documents: [{ text: 'The key is in the red box.' }, { text: 'Apples are sweet.' }],
  query: 'Where is the key?',
  generation_args: { max_new_tokens: 4 },
};
const WAITS = { prefer: 'wait=60' };

type Who = keyof typeof KEYS;

/** What one key asks; requests are as a client sends them that says nothing of caches. */
function asking({ client }: Stack, who: Who) {
  const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(client.url + path, {
      method,
      body: JSON.stringify(body),
      headers: {
        authorization: `Bearer ${KEYS[who]}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
    });
  return {
    send,
    run: async (body: unknown, headers: Record<string, string> = {}, route = '/attribute') => {
      const response = await send('POST', route, body, { ...WAITS, ...headers });
      assert.equal(response.status, 200, await response.clone().text());
      // biome-ignore lint/suspicious/noExplicitAny: whatever the service says
      return (await response.json()) as Job & { result: any };
    },
    text: async (path: string, headers: Record<string, string> = {}) => {
      const response = await send('GET', path, undefined, headers);
      assert.equal(response.status, 200, `${path}: ${await response.clone().text()}`);
      return response.text();
    },
  };
}

async function receiver(t: TestContext) {
  const told: Job[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    told.push(JSON.parse(Buffer.concat(chunks).toString()));
    response.end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { told, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}

/** A result without what names its job. */
function unnamed({ job_id: _id, metadata: _metadata, ...rest }: { info: object; job_id?: string; metadata?: object }) {
  return rest;
}

/** And without what it cost. */
function numbers(result: { info: object }): object {
  return { ...unnamed(result), info: { ...result.info, seconds: null } };
}

test('lines of a batch are given what the key has, and marked; they fill nothing, and no-cache computes them', async (t) => {
  const stack = await startStack({ settings: { WHENCE_API_KEYS: Object.values(KEYS).join(',') } });
  t.after(() => stack.stop());
  const [ann, bo] = [asking(stack, 'ann'), asking(stack, 'bo')];
  const other = { ...BODY, input_texts: 'The capital of Italy is' };
  const kept = await ann.run(BODY);
  const about = await ann.run(ABOUT_CONTEXT, {}, '/attribute-context');
  const lines = [
    { defaults: { generation_args: BODY.generation_args } },
    { custom_id: 'kept', body: { model: BODY.model, input_texts: BODY.input_texts } },
    { custom_id: 'other', body: other },
    { custom_id: 'about', url: '/attribute-context', body: ABOUT_CONTEXT },
  ];
  const send = async ({ send: ask, text }: typeof ann, headers: Record<string, string> = {}) => {
    const body = lines.map((line) => JSON.stringify(line)).join('\n');
    const key = ask === ann.send ? KEYS.ann : KEYS.bo;
    const response = await fetch(`${stack.client.url}/batches`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson', ...headers },
    });
    assert.equal(response.status, 202, await response.clone().text());
    const { links } = (await response.json()) as Batch;
    const found = (await text(`${links.results}`)).trim().split('\n');
    const results = found.map((line) => JSON.parse(line));
    assert.deepEqual(
      results.map(({ custom_id, status }) => [custom_id, status]),
      [
        ['kept', 'succeeded'],
        ['other', 'succeeded'],
        ['about', 'succeeded'],
      ],
    );
    return { links, results, cached: results.map((line) => line.cached) };
  };
  for (let time = 0; time < 2; time++) {
    const { links, results, cached } = await send(ann);
    assert.deepEqual(cached, [true, undefined, true]);
    assert.deepEqual(unnamed(results[0].result), unnamed(kept.result));
    assert.deepEqual(unnamed(results[2].result), unnamed(about.result));
    assert.notEqual(results[0].result.job_id, kept.id);
    const { counts } = JSON.parse(await ann.text(links.self)) as Batch;
    assert.deepEqual([counts.total, counts.succeeded], [3, 3]);
    assert.equal((await ann.send('DELETE', links.self)).status, 204);
  }
  const computed = await send(ann, { 'cache-control': 'no-cache' });
  assert.deepEqual(computed.cached, [undefined, undefined, undefined]);
  assert.deepEqual(numbers(computed.results[0].result), numbers(kept.result));
  assert.deepEqual((await send(bo)).cached, [undefined, undefined, undefined], 'another key');
  assert.equal((await ann.run(BODY)).info.cached, true, 'what was given to lines is still kept');
  assert.equal((await ann.run(other)).info.cached, false, 'what lines came to is not');
});

test('who asks the same is given the same, as a job of its own', async (t) => {
  const hook = await receiver(t);
  const stack = await startStack({
    settings: { WHENCE_API_KEYS: Object.values(KEYS).join(','), WHENCE_WEBHOOK_ALLOW_PRIVATE: 'true' },
  });
  t.after(() => stack.stop());
  const [ann, bo] = [asking(stack, 'ann'), asking(stack, 'bo')];
  const counted = async (name: string) =>
    Number(new RegExp(`^${name} (\\d+)`, 'm').exec(await ann.text('/metrics'))?.[1] ?? 0);

  for (const [route, body] of [
    ['/attribute', BODY],
    ['/attribute', SAMPLED],
    ['/attribute-context', ABOUT_CONTEXT],
  ] as const) {
    const first = await ann.run({ ...body, metadata: { run: 'first' } }, {}, route);
    assert.deepEqual([first.status, first.info.cached], ['succeeded', false], JSON.stringify(first.error));
    const webhook = { url: hook.url };
    const again = await ann.run({ webhook, metadata: { run: 'again' }, seed: 42, ...body }, {}, route);
    assert.deepEqual([again.status, again.info.cached, again.started_at], ['succeeded', true, null]);
    assert.notEqual(again.id, first.id);
    assert.deepEqual([again.metadata, again.result.metadata], [{ run: 'again' }, { run: 'again' }]);
    assert.equal(again.result.job_id, again.id);
    assert.deepEqual(unnamed(again.result), unnamed(first.result));
    await until('the webhook of a job that was given its result', 20_000, () =>
      hook.told.some(({ id, info }) => id === again.id && info.cached),
    );

    // All forms and events are those of any job.
    for (const form of ['json', 'csv', 'text']) {
      const of = async (job: Job) => (await ann.text(`/jobs/${job.id}/result?format=${form}`)).replaceAll(job.id, '…');
      assert.equal((await of(again)).replaceAll('again', 'first'), await of(first), form);
    }
    const events = await ann.text(`/jobs/${again.id}/events`, { accept: 'text/event-stream' });
    assert.deepEqual(events.match(/^event: .*$/gm), ['event: done']);

    // Computed again, the numbers are the same.
    const computed = await ann.run(body, { 'cache-control': 'no-cache' }, route);
    assert.equal(computed.info.cached, false);
    assert.deepEqual(numbers(computed.result), numbers(first.result));
    // Another key computes for itself, and a request that asks for something else as well.
    assert.equal((await bo.run(body, {}, route)).info.cached, false);
    assert.equal((await ann.run({ ...body, seed: 43 }, {}, route)).info.cached, false);
    // Who deletes a job finds nothing of it later.
    assert.equal((await ann.send('DELETE', `/jobs/${again.id}`)).status, 204);
    assert.equal((await ann.run(body, { 'cache-control': 'no-store' }, route)).info.cached, false);
    assert.equal((await ann.run(body, {}, route)).info.cached, false);
    assert.equal((await ann.run(body, {}, route)).info.cached, true);
  }
  assert.equal(await counted('whence_cache_hits_total'), 6);
  assert.equal(await counted('whence_cache_misses_total'), 12);

  // The state is in Redis: another API process gives what this one has computed.
  stack.api.signal('SIGKILL');
  await stack.api.ended;
  stack.api = stack.startApi();
  await stack.ready();
  assert.equal((await ann.run(BODY)).info.cached, true);

  const times: number[] = [];
  for (let i = 0; i < 100; i++) {
    const begun = performance.now();
    const response = await ann.send('POST', '/attribute', BODY);
    const job: Job = await response.json();
    times.push(performance.now() - begun);
    assert.deepEqual([response.status, job.status, job.info.cached], [202, 'succeeded', true]);
  }
  times.sort((a, b) => a - b);
  t.diagnostic(`a hit takes ${times[50].toFixed(1)} ms, the slowest of 100 ${times[99].toFixed(1)} ms`);
  assert.ok(times[50] < 250, `${times[50]} ms`);
});

test('a replay computes once more, and tells the largest difference', async (t) => {
  const stack = await startStack({ settings: { WHENCE_API_KEYS: Object.values(KEYS).join(',') } });
  t.after(() => stack.stop());
  const redis = new Redis(stack.redis.url);
  t.after(() => redis.disconnect());
  const ann = asking(stack, 'ann');
  const nothing = { absolute: 0, relative: 0 };
  const equal = { same_text: true, scores: nothing, step_scores: nothing };
  for (const [route, body] of [
    ['/attribute', { ...SAMPLED, step_scores: ['probability'], metadata: { run: 'first' } }],
    ['/attribute-context', ABOUT_CONTEXT],
  ] as const) {
    const first = await ann.run(body, {}, route);
    const again = await ann.run(undefined, {}, `/jobs/${first.id}/replay`);
    assert.notEqual(again.id, first.id);
    assert.deepEqual(again.info, { cached: false, replay: { of: first.id, difference: equal } });
    assert.deepEqual(again.metadata, first.metadata);
    assert.deepEqual(numbers(again.result), numbers(first.result));
  }

  const { id, result } = await ann.run({ ...BODY, step_scores: ['probability'] });
  const change = async (by: (changed: typeof result) => void) => {
    const changed = structuredClone(result);
    by(changed);
    await redis.set(`whence:result:json:${id}`, await pack(JSON.stringify(changed)));
    const { info } = await ann.run(undefined, {}, `/jobs/${id}/replay`);
    return info.replay?.difference;
  };
  const [[score]] = result.sequences[0].target_attributions;
  const [probability] = result.sequences[0].step_scores.probability;
  const difference = await change(({ sequences: [sequence] }) => {
    sequence.target_attributions[0][0] = score * 2;
    sequence.step_scores.probability[0] = probability + 0.25;
  });
  assert.deepEqual(difference, {
    same_text: true,
    scores: { absolute: Math.abs(score), relative: 0.5 },
    step_scores: { absolute: Math.abs(probability - (probability + 0.25)), relative: 0.25 / (probability + 0.25) },
  });
  const texts = await change(({ sequences: [{ target }] }) => {
    target.at(-1).token = 'elsewhere';
  });
  assert.deepEqual(texts, { same_text: false, scores: null, step_scores: null });

  await ann.send('DELETE', `/jobs/${id}`);
  assert.equal((await ann.send('POST', `/jobs/${id}/replay`)).status, 404);
  for (const worker of stack.workers) worker.signal('SIGKILL');
  await Promise.all(stack.workers.map(({ ended }) => ended));
  const waiting: Job = await (await ann.send('POST', '/attribute', { ...BODY, seed: 7 })).json();
  assert.equal((await ann.send('POST', `/jobs/${waiting.id}/replay`)).status, 409);
  await ann.send('POST', `/jobs/${waiting.id}/cancel`);
  assert.equal((await ann.send('POST', `/jobs/${waiting.id}/replay`)).status, 410);
});

test('100 concurrent sends with one idempotency key make one job, over restarts too', async (t) => {
  const stack = await startStack({ settings: { WHENCE_API_KEYS: Object.values(KEYS).join(',') } });
  t.after(() => stack.stop());
  const ann = asking(stack, 'ann');
  const headers = { 'idempotency-key': 'order 7', 'cache-control': 'no-cache' };
  const ids = new Set<string>();
  const send = async () => {
    const response = await ann.send('POST', '/attribute', BODY, headers);
    if (response.status === 202) ids.add((await response.json()).id);
    else assert.equal(response.status, 503, await response.text());
  };
  const hundred = () => Promise.all(Array.from({ length: 100 }, send));
  await hundred();
  assert.equal(ids.size, 1);

  stack.api.signal('SIGKILL');
  await stack.api.ended;
  stack.api = stack.startApi();
  await stack.ready();
  await hundred();

  await stack.redis.kill();
  await stack.redis.start();
  await until('the store is back', 30_000, async () => (await stack.client.get('/health/ready')).status === 200);
  await hundred();
  assert.equal(ids.size, 1);
  const { jobs } = JSON.parse(await ann.text('/jobs?limit=100'));
  assert.deepEqual(
    jobs.map(({ id }: Job) => id),
    [...ids],
  );
});
