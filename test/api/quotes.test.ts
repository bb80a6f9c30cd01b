/** `?dry_run=true`: what a request would take, without making a job. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildApp } from '../../src/api/server.ts';
import type { Quote } from '../../src/contract/quote.ts';
import type { TextQuestion } from '../../src/tokenizers/text-sizes.ts';
import { CATALOGUE, MemoryJobs, NO_BATCHES, problemOf, SETTINGS, WORDS } from '../support/api.ts';

const MB = 2 ** 20;
const MEMORY = {
  weight_bytes: 4000,
  budget_bytes: 64 * MB,
  activation_bytes: 64 * MB,
  hidden_size: 32,
  heads: 2,
  keeps_maps: false,
  many_rows: 1024,
  split_by_position: false,
};
const BODY = {
  model: 'facts-gpt2',
  input_texts: 'The capital of France is',
  generated_texts: 'The capital of France is Paris',
  method: 'integrated_gradients',
  method_args: { n_steps: 20 },
};

/** The API on workers that say what their methods and models take; a token is a word. */
async function start(t: TestContext, budget = MEMORY.budget_bytes) {
  const memory = { ...MEMORY, budget_bytes: budget };
  const jobs = new MemoryJobs({
    ...CATALOGUE,
    models: CATALOGUE.models.map((model) => ({ ...model, memory })),
    methods: CATALOGUE.methods.map((method) =>
      method.id === 'integrated_gradients' ? { ...method, passes: { recorded: 'n_steps' } } : method,
    ),
  });
  const sizes = async (_model: string, { prompt, forced }: TextQuestion) => {
    const count = (text: string) => text.split(' ').length;
    const prefix = count(String(prompt));
    return {
      source: new Uint8Array(0),
      target: new Uint8Array(forced === null ? prefix : count(forced)).fill(1),
      first: prefix,
      newTokens: null,
      beams: 1,
    };
  };
  const app = await buildApp({ settings: SETTINGS, jobs, batches: NO_BATCHES, tokens: { ...WORDS, sizes } });
  t.after(() => app.close());
  const post = (payload: object, query = '?dry_run=true', headers = {}, route = '/attribute') =>
    app.inject({ method: 'POST', url: `${route}${query}`, payload, headers });
  const quote = async (payload: object): Promise<Quote> => {
    const response = await post(payload);
    assert.equal(response.statusCode, 200, response.body);
    return response.json();
  };
  return { jobs, post, quote };
}

test('a quote makes no job and takes no idempotency key', async (t) => {
  const { jobs, post } = await start(t);
  const response = await post(BODY, '?dry_run=true', { 'idempotency-key': 'k', prefer: 'wait=1' });
  assert.equal(response.statusCode, 200);
  const { passes, tokens, memory, seconds } = response.json() as Quote;
  assert.deepEqual(passes, { forward: 20, backward: 20, exact: true, because: [] });
  assert.equal(tokens, 6);
  assert.ok(memory && memory.bytes === memory.weight_bytes + memory.activation_bytes + memory.score_bytes);
  assert.deepEqual(seconds, { compute: null, loading: 0, wait: null, measured_by: 'nothing', samples: 0 });
  assert.deepEqual([jobs.entries.size, jobs.keys.size], [0, 0]);
  assert.equal((await post(BODY, '', { 'idempotency-key': 'k' })).statusCode, 202);
  assert.equal((await post(BODY, '?dry_run=false')).statusCode, 202);
});

test('a request is checked as if it were meant', async (t) => {
  const { post } = await start(t);
  const wrong = { ...BODY, method_args: { n_steps: 0 } };
  const [dry, meant] = [await post(wrong), await post(wrong, '')];
  assert.equal(dry.statusCode, 422);
  assert.deepEqual(problemOf(dry).errors, problemOf(meant).errors);
  assert.equal((await post(BODY, '?dry_run=perhaps')).statusCode, 400);
});

test('what a text that is generated takes is told as the most', async (t) => {
  const { quote } = await start(t);
  const { tokens, passes } = await quote({ ...BODY, generated_texts: null, generation_args: { max_new_tokens: 9 } });
  assert.equal(tokens, 5 + 9);
  assert.equal(passes?.forward, 20);
});

test('seconds are those that such jobs took, or else the other jobs of the model', async (t) => {
  const { jobs, quote } = await start(t);
  const turn = { texts: 1, rows: 100, pulled: 100, generated: 0, cells: 6, seconds: 2 };
  jobs.measured.set('input_x_gradient', [turn]);
  const guessed = await quote(BODY);
  assert.equal(guessed.seconds.measured_by, 'model');
  assert.ok(Number(guessed.seconds.compute) > 0);
  const other = await start(t);
  other.jobs.measured.set('integrated_gradients', [turn, turn]);
  const { seconds } = await other.quote(BODY);
  assert.deepEqual([seconds.measured_by, seconds.samples], ['method', 2]);
  assert.ok(Math.abs(Number(seconds.compute) - 2) < 0.1, `${seconds.compute}`); // 20 copies of 5 positions
});

test('the wait is what waits and runs, shared by the workers', async (t) => {
  const { jobs, quote } = await start(t);
  jobs.queues = async () => [{ pool: 'default', jobs: 3, workSeconds: 9, runningSeconds: 3, oldestSeconds: 1 }];
  const [worker] = await jobs.workers();
  assert.equal((await quote(BODY)).seconds.wait, 12);
  jobs.workers = async () => [worker, { ...worker, id: 'w2' }, { ...worker, id: 'w3', pool: 'large' }];
  assert.equal((await quote(BODY)).seconds.wait, 6);
  jobs.workers = async () => [];
  assert.equal((await quote(BODY)).seconds.wait, null);
});

test('what does not fit into the memory of a worker is refused with the numbers, quoted or meant', async (t) => {
  const { post, jobs } = await start(t, 1024);
  for (const query of ['?dry_run=true', '']) {
    const response = await post(BODY, query);
    assert.equal(response.statusCode, 422);
    assert.match(problemOf(response).detail, /6 tokens x 1 steps x 32 dimensions: 192 scores, and at most 64 fit/);
  }
  assert.equal(jobs.entries.size, 0);
});

test('where a method does not say what it runs, nor this process how long texts are, nothing is made up', async (t) => {
  const { quote, jobs } = await start(t);
  jobs.measured.set('occlusion', [{ texts: 1, rows: 1, pulled: 0, generated: 0, cells: 1, seconds: 1 }]);
  const unknown = await quote({ ...BODY, method: 'occlusion', method_args: {} });
  assert.deepEqual([unknown.tokens, unknown.passes, unknown.memory, unknown.seconds.compute], [6, null, null, null]);
});

test('a question about documents is quoted, and its job knows the seconds', async (t) => {
  const { post, jobs } = await start(t);
  const body = {
    model: 'facts-gpt2',
    documents: [{ text: 'One here. Two there.' }],
    query: 'Where is it',
    output_current_text: 'Two there.',
    num_ablations: 8,
    held_out_ablations: 2,
    method: 'input_x_gradient',
    context_sensitivity_metric: 'contrast_prob_diff',
  };
  const ask = async (changes: object) => {
    const response = await post({ ...body, ...changes }, '?dry_run=true', {}, '/attribute-context');
    assert.equal(response.statusCode, 200, response.body);
    return response.json() as Quote;
  };
  const unknown = await ask({});
  assert.deepEqual(unknown.passes, { forward: 2 + 8 + 2, backward: 0, exact: true, because: [] });
  assert.deepEqual([unknown.method, unknown.texts, unknown.seconds.measured_by], ['ablation', 1, 'nothing']);
  assert.equal((await ask({ approach: 'leave_one_out' })).passes?.forward, 2 + 2);
  const pecore = await ask({ approach: 'pecore', method: 'integrated_gradients', method_args: { n_steps: 20 } });
  assert.deepEqual([pecore.passes?.exact, pecore.passes?.backward], [false, 20]);
  assert.equal(jobs.entries.size, 0);
  const learned = await start(t);
  learned.jobs.measured.set('ablation', [{ texts: 1, rows: 100, pulled: 0, generated: 0, cells: 6, seconds: 2 }]);
  const answer = await learned.post(body, '?dry_run=true', {}, '/attribute-context');
  const { seconds } = answer.json() as Quote;
  assert.deepEqual([seconds.measured_by, seconds.samples], ['method', 1]);
  assert.ok(Number(seconds.compute) > 0);
  const wrong = { ...body, num_ablations: 1 };
  const [dry, meant] = [
    await learned.post(wrong, '?dry_run=true', {}, '/attribute-context'),
    await learned.post(wrong, '', {}, '/attribute-context'),
  ];
  assert.equal(dry.statusCode, 422);
  assert.deepEqual(problemOf(dry).errors, problemOf(meant).errors);
});
