/** What a job is charged for: the ratios that fairness rests on. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { loadRegistries } from '../../src/attribution/registries.ts';
import { estimateWork, type Known } from '../../src/jobs/work.ts';
import { testRequest } from '../support/jobs.ts';

const SENTENCE = 'The capital of France is a large town by a river'; // 48 characters: 13 tokens
const FORCED = `${SENTENCE} indeed`; // 14 tokens and 1 for the rest: 15

type Options = Parameters<typeof testRequest>[1];

let members: Known['members'];

before(async () => {
  const { methods, stepFunctions } = await loadRegistries();
  const described = { name: '', description: '', paper: null, applies_to: [], args_schema: {} };
  members = {
    methods: [...methods.values()].map(({ id, passes }) => ({ ...described, id, passes })),
    step_functions: [...stepFunctions.values()].map(({ id, passes }) => ({ ...described, id, passes })),
  };
});

function work(
  options: Options,
  parameters: number | null = 1e6,
  architecture: Known['model']['architecture'] = 'decoder-only',
): number {
  const request = testRequest({}, { input_texts: [SENTENCE], ...options });
  return estimateWork(request, { model: { parameters, architecture }, members });
}

test('work is rows of the model, there and back', () => {
  assert.equal(work({ generated_texts: [FORCED] }), 13 + 2 + 2 * (13 + 1));
  assert.equal(work({ generated_texts: [FORCED], method: 'attention' }), 13 + 2);
  assert.equal(work({ generated_texts: [FORCED], method: 'occlusion' }), (1 + 15) * (13 + 2));
  assert.equal(work({}), 20 * 30 + 33 + 20 * (13 + 10), 'generated: 20 tokens, where nothing is said');
  const target_spans = { unit: 'sequence', spans: null, locale: null } as const;
  assert.equal(work({ target_spans }), 20 * 30 + 33 + 13 + 10, 'one span is one output');
});

test('what a method declares is what it is charged for, whichever it is', () => {
  const charged = (method: string, method_args: Record<string, unknown>, options: Options = {}) =>
    work({ generated_texts: [FORCED], method, method_args, ...options }) / (13 + 2);
  assert.equal(charged('lime', { n_samples: 40 }), 40);
  assert.equal(charged('kernel_shap', { n_samples: 40 }), 2 + 2 * 20);
  assert.equal(charged('shapley_sampling', { n_samples: 5 }), 2 + 5 * (15 - 1));
  assert.equal(charged('reagent', { max_probe_steps: 3, num_probes: 2 }), 1 + 3 * 2 * (1 + 2));
  assert.equal(charged('occlusion', { units: 'windows', window_size: 5 }), 1 + 3);
  const translated = work({ generated_texts: ['x'], method: 'occlusion' }, 1e6, 'encoder-decoder');
  assert.equal(translated, (1 + 13) * (13 + 2), 'the source alone');
  for (const { id, passes } of members.methods) {
    assert.ok(passes, `${id} does not say what it runs`);
    if (passes.recorded === undefined)
      assert.equal(passes.pulled, undefined, `${id} pulls back what it does not record`);
  }
});

test('a method that says nothing counts as a pass there and back, and one whose formula is wrong does no harm', () => {
  const request = testRequest({}, { input_texts: [SENTENCE], generated_texts: [FORCED], method: 'of a plug-in' });
  const known = { model: { parameters: 1e6, architecture: 'decoder-only' as const }, members };
  assert.equal(estimateWork(request, known), work({ generated_texts: [FORCED] }));
  const wrong = { ...members.methods[0], id: 'of a plug-in', passes: { recorded: 'no such argument' } };
  const also = { ...known, members: { ...members, methods: [wrong] } };
  assert.equal(estimateWork(request, also), work({ generated_texts: [FORCED] }));
});

test('work grows with texts, steps, samples and the model, and is never nothing', () => {
  const forced = work({ generated_texts: [FORCED] });
  assert.equal(work({ input_texts: [SENTENCE, SENTENCE], generated_texts: [FORCED, FORCED] }), 2 * forced);
  const method_args = { n_steps: 50, return_convergence_delta: false };
  assert.equal(work({ generated_texts: [FORCED], method: 'integrated_gradients', method_args }), 50 * forced);
  const dropout = { name: 'mc_dropout_prob_avg', args: { n_mcd_steps: 10, estimand: 'mean' } };
  const ensemble = work({ generated_texts: [FORCED], attributed_fn: dropout });
  assert.ok(ensemble >= 10 * forced && ensemble <= 12 * forced, `${ensemble} of ${forced}`);
  assert.equal(work({ generated_texts: [FORCED] }, 3e6), 3 * forced);
  assert.equal(work({}, null), work({}, 100e6));
  assert.equal(work({ input_texts: [], messages: [[{ role: 'user', content: SENTENCE }]] }), work({}));
  assert.equal(work({ input_texts: [''], generated_texts: [''] }, 1), 1);
});
