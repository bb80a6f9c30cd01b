/** A question as it is typed, as a request, and as a problem is told beside its fields. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MethodInfo, ModelInfo, StepFunctionInfo } from '../../src/contract/catalogue.ts';
import {
  bodyOf,
  type Draft,
  draftOf,
  emptyDraft,
  errorsByField,
  exampleOf,
  withModel,
} from '../../src/explorer/draft.ts';
import { asCurl, asPython, bodyOfResult, pythonLiteral } from '../../src/explorer/snippets.ts';
import { resultOf, smallSequence } from '../results/support.ts';
import { CATALOGUE } from '../support/api.ts';

const [facts, numbers] = CATALOGUE.models as [ModelInfo, ModelInfo];
const method = (id: string): MethodInfo | undefined => CATALOGUE.methods.find((one) => one.id === id);
const fn = (id: string): StepFunctionInfo | undefined => CATALOGUE.step_functions.find((one) => one.id === id);

const decoder: ModelInfo = { ...facts, chat: false };

function body(parts: Partial<Draft>, model = decoder) {
  const draft = { ...emptyDraft(model), stepScores: [], alternatives: 0, ...parts };
  return bodyOf(draft, { model, method: method(draft.method), stepFunction: fn(draft.attributedFn) });
}

describe('a question', () => {
  it('begins with an example of its model, and asks for nothing but that', () => {
    assert.deepEqual(body({}), { model: 'facts-gpt2', input_texts: 'The capital of France is' });
    assert.equal(emptyDraft(numbers).input, exampleOf(numbers));
    assert.equal(emptyDraft(facts).chat, true);
  });

  it('of a decoder puts answers behind the prompt, with a space where words meet', () => {
    const answered = (input: string, answer: string) => body({ input, answer }).generated_texts;
    assert.equal(answered('It is', 'Paris'), 'It is Paris');
    assert.equal(answered('It is ', 'Paris'), 'It is Paris');
    assert.equal(answered('It is', ' Paris'), 'It is Paris');
    assert.equal(answered('It is', '.'), 'It is.');
    assert.equal(answered('It is', 'It is Paris'), 'It is Paris');
    assert.equal(body({ input: 'two', answer: 'deux' }, numbers).generated_texts, 'deux');
  });

  it('of why not something else compares with it', () => {
    assert.deepEqual(body({ contrast: 'Rome', attributedFnArgs: { logprob: true } }).attributed_fn, {
      name: 'contrast_prob_diff',
      args: { contrast_targets: 'The capital of France is Rome' },
    });
    const own = body({
      contrast: 'Rome',
      attributedFn: 'contrast_prob_diff',
      attributedFnArgs: { contrast_force_inputs: true },
    });
    assert.deepEqual(own.attributed_fn, {
      name: 'contrast_prob_diff',
      args: { contrast_force_inputs: true, contrast_targets: 'The capital of France is Rome' },
    });
  });

  it('has the arguments that its method knows and that are not as by default', () => {
    const methodArgs = { n_steps: 50, method: 'riemann_trapezoid', other: 1 };
    const { method_args } = body({ method: 'integrated_gradients', methodArgs });
    assert.deepEqual(method_args, { method: 'riemann_trapezoid' });
  });

  it('of a translation has languages and may attribute the target', () => {
    const asked = body({ attributeTarget: true }, numbers);
    assert.deepEqual([asked.src_lang, asked.tgt_lang, asked.attribute_target], ['de', 'en', true]);
    assert.equal(body({ attributeTarget: true }).attribute_target, undefined);
  });

  it('of a conversation has its messages', () => {
    const asked = body({ chat: true, messages: [{ role: 'user', content: 'Hi' }], answer: 'Yo' });
    assert.deepEqual(asked, {
      model: 'facts-gpt2',
      messages: [{ role: 'user', content: 'Hi' }],
      generated_texts: 'Yo',
    });
  });

  it('goes to another model with what that one knows', () => {
    const draft = { ...emptyDraft(decoder), method: 'occlusion' };
    const moved = withModel(draft, decoder, numbers);
    assert.equal(moved.input, exampleOf(numbers));
    assert.equal(moved.method, 'input_x_gradient');
    assert.equal(withModel({ ...draft, input: 'mine' }, decoder, numbers).input, 'mine');
  });

  it('comes back from the result that answers it', () => {
    const result = resultOf(smallSequence());
    const asked = {
      model: 'facts-gpt2',
      input_texts: ['It is'],
      generated_texts: ['It is Paris'],
      method: 'occlusion',
    };
    Object.assign(result.info, {
      generation_args: null,
      request: { ...asked, attributed_fn: { name: 'contrast_prob_diff', args: { contrast_targets: ['It is Rome'] } } },
    });
    const draft = draftOf(result, decoder);
    assert.deepEqual(
      [draft.input, draft.answer, draft.contrast, draft.method],
      ['It is', ' Paris', ' Rome', 'occlusion'],
    );
    const again = bodyOf(draft, { model: decoder, method: method('occlusion'), stepFunction: fn(draft.attributedFn) });
    assert.equal(again.generated_texts, 'It is Paris');
  });
});

describe('a problem', () => {
  it('is told beside the field that it is about', () => {
    const found = errorsByField([
      { pointer: '#/input_texts', detail: 'a' },
      { pointer: '#/input_texts/0', detail: 'b' },
      { pointer: '#/method_args/n_steps', detail: 'c' },
      { pointer: '#/attributed_fn/args/contrast_targets', detail: 'd' },
      { pointer: '#/webhook', detail: 'e' },
    ]);
    assert.deepEqual(
      [...found],
      [
        ['input', 'a b'],
        ['method.n_steps', 'c'],
        ['contrast', 'd'],
        ['', '#/webhook: e'],
      ],
    );
  });
});

describe('a request to paste', () => {
  it('for a terminal survives quotes', () => {
    const text = asCurl('http://x', { input_texts: "it's" });
    assert.ok(text.endsWith(`-d '{"input_texts":"it'\\''s"}'`), text);
    assert.ok(text.startsWith('curl -s http://x/attribute '));
  });

  it('of a result has what it was asked, and nothing empty', () => {
    const result = resultOf(smallSequence());
    const request = { model: 'm', input_texts: ['a'], generated_texts: null, method_args: {}, attribute_target: false };
    Object.assign(result.info, { request: { ...request, messages: null, seed: 0, step_scores: [] } });
    assert.deepEqual(bodyOfResult(result), { model: 'm', input_texts: 'a', seed: 0 });
  });

  it('for Python has its literals', () => {
    assert.equal(pythonLiteral({ a: [true, null, 'x"', 1.5] }), '{"a": [True, None, "x\\"", 1.5]}');
    assert.match(
      asPython('http://x', { model: 'm' }),
      /whence\.Client\("http:\/\/x"\)\nresult = client\.attribute\(\n {4}model="m",\n\)/,
    );
  });
});
