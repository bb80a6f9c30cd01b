/** A question as it is typed, as a request, and as a problem is told beside its fields. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MethodInfo, ModelInfo, StepFunctionInfo } from '../../src/contract/catalogue.ts';
import { type Draft, emptyDraft, exampleOf, withModel } from '../../src/explorer/draft.ts';
import { draftOf, errorsByField, questionOf, questionOfResult } from '../../src/explorer/question.ts';
import { asCurl, asPython, pythonLiteral } from '../../src/explorer/snippets.ts';
import { contextResult } from '../results/context-support.ts';
import { resultOf, smallSequence } from '../results/support.ts';
import { CATALOGUE } from '../support/api.ts';

const [facts, numbers] = CATALOGUE.models as [ModelInfo, ModelInfo];
const method = (id: string): MethodInfo | undefined => CATALOGUE.methods.find((one) => one.id === id);
const fn = (id: string): StepFunctionInfo | undefined => CATALOGUE.step_functions.find((one) => one.id === id);

const decoder: ModelInfo = { ...facts, chat: false };

function question(draft: Draft, model: ModelInfo) {
  return questionOf(draft, { model, method: method(draft.method), stepFunction: fn(draft.attributedFn) });
}

function body(parts: Partial<Draft>, model = decoder) {
  return question({ ...emptyDraft(model), stepScores: [], alternatives: 0, ...parts }, model).body;
}

describe('a question', () => {
  it('begins with an example of its model, and asks for nothing but that', () => {
    assert.deepEqual(body({}), { model: 'facts-gpt2', input_texts: 'The capital of France is' });
    assert.equal(emptyDraft(numbers).input, exampleOf(numbers));
    assert.equal(emptyDraft(facts).about, 'conversation');
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
    const asked = body({ about: 'conversation', messages: [{ role: 'user', content: 'Hi' }], answer: 'Yo' });
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
    assert.ok(draft);
    assert.deepEqual(
      [draft.input, draft.answer, draft.contrast, draft.method],
      ['It is', ' Paris', ' Rome', 'occlusion'],
    );
    assert.equal(question(draft, decoder).body.generated_texts, 'It is Paris');
  });
});

describe('a question about documents', () => {
  const documents = [
    { title: 'Land', text: 'France is a country.' },
    { title: ' ', text: 'Rome is old.' },
    { title: '', text: ' ' },
  ];
  const about = 'documents' as const;

  it('goes to /attribute-context, without empty documents and titles, and with a query or a conversation', () => {
    const draft = { ...emptyDraft(decoder), about, documents, question: 'What is France?' };
    assert.deepEqual(question(draft, decoder), {
      path: 'attribute-context',
      body: {
        model: 'facts-gpt2',
        documents: [{ title: 'Land', text: 'France is a country.' }, { text: 'Rome is old.' }],
        query: 'What is France?',
      },
    });
    const { query, messages } = question(draft, facts).body;
    assert.deepEqual([query, messages], [undefined, [{ role: 'user', content: 'What is France?' }]]);
  });

  it('has a method where its approach asks for one', () => {
    const asked = (approach: Draft['approach']) =>
      body({ about, approach, method: 'occlusion', documentUnit: 'document' });
    assert.deepEqual([asked('ablation').method, asked('ablation').approach], [undefined, undefined]);
    assert.deepEqual([asked('tokens').method, asked('tokens').approach], ['occlusion', 'tokens']);
    assert.equal(asked('tokens').unit, 'document');
    assert.equal(body({ about, answer: 'Rome' }).output_current_text, 'Rome');
  });

  it('is the example that a model for documents begins with', () => {
    const sources: ModelInfo = { ...facts, id: 'sources-llama', chat: true };
    assert.equal(emptyDraft(sources).about, 'documents');
    assert.equal(withModel(emptyDraft(decoder), decoder, sources).about, 'documents');
    assert.equal(withModel(emptyDraft(sources), sources, decoder).about, 'text');
    const mine = { ...emptyDraft(sources), question: 'mine' };
    assert.equal(withModel(mine, sources, decoder).about, 'documents');
  });

  it('comes back from the result that answers it, unless it was about a context', () => {
    const draft = draftOf(contextResult(), decoder);
    assert.ok(draft);
    assert.deepEqual(
      [draft.about, draft.question, draft.approach, draft.documents[0].title],
      ['documents', 'Where is Ben?', 'leave_one_out', 'Staff'],
    );
    assert.equal(
      draftOf({ ...contextResult(), info: { ...contextResult().info, request: { model: 'm' } } }, decoder),
      null,
    );
  });

  it('has its problems beside the document and the question', () => {
    const errors = [
      { pointer: '#/documents/1/text', detail: 'a' },
      { pointer: '#/messages/0/content', detail: 'b' },
    ];
    assert.deepEqual(
      [...errorsByField(errors, 'documents')],
      [
        ['document.1', 'a'],
        ['question', 'b'],
      ],
    );
    assert.deepEqual([...errorsByField(errors.slice(1))], [['input', 'b']]);
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
    const text = asCurl('http://x', { path: 'attribute', body: { input_texts: "it's" } });
    assert.ok(text.endsWith(`-d '{"input_texts":"it'\\''s"}'`), text);
    assert.ok(text.startsWith('curl -s http://x/attribute '));
  });

  it('of a result has what it was asked, and nothing empty', () => {
    const result = resultOf(smallSequence());
    const request = { model: 'm', input_texts: ['a'], generated_texts: null, method_args: {}, attribute_target: false };
    Object.assign(result.info, { request: { ...request, messages: null, seed: 0, step_scores: [] } });
    assert.deepEqual(questionOfResult(result), { path: 'attribute', body: { model: 'm', input_texts: 'a', seed: 0 } });
    assert.equal(questionOfResult(contextResult()).path, 'attribute-context');
  });

  it('for Python has its literals', () => {
    assert.equal(pythonLiteral({ a: [true, null, 'x"', 1.5] }), '{"a": [True, None, "x\\"", 1.5]}');
    assert.match(
      asPython('http://x', { path: 'attribute', body: { model: 'm' } }),
      /whence\.Client\("http:\/\/x"\)\nresult = client\.attribute\(\n {4}model="m",\n\)/,
    );
  });
});
