/** Faithfulness metrics over HTTP, from the body to each form of the result, computed by a real engine on tiny models. */

import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { ATTRIBUTE_EXAMPLES } from '../../src/api/openapi/examples.ts';
import type { Result } from '../../src/contract/result.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { hooks } from '../engine/request.ts';
import { startTestEngine, type TestEngine } from '../engine/start.ts';
import { startApp } from '../support/api.ts';
import { modelDir } from '../support/goldens.ts';

let started: TestEngine;
let engine: Engine;
before(async () => {
  const tiny = (id: string, name: string) => ({ id, path: modelDir(name), quantization: 'none' as const });
  started = await startTestEngine(() => [tiny('facts-gpt2', 'gpt2-tiny'), tiny('t5', 't5-tiny')]);
  engine = started.engine;
});
after(() => started.close());

/** The service on a port, and what sends a body to it and computes the job. */
async function service(t: TestContext) {
  const { app, jobs } = await startApp(t);
  jobs.catalogue = async () => engine.catalogue();
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const send = (body: object): Promise<Response> =>
    fetch(`${url}/attribute`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const compute = async (body: object): Promise<string> => {
    const response = await send(body);
    const { id } = (await response.json()) as { id: string };
    assert.equal(response.status, 202);
    const entry = jobs.entry(id);
    const { result } = await engine.attribute(entry.request, hooks());
    jobs.finish(id);
    entry.result = { job_id: id, ...result } as never;
    return id;
  };
  const get = (path: string): Promise<Response> => fetch(`${url}${path}`);
  return { send, compute, get };
}

test('a result says what its metrics are, beside those of a random ranking, and what they cost', async (t) => {
  const { compute, get } = await service(t);
  const id = await compute({ ...ATTRIBUTE_EXAMPLES.trusted.value });
  const result = (await (await get(`/jobs/${id}/result`)).json()) as Result;
  const [{ metrics }] = result.sequences;
  assert.ok(metrics);
  assert.deepEqual(
    metrics.values.map(({ name, better }) => [name, better]),
    [
      ['comprehensiveness', 'higher'],
      ['sufficiency', 'lower'],
      ['deletion', 'lower'],
    ],
  );
  for (const { value, random } of metrics.values) assert.ok(Number.isFinite(value) && Number.isFinite(random));
  const { metrics: info, request } = result.info;
  assert.equal(info?.forward_passes, metrics.forward_passes);
  assert.deepEqual(info?.calls[0], { name: 'comprehensiveness', args: { fraction: 0.2 } });
  assert.equal(info?.sequence_seconds.length, 1);
  const again = await compute(request);
  const repeated = (await (await get(`/jobs/${again}/result`)).json()) as Result;
  assert.deepEqual(repeated.sequences, result.sequences);
});

test('every form of the result is there', async (t) => {
  const { compute, get } = await service(t);
  const id = await compute({ model: 't5', input_texts: ['A green garden', 'The doctor'], metrics: true });
  const text = await (await get(`/jobs/${id}/result?format=text`)).text();
  assert.equal(text.match(/^comprehensiveness -?[\d.e-]+, random -?[\d.e-]+ \(higher is better\)$/gm)?.length, 2);
  for (const path of ['result?format=csv', 'result?format=inseq', 'heatmap']) {
    assert.equal((await get(`/jobs/${id}/${path}`)).status, 200, path);
  }
});

test('metrics are listed with their arguments, and one by one', async (t) => {
  const { get } = await service(t);
  const { faithfulness_metrics: metrics } = (await (await get('/faithfulness-metrics')).json()) as {
    faithfulness_metrics: { id: string; better: string; args_schema: { properties: object } }[];
  };
  assert.deepEqual(
    metrics.map(({ id }) => id),
    [
      'aopc_comprehensiveness',
      'aopc_sufficiency',
      'comprehensiveness',
      'deletion',
      'insertion',
      'soft_comprehensiveness',
      'soft_sufficiency',
      'sufficiency',
    ],
  );
  assert.deepEqual(await (await get('/faithfulness-metrics/deletion')).json(), metrics[3]);
  const missing = await get('/faithfulness-metrics/deletions');
  assert.equal(missing.status, 404);
  assert.match(((await missing.json()) as { detail: string }).detail, /Did you mean "deletion"\?/);
});

test('what cannot be measured is refused before anything runs', async (t) => {
  const { send } = await service(t);
  const refused = async (changes: object): Promise<{ pointer: string; detail: string }[]> => {
    const response = await send({ ...ATTRIBUTE_EXAMPLES.simplest.value, ...changes });
    assert.equal(response.status, 422);
    return ((await response.json()) as { errors: { pointer: string; detail: string }[] }).errors;
  };
  const [paired] = await refused({ metrics: true, aggregators: ['vnorm', { name: 'pair', args: { paired: 0 } }] });
  assert.equal(paired.pointer, '#/metrics');
  assert.match(paired.detail, /the aggregator "pair" makes them those of two texts: leave one of the two out/);
  const [fractions] = await refused({ metrics: [{ name: 'aopc_sufficiency', args: { fractions: [0.5, 1.5] } }] });
  assert.equal(fractions.pointer, '#/metrics/0/args/fractions/1');
  assert.match(fractions.detail, /must be at most 1, got 1\.5/);
  const [twice] = await refused({ metrics: [{ name: 'aopc_sufficiency', args: { fractions: [0.5, 0.5] } }] });
  assert.equal(twice.pointer, '#/metrics/0/args/fractions');
});
