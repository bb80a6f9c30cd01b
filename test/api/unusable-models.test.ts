/** Models whose checkpoints cannot be served: listed with what is wrong, and refused with it before anything is queued. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attribute, CATALOGUE, problemOf, startApp } from '../support/api.ts';

const DETAIL = 'bad-gptq: "quant_method" is "gptq"';
const BAD = {
  id: 'bad-gptq',
  model_type: 'llama',
  quantization: 'none',
  loaded: false as const,
  pool: 'default',
  methods: [],
  step_functions: [],
  unusable: { detail: DETAIL },
};

test('an unusable model is listed with what is wrong, refused with it, and keeps nobody from being ready', async (t) => {
  const { app, jobs } = await startApp(t);
  jobs.catalogue = async () => ({ ...CATALOGUE, unusable_models: [BAD] });
  const { models } = (await app.inject('/models')).json();
  assert.deepEqual(models.at(-1), BAD);
  assert.equal(models.length, CATALOGUE.models.length + 1);
  assert.deepEqual((await app.inject(`/models/${BAD.id}`)).json(), BAD);
  const refused = await attribute(app, { model: BAD.id, input_texts: 'x' });
  assert.equal(refused.statusCode, 422);
  const [error] = problemOf(refused).errors ?? [];
  assert.equal(error.pointer, '#/model');
  assert.ok(error.detail.endsWith(DETAIL), error.detail);
  assert.equal(jobs.entries.size, 0);
  assert.equal((await app.inject('/health/ready')).statusCode, 200);
  assert.equal((await attribute(app, { model: 'facts-gpt2', input_texts: 'x' })).statusCode, 202);
});
