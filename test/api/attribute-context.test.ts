/** `POST /attribute-context` from the body to each form of the result, computed by a real engine on tiny models. */

import assert from 'node:assert/strict';
import { after, before, type TestContext, test } from 'node:test';
import { CONTEXT_EXAMPLES } from '../../src/api/openapi/examples.ts';
import type { ContextResult } from '../../src/contract/attribute-context-result.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { hooks } from '../engine/request.ts';
import { startTestEngine, type TestEngine } from '../engine/start.ts';
import { problemOf, startApp } from '../support/api.ts';
import { modelDir } from '../support/goldens.ts';

let started: TestEngine;
let engine: Engine;
before(async () => {
  const tiny = (id: string, name: string) => ({ id, path: modelDir(name), quantization: 'none' as const });
  started = await startTestEngine(() => [tiny('facts-gpt2', 'gpt2-tiny'), tiny('t5', 't5-tiny')]);
  engine = started.engine;
});
after(() => started.close());

/** The service, and what sends a body to it and computes the job. */
async function service(t: TestContext) {
  const { app, jobs } = await startApp(t);
  jobs.catalogue = async () => engine.catalogue();
  const send = (body: object) => app.inject({ method: 'POST', url: '/attribute-context', payload: body });
  const compute = async (body: object) => {
    const response = await send(body);
    assert.equal(response.statusCode, 202, response.body);
    const { id } = response.json();
    const entry = jobs.entry(id);
    const { result, inseq } = await engine.attribute(entry.request, hooks());
    jobs.finish(id);
    entry.result = { job_id: id, ...result } as never;
    return { id: String(id), job: response.json(), result: entry.result as unknown as ContextResult, inseq };
  };
  const get = (id: string, format: string) => app.inject({ url: `/jobs/${id}/result?format=${format}` });
  return { app, send, compute, get };
}

const CONTEXT = { ...CONTEXT_EXAMPLES.context.value, method: 'saliency' };
const DOCUMENTS = { ...CONTEXT_EXAMPLES.documents.value, support_threshold: -100 };

test('a job says its kind, and what computes it', async (t) => {
  const { compute } = await service(t);
  const { job } = await compute(CONTEXT);
  assert.equal(job.kind, 'attribute-context');
  assert.equal(job.method, 'saliency');
  const documents = await compute(DOCUMENTS);
  assert.equal(documents.job.method, 'ablation');
});

for (const [name, body] of Object.entries({ CONTEXT, DOCUMENTS })) {
  test(`info.request gives the same result again: ${name}`, async (t) => {
    const { compute } = await service(t);
    const first = await compute(body);
    const again = await compute(first.result.info.request);
    assert.deepEqual(again.result.context, first.result.context);
    assert.deepEqual(again.result.sources, first.result.sources);
    const { seconds: _a, ...info } = first.result.info;
    const { seconds: _b, ...repeated } = again.result.info;
    assert.deepEqual(repeated, info);
  });
}

test('texts: scores of tokens as CSV and text, and as Inseq reads them', async (t) => {
  const { compute, get } = await service(t);
  const { id, result, inseq } = await compute(CONTEXT);
  const { context } = result;
  assert.ok(context && context.cci_scores.length > 0);
  const csv = (await get(id, 'csv')).body.trim().split('\r\n');
  const cues = context.cci_scores.reduce((sum, cue) => sum + (cue.input_context_scores?.length ?? 0), 0);
  assert.equal(csv.length, 1 + context.cti_scores.length + cues);
  assert.match(csv[1], /^context_sensitivity,,,,,,0,/);
  const text = (await get(id, 'text')).body;
  assert.equal(text.trim().split('\n').length, context.output_current_tokens.length);
  assert.match(text, /← \S+ [-\d.e]+$/m, 'the one cue above the threshold');
  const wider = await compute({ ...CONTEXT, attribution_std_threshold: null, attribution_topk: 2 });
  assert.match((await get(wider.id, 'text')).body, /← \S+ [-\d.e]+, \S+ [-\d.e]+$/m, 'two, whatever they are');
  const dictionary = JSON.parse(inseq());
  assert.deepEqual(dictionary.cci_scores, context.cci_scores);
  assert.equal(dictionary.info.input_context_text, CONTEXT.input_context_text);
});

test('documents: citations as CSV, text and a page; Inseq has no form for them', async (t) => {
  const { app, compute, get } = await service(t);
  const { id, result } = await compute(DOCUMENTS);
  const { sources } = result;
  assert.ok(sources);
  assert.deepEqual(
    sources.units.map(({ document_id: document, text }) => [document, text]),
    [
      ['weather', 'It rained in Rome.'],
      ['weather', 'The sun shone in Oslo.'],
      ['atlas', 'The capital of France is Paris.'],
    ],
  );
  const csv = (await get(id, 'csv')).body.trim().split('\r\n');
  assert.equal(csv.length, 1 + sources.units.length * sources.citations.length + sources.citations.length);
  assert.match(csv[1], /^unit,0,weather,0,18,It rained in Rome\.,0,/);
  assert.match((await get(id, 'text')).body, /^"Paris" {2}\(support -?[\d.e-]+, R2 /);
  assert.match(problemOf(await get(id, 'inseq')).detail ?? '', /Inseq has no form/);
  const page = await app.inject({ url: `/jobs/${id}/heatmap` });
  assert.match(page.headers['content-type'] as string, /text\/html/);
  assert.match(page.body, /<span class="quote"[^>]*>|<bdi class="quote">“Paris”/);
  assert.match(page.body, /The capital of France is Paris\./);
  assert.match((await app.inject({ url: `/jobs/${id}/heatmap?embed=1` })).body, /^<whence-result>/);
});

const TEXTS = { model: 'facts-gpt2', input_context_text: 'It rained.', input_current_text: 'The dog' };
const CITED = { model: 'facts-gpt2', documents: [{ text: 'It rained.' }], query: 'The dog' };

/** [what is wrong, body, pointer, what the detail must say] */
const FAULTS: [string, object, string, RegExp][] = [
  ['no text', { model: 'facts-gpt2' }, '#/input_current_text', /is required/],
  [
    'no context',
    { model: 'facts-gpt2', input_current_text: 'x' },
    '#/input_context_text',
    /no context to attribute to/,
  ],
  ['documents and a context', { ...CITED, input_context_text: 'x' }, '#/input_context_text', /leave one of both out/],
  ['an approach without documents', { ...TEXTS, approach: 'ablation' }, '#/approach', /needs `documents`/],
  ['no question', { ...CITED, query: undefined }, '#/query', /is required/],
  [
    'messages for a model without chat',
    { ...CITED, query: undefined, messages: [{ role: 'user', content: 'x' }] },
    '#/messages',
    /no chat template/,
  ],
  ['a template without its place', { ...CITED, template: 'x {query}' }, '#/template', /has no \{documents\}/],
  [
    'an input template without {current}',
    { ...TEXTS, input_template: '{context}' },
    '#/input_template',
    /has no \{current\}/,
  ],
  ['a context without a place', { ...TEXTS, input_template: '{current}' }, '#/input_context_text', /has no place/],
  [
    'a metric that compares nothing',
    { ...TEXTS, context_sensitivity_metric: 'entropy' },
    '#/context_sensitivity_metric',
    /is to compare/,
  ],
  ['aggregators that merge tokens', { ...TEXTS, aggregators: ['words'] }, '#/aggregators/0', /merges tokens/],
  ['raw scores', { ...TEXTS, aggregators: [] }, '#/aggregators', /leaves the scores raw/],
  [
    'normalized and rescaled',
    { ...TEXTS, normalize_attributions: true, rescale_attributions: true },
    '#/rescale_attributions',
    /only one of/,
  ],
  [
    'a document twice',
    {
      ...CITED,
      documents: [
        { id: 'a', text: 'x' },
        { id: 'a', text: 'y' },
      ],
    },
    '#/documents/1/id',
    /is there twice, got "a"/,
  ],
  [
    'a span outside of its document',
    { ...CITED, unit: [{ document: 0, start: 2, end: 99 }] },
    '#/unit/0',
    /of the 10 characters/,
  ],
  [
    'spans that overlap',
    {
      ...CITED,
      unit: [
        { document: 0, start: 0, end: 5 },
        { document: 0, start: 4, end: 6 },
      ],
    },
    '#/unit/1',
    /overlaps the span before it, which ends at 5/,
  ],
  [
    'a span outside of the answer',
    { ...CITED, output_current_text: 'Paris', answer_spans: [[2, 9]] },
    '#/answer_spans/0',
    /of the 5 characters/,
  ],
  ['a language that is none', { ...CITED, language: 'x_1' }, '#/language', /is no language/],
  [
    "Inseq's name of a field",
    { ...TEXTS, attribution_method: 'saliency' },
    '#/attribution_method',
    /Did you mean "method"\?/,
  ],
  [
    'an argument of generation beside it',
    { ...TEXTS, max_new_tokens: 3 },
    '#/max_new_tokens',
    /belongs into \{"generation_args"/,
  ],
  [
    'a typing error',
    { ...TEXTS, input_contxt_text: 'x' },
    '#/input_contxt_text',
    /Did you mean "input_context_text"\?/,
  ],
  [
    'more than the model reads',
    { ...TEXTS, input_context_text: 'dog '.repeat(200) },
    '#/input_context_text',
    /takes at most 64/,
  ],
];

for (const [what, body, pointer, detail] of FAULTS) {
  test(`refused: ${what}`, async (t) => {
    const { send } = await service(t);
    const { errors = [] } = problemOf(await send(body));
    const found = errors.find((error) => error.pointer === pointer);
    assert.ok(found, JSON.stringify(errors));
    assert.match(found.detail, detail);
  });
}
