/** `POST /evaluate` over HTTP, from the body to each form of the result, computed by a real engine on tiny models. */

import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { EVALUATE_EXAMPLES } from '../../src/api/openapi/examples.ts';
import { type EvaluateResult, evaluationOf, type MeasuredMethods } from '../../src/contract/evaluate.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { generation, hooks, request } from '../engine/request.ts';
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

const TEXTS = ['A green garden', 'The doctor visits the old town', 'Every small cat'];

/** The service on a port, and what sends a body to it and computes the job. */
async function service(t: TestContext) {
  const { app, jobs } = await startApp(t);
  jobs.catalogue = async () => engine.catalogue();
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const send = (body: object): Promise<Response> =>
    fetch(`${url}/evaluate`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
  const compute = async (body: object) => {
    const response = await send(body);
    const job = (await response.json()) as { id: string; kind: string; method: string; detail?: string };
    assert.equal(response.status, 202, job.detail);
    const entry = jobs.entry(job.id);
    const progress: number[] = [];
    const { result } = await engine.attribute(entry.request, {
      ...hooks(),
      progress: ({ completed, total }) => void progress.push(completed / total),
    });
    jobs.finish(job.id);
    entry.result = { job_id: job.id, ...result } as never;
    return { job, result: entry.result as unknown as EvaluateResult, progress };
  };
  const get = (path: string): Promise<Response> => fetch(`${url}${path}`);
  return { jobs, send, compute, get };
}

for (const [name, { value }] of Object.entries(EVALUATE_EXAMPLES)) {
  test(`the example "${name}" runs as it stands`, async (t) => {
    const { compute } = await service(t);
    const { job, result } = await compute(value);
    assert.deepEqual([job.kind, job.method], ['evaluate', 'evaluate']);
    assert.ok(result.ranking.length > 1);
  });
}

test('each method has the numbers of its own request, the same random ranking, and a rank', async (t) => {
  const { compute } = await service(t);
  const methods = ['saliency', 'occlusion', 'attention'];
  const { result, progress } = await compute({
    model: 'facts-gpt2',
    input_texts: TEXTS,
    methods,
    metrics: ['comprehensiveness', 'sufficiency', 'soft_sufficiency'],
    generation_args: { max_new_tokens: 4 },
  });
  const { ranking, info } = result;
  assert.deepEqual(ranking.map(({ method }) => method).sort(), [...methods].sort());
  assert.deepEqual(progress.at(-1), 1);
  for (const { method, values, random_values: random, metrics, forward_passes, seconds, texts } of ranking) {
    const alone = await engine.attribute(
      request({
        model: 'facts-gpt2',
        input_texts: TEXTS,
        generation_args: generation(4),
        method,
        metrics: info.metrics,
      }),
      hooks(),
    );
    const own = alone.result.sequences.map((sequence) => sequence.metrics?.values ?? []);
    values.forEach((byText, k) => {
      byText.forEach((value, text) => {
        near(value, own[text][k].value, `${method}, metric ${k} of text ${text}`);
        near(random[k][text], own[text][k].random, `random, metric ${k} of text ${text}`);
      });
    });
    const [{ mean, gain }] = metrics;
    near(mean?.mean ?? null, average(values[0]), 'mean');
    near(gain?.mean ?? null, average(values[0]) - average(random[0]), 'higher is better: what it is above random');
    near(metrics[1].gain?.mean ?? null, average(random[1]) - average(values[1]), 'lower is better: what it is below');
    assert.ok(mean?.low != null && mean.high != null && mean.low <= mean.mean && mean.mean <= mean.high);
    assert.ok(forward_passes > 0 && seconds > 0);
    assert.equal(texts, TEXTS.length);
  }
  const means = ranking.map(({ mean_rank }) => Number(mean_rank));
  assert.deepEqual(
    means,
    means.toSorted((a, b) => a - b),
  );
  assert.equal(ranking[0].rank, 1);
  const passes = ranking.reduce((sum, { forward_passes }) => sum + forward_passes, 0);
  assert.equal(info.forward_passes, passes);
});

test('left out, the methods are those of few passes that the model can run; its request gives the same again', async (t) => {
  const { compute } = await service(t);
  const { result } = await compute({ model: 't5', input_texts: TEXTS.slice(0, 2) });
  const methods = result.ranking.map(({ method }) => method).sort();
  assert.deepEqual(methods, ['attention', 'deeplift', 'input_x_gradient', 'occlusion', 'saliency']);
  assert.deepEqual(
    result.info.metrics.map(({ name }) => name),
    ['comprehensiveness', 'sufficiency'],
  );
  const { result: again } = await compute(result.info.request);
  const numbers = ({ ranking }: EvaluateResult) => ranking.map(({ seconds: _, ...method }) => method);
  assert.deepEqual(numbers(again), numbers(result));
});

test('a result is JSON, CSV and text; it has no heatmap and nothing for Inseq', async (t) => {
  const { compute, get } = await service(t);
  const { job } = await compute({ ...EVALUATE_EXAMPLES.cheap.value });
  const csv = (await (await get(`/jobs/${job.id}/result?format=csv`)).text()).trimEnd().split('\r\n');
  assert.equal(csv[0], 'rank,method,method_args,metric,better,text,value,random');
  assert.equal(csv.length, 1 + 5 * 2 * 2, 'methods, metrics, texts');
  const text = await (await get(`/jobs/${job.id}/result?format=text`)).text();
  assert.match(text, /comprehensiveness: higher is better; sufficiency: lower is better\. Means of 2 texts/);
  for (const path of ['heatmap', 'result?format=html', 'result?format=inseq']) {
    const response = await get(`/jobs/${job.id}/${path}`);
    assert.equal(response.status, 406, path);
    assert.match(await response.text(), /compares methods/);
  }
});

test('what was measured of a model is told without its texts; nothing is an empty list', async (t) => {
  const { compute, get, jobs } = await service(t);
  const before = (await (await get('/models/facts-gpt2/methods')).json()) as MeasuredMethods;
  assert.deepEqual(before.evaluations, []);
  assert.ok(before.methods.includes('saliency'));
  const { result } = await compute({ ...EVALUATE_EXAMPLES.cheap.value });
  jobs.evaluated = [evaluationOf(result, Date.parse('2026-03-01T12:00:00Z'))];
  const response = await get('/models/facts-gpt2/methods');
  const text = await response.text();
  assert.ok(!text.includes('capital'));
  const {
    evaluations: [evaluation],
  } = JSON.parse(text) as MeasuredMethods;
  assert.equal(evaluation.evaluated_at, '2026-03-01T12:00:00.000Z');
  assert.equal(evaluation.texts, 2);
  assert.equal(evaluation.model_hash, result.info.model_hash);
  assert.deepEqual(
    evaluation.ranking.map(({ method, mean_rank }) => [method, mean_rank]),
    result.ranking.map(({ method, mean_rank }) => [method, mean_rank]),
  );
  const missing = await get('/models/facts-gpt/methods');
  assert.equal(missing.status, 404);
  assert.match(await missing.text(), /Did you mean \\"facts-gpt2\\"\?/);
});

test('a body that cannot be evaluated is refused with the field and the remedy', async (t) => {
  const { send } = await service(t);
  const refused = async (changes: object): Promise<[string, string]> => {
    const response = await send({ ...EVALUATE_EXAMPLES.cheap.value, ...changes });
    assert.equal(response.status, 422);
    const { errors } = (await response.json()) as { errors: { pointer: string; detail: string }[] };
    return [errors[0].pointer, errors[0].detail];
  };
  for (const [changes, pointer, detail] of [
    [{ methods: ['saliancy'] }, '#/methods/0', /Did you mean "saliency"\?/],
    [{ methods: [] }, '#/methods', /must hold 1 to 16 items/],
    [{ methods: [{ name: 'occlusion', args: { unit: 'words' } }] }, '#/methods/0/args/unit', /"units"/],
    [{ metrics: ['comprehensive'] }, '#/metrics/0', /Did you mean "comprehensiveness"\?/],
    [{ method: 'saliency' }, '#/method', /Did you mean "methods"\?/],
    [{ max_new_tokens: 3 }, '#/max_new_tokens', /It belongs into \{"generation_args"/],
    [{ attribute_target: true }, '#/attribute_target', /is for encoder-decoder models/],
    [{ model: 'gpt9' }, '#/model', /there is no model "gpt9"/],
  ] as const) {
    const [at, why] = await refused(changes);
    assert.equal(at, pointer);
    assert.match(why, detail);
  }
});

function near(value: number | null, expected: number | null, what: string): void {
  if (value === null || expected === null) assert.equal(value, expected, what);
  else
    assert.ok(Math.abs(value - expected) <= 1e-4 * Math.max(1, Math.abs(expected)), `${what}: ${value}, ${expected}`);
}

function average(values: readonly (number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + Number(value), 0) / values.length;
}
