/** What a job is charged for: the ratios that fairness rests on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateWork } from '../../src/jobs/work.ts';
import { testRequest } from '../support/jobs.ts';

const SENTENCE = 'The capital of France is a large town by a river'; // 48 characters: 13 tokens
const FORCED = `${SENTENCE} indeed`; // 14 tokens and 1 for the rest: 15

const work = (options: Parameters<typeof testRequest>[1], parameters: number | null = 1e6) =>
  estimateWork(testRequest({}, { input_texts: [SENTENCE], ...options }), parameters);

test('work is rows of the model, there and back', () => {
  assert.equal(work({ generated_texts: [FORCED] }), 13 + 2 + 2 * (13 + 1));
  assert.equal(work({ generated_texts: [FORCED], method: 'attention' }), 13 + 2);
  assert.equal(work({ generated_texts: [FORCED], method: 'occlusion' }), 13 * (13 + 2));
  assert.equal(work({}), 20 * 30 + 33 + 20 * (13 + 10), 'generated: 20 tokens, where nothing is said');
  const target_spans = { unit: 'sequence', spans: null, locale: null } as const;
  assert.equal(work({ target_spans }), 20 * 30 + 33 + 13 + 10, 'one span is one output');
});

test('work grows with texts, steps, samples and the model, and is never nothing', () => {
  const forced = work({ generated_texts: [FORCED] });
  assert.equal(work({ input_texts: [SENTENCE, SENTENCE], generated_texts: [FORCED, FORCED] }), 2 * forced);
  assert.equal(work({ generated_texts: [FORCED], method_args: { n_steps: 50 } }), 50 * forced);
  const dropout = { name: 'mc_dropout_prob_avg', args: { n_mcd_steps: 10 } };
  assert.equal(work({ generated_texts: [FORCED], attributed_fn: dropout }), 10 * forced);
  assert.equal(work({ generated_texts: [FORCED] }, 3e6), 3 * forced);
  assert.equal(work({}, null), work({}, 100e6));
  assert.equal(work({ input_texts: [], messages: [[{ role: 'user', content: SENTENCE }]] }), work({}));
  assert.equal(work({ input_texts: [''], generated_texts: [''] }, 1), 1);
});
