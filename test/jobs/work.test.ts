/** What a job is charged for: the ratios that fairness rests on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateWork } from '../../src/jobs/work.ts';
import { testRequest } from '../support/jobs.ts';

const SENTENCE = 'The capital of France is a large town by a river'; // 48 characters: 13 tokens

test('work grows with texts, tokens, steps and samples, and is never nothing', () => {
  const base = estimateWork(testRequest({}, { input_texts: [SENTENCE] }));
  assert.equal(base, (13 + 20) * 2);
  assert.equal(estimateWork(testRequest({}, { input_texts: [SENTENCE, SENTENCE] })), 2 * base);
  const work = (options: Parameters<typeof testRequest>[1]) =>
    estimateWork(testRequest({}, { input_texts: [SENTENCE], ...options }));
  assert.equal(work({ method_args: { n_steps: 50 } }), 50 * base);
  assert.equal(work({ attributed_fn: { name: 'mc_dropout_prob_avg', args: { n_mcd_steps: 10 } } }), 10 * base);
  assert.equal(work({ method: 'occlusion' }), 13 * base);
  assert.equal(work({ generated_texts: [`${SENTENCE} indeed`] }), (14 + 1) * 2, 'a forced text has its own length');
  assert.equal(work({ input_texts: [], messages: [[{ role: 'user', content: SENTENCE }]] }), base);
  assert.ok(work({ input_texts: [''] }) >= 1);
});
