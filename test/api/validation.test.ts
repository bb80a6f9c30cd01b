/** Every kind of bad body gets a 422 that names the field, the value and the remedy, and reaches no queue. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AGGREGATORS } from '../../src/attribution/aggregation/registry.ts';
import { loadRegistries } from '../../src/attribution/registries.ts';
import { AttributeBody } from '../../src/contract/attribute-request.ts';
import { LIMITS } from '../../src/contract/limits.ts';
import { ALIASES, meantBy } from '../../src/requests/aliases.ts';
import { TokenizerLimitError } from '../../src/tokenizers/errors.ts';
import { attribute, attributeText, problemOf, startApp } from '../support/api.ts';
import { attributeRequest } from '../support/memory-jobs.ts';

const GPT2 = { model: 'facts-gpt2', input_texts: 'The capital of France is' };
const M2M = { model: 'numbers-m2m100', input_texts: 'forty two' };
const FORCED = { ...GPT2, generated_texts: 'The capital of France is Paris' };

/** [what is wrong, body, pointer, what the detail must say] */
const CASES: [string, unknown, string, RegExp][] = [
  // shapes
  ['no object', [], '#', /must be an object, got \[\]/],
  [
    'no model',
    { input_texts: 'x' },
    '#/model',
    /is required: An id of `GET \/models`\. Known models: facts-gpt2, numbers-m2m100\./,
  ],
  ['model of another type', { ...GPT2, model: 7 }, '#/model', /must be a string, got 7/],
  ['seed as text: nothing is coerced', { ...GPT2, seed: '42' }, '#/seed', /must be an integer, got "42"/],
  [
    'boolean as text',
    { ...GPT2, include_eos_baseline: 'true' },
    '#/include_eos_baseline',
    /must be true or false, got "true"/,
  ],
  ['seed out of range', { ...GPT2, seed: -1 }, '#/seed', /must be at least 0, got -1/],
  [
    'unknown field',
    { ...GPT2, input_text: 'x' },
    '#/input_text',
    /unknown field "input_text"\. Did you mean "input_texts"\?/,
  ],
  [
    'unknown nested field',
    { ...GPT2, generation_args: { max_tokens: 3 } },
    '#/generation_args/max_tokens',
    /Did you mean "max_new_tokens"\?/,
  ],
  [
    'an argument of a method at the top',
    { ...GPT2, n_steps: 50 },
    '#/n_steps',
    /unknown field "n_steps"\. It is an argument of the method integrated_gradients: put it into \{"method_args": \{"n_steps": …\}\}/,
  ],
  [
    'an argument of generation at the top',
    { ...GPT2, max_new_tokens: 5 },
    '#/max_new_tokens',
    /It belongs into \{"generation_args": \{"max_new_tokens": …\}\}\.$/,
  ],
  [
    'an argument of generation at the top, by another name',
    { ...GPT2, max_tokens: 5 },
    '#/max_tokens',
    /Did you mean \{"generation_args": \{"max_new_tokens": …\}\}\?/,
  ],
  [
    'an argument of a step function at the top',
    { ...GPT2, contrast_targets: 'x' },
    '#/contrast_targets',
    /\{"attributed_fn": \{"name": "contrast_prob_diff", "args": \{"contrast_targets": …\}\}\}/,
  ],
  [
    'an argument beside the name of a step function',
    { ...GPT2, attributed_fn: { name: 'contrast_prob_diff', contrast_targets: 'x' } },
    '#/attributed_fn/contrast_targets',
    /Arguments belong into `args`: \{"name": …, "args": \{"contrast_targets": …\}\}/,
  ],
  [
    'an argument of generation for a method',
    { ...GPT2, method: 'integrated_gradients', method_args: { max_new_tokens: 5 } },
    '#/method_args/max_new_tokens',
    /belongs into \{"generation_args": \{"max_new_tokens": …\}\}/,
  ],
  [
    'an argument of another method',
    { ...GPT2, method_args: { n_steps: 5 } },
    '#/method_args/n_steps',
    /takes no fields: leave it out\. It is an argument of the method integrated_gradients\.$/,
  ],
  [
    'a field of the request among the arguments of generation',
    { ...GPT2, generation_args: { seed: 1 } },
    '#/generation_args/seed',
    /It is a field of the request: put it beside `model`/,
  ],
  [
    'a field by another name',
    { model: 'facts-gpt2', input_texts: 'x', prompt: 'x' },
    '#/prompt',
    /mean "input_texts"\?/,
  ],
  [
    'a number beyond all',
    `{"model":"facts-gpt2","input_texts":"x","seed":1e999}`,
    '#/seed',
    /got a number that is too large/,
  ],
  // options without effect
  [
    'temperature without sampling',
    { ...GPT2, generation_args: { temperature: 0.7 } },
    '#/generation_args/temperature',
    /has no effect without sampling, got 0\.7: set `do_sample` to true, or leave `temperature` out/,
  ],
  [
    'top_k without sampling',
    { ...GPT2, generation_args: { top_k: 5, num_beams: 2 } },
    '#/generation_args/top_k',
    /has no effect/,
  ],
  [
    'special tokens of a conversation',
    { model: 'facts-gpt2', messages: [{ role: 'user', content: 'x' }], skip_special_tokens: true },
    '#/skip_special_tokens',
    /has no effect on `messages`/,
  ],
  [
    'a part of a message that is no text',
    { model: 'facts-gpt2', messages: [{ role: 'user', content: [{ type: 'image_url', text: 'x' }] }] },
    '#/messages/0/content/0/type',
    /must be "text", got "image_url"/,
  ],
  [
    'parts that are too long together',
    {
      model: 'facts-gpt2',
      messages: [{ role: 'user', content: [1, 2].map(() => ({ type: 'text', text: 'x'.repeat(20_000) })) }],
    },
    '#/messages/0/content',
    /at most 32768 characters long in all, got 40000/,
  ],
  [
    'too many new tokens',
    { ...GPT2, generation_args: { max_new_tokens: 513 } },
    '#/generation_args/max_new_tokens',
    /must be at most 512, got 513/,
  ],
  ['step function without a name', { ...GPT2, attributed_fn: { args: {} } }, '#/attributed_fn/name', /is required/],
  [
    'step function of another type',
    { ...GPT2, attributed_fn: 3 },
    '#/attributed_fn',
    /must be a string or an object, got 3/,
  ],
  // texts
  ['no texts', { model: 'facts-gpt2' }, '#/input_texts', /is required: one text or a list of 1 to 64/],
  ['empty list of texts', { ...GPT2, input_texts: [] }, '#/input_texts', /must hold 1 to 64 items, got 0/],
  ['too many texts', { ...GPT2, input_texts: Array(65).fill('x') }, '#/input_texts', /must hold 1 to 64 items, got 65/],
  ['a text that is none', { ...GPT2, input_texts: ['x', 3] }, '#/input_texts/1', /must be a string, got 3/],
  [
    'texts of another type',
    { ...GPT2, input_texts: { a: 1 } },
    '#/input_texts',
    /must be a string or a list, got \{"a":1\}/,
  ],
  ['null text', { ...GPT2, input_texts: null }, '#/input_texts', /must be a string or a list, got null/],
  [
    'too many characters',
    { ...GPT2, input_texts: 'x'.repeat(LIMITS.textCharacters + 1) },
    '#/input_texts',
    /at most 32768 characters long, got 32769/,
  ],
  [
    'too many tokens',
    { ...GPT2, input_texts: 'x '.repeat(70) },
    '#/input_texts',
    /is 71 tokens long; "facts-gpt2" takes at most 64: shorten it by 7 tokens/,
  ],
  [
    'too many tokens in one of several',
    { ...GPT2, input_texts: ['x', 'x '.repeat(70)] },
    '#/input_texts/1',
    /is 71 tokens long/,
  ],
  [
    'no room to generate',
    { ...GPT2, input_texts: 'x '.repeat(50), generation_args: { max_new_tokens: 20 } },
    '#/generation_args/max_new_tokens',
    /has 51 tokens, and with 20 new ones they are 71; .* at most 64: ask for at most 13/,
  ],
  [
    'no room at all',
    { ...GPT2, input_texts: 'x '.repeat(63) },
    '#/input_texts',
    /fills all 64 positions of "facts-gpt2", and no room is left to generate: shorten it/,
  ],
  [
    'no room for the fewest that are asked for',
    { ...GPT2, input_texts: 'x '.repeat(50), generation_args: { min_new_tokens: 15 } },
    '#/generation_args/min_new_tokens',
    /has 51 tokens, and with 15 new ones they are 66/,
  ],
  [
    'too many characters for any number of tokens',
    { ...GPT2, input_texts: 'x'.repeat(7_000) },
    '#/input_texts',
    /is 7000 characters long, which are at least 70 tokens; "facts-gpt2" takes at most 64: shorten it/,
  ],
  [
    'forced text too long',
    { ...GPT2, generated_texts: `${GPT2.input_texts}${' x'.repeat(70)}` },
    '#/generated_texts',
    /is 76 tokens long/,
  ],
  [
    'no prompt prefix',
    { ...GPT2, generated_texts: 'Paris' },
    '#/generated_texts',
    /must start with its input text.*got "Paris" for the input "The capital of France is"/,
  ],
  [
    'no prompt prefix in a list',
    { ...GPT2, input_texts: ['a', 'b'], generated_texts: ['a b', 'c'] },
    '#/generated_texts/1',
    /must start with/,
  ],
  [
    'nothing generated',
    { ...GPT2, generated_texts: GPT2.input_texts },
    '#/generated_texts',
    /adds nothing to its input text/,
  ],
  [
    'counts differ',
    { ...GPT2, input_texts: ['a', 'b'], generated_texts: ['a b'] },
    '#/generated_texts',
    /holds 1 text for 2 texts of input/,
  ],
  [
    'texts and messages',
    { ...GPT2, messages: [{ role: 'user', content: 'x' }] },
    '#/messages',
    /either `input_texts` or `messages`/,
  ],
  [
    'message without content',
    { model: 'facts-gpt2', messages: [{ role: 'user' }] },
    '#/messages/0/content',
    /is required/,
  ],
  [
    'message without content in a list',
    { model: 'facts-gpt2', messages: [[{ role: 'user' }]] },
    '#/messages/0/0/content',
    /is required/,
  ],
  [
    'messages for a model without a chat template',
    { model: 'numbers-m2m100', messages: [{ role: 'user', content: 'x' }] },
    '#/messages',
    /"numbers-m2m100" has no chat template: send the text as `input_texts`/,
  ],
  [
    'a conversation that is too long',
    { model: 'facts-gpt2', messages: [[{ role: 'user', content: 'x' }], [{ role: 'user', content: 'x '.repeat(70) }]] },
    '#/messages/1',
    /is 71 tokens long; "facts-gpt2" takes at most 64/,
  ],
  [
    'a conversation with too long a reply',
    { model: 'facts-gpt2', messages: [{ role: 'user', content: 'x' }], generated_texts: 'x '.repeat(70) },
    '#/messages',
    /is 72 tokens long/,
  ],
  [
    'a conversation that leaves no room for the reply',
    {
      model: 'facts-gpt2',
      messages: [{ role: 'user', content: 'x '.repeat(50) }],
      generation_args: { max_new_tokens: 20 },
    },
    '#/generation_args/max_new_tokens',
    /#\/messages has 51 tokens, and with 20 new ones they are 71; .* ask for at most 13/,
  ],
  [
    'a conversation that the template refuses',
    { model: 'facts-gpt2', messages: [{ role: 'tool', content: 'x' }] },
    '#/messages',
    /the template knows no tools/,
  ],
  // names
  [
    'unknown model',
    { ...GPT2, model: 'facts-gtp2' },
    '#/model',
    /no model "facts-gtp2"\. Did you mean "facts-gpt2"\? Known models: facts-gpt2, numbers-m2m100\./,
  ],
  ['a method by its short name', { ...GPT2, method: 'IG' }, '#/method', /Did you mean "integrated_gradients"\?/],
  [
    'a method in other letters',
    { ...GPT2, method: 'Input X Gradient' },
    '#/method',
    /Did you mean "input_x_gradient"\?/,
  ],
  ['a step function by its beginning', { ...GPT2, attributed_fn: 'prob' }, '#/attributed_fn', /mean "probability"\?/],
  ['unknown method', { ...GPT2, method: 'oclusion' }, '#/method', /Did you mean "occlusion"\?/],
  [
    'unknown step function',
    { ...GPT2, attributed_fn: 'probabilty' },
    '#/attributed_fn',
    /Did you mean "probability"\?/,
  ],
  [
    'unknown step function by name',
    { ...GPT2, attributed_fn: { name: 'nothing-like-it' } },
    '#/attributed_fn/name',
    /Known step functions: probability, entropy/,
  ],
  ['unknown step score', { ...GPT2, step_scores: ['entropy', 'x'] }, '#/step_scores/1', /no step function "x"/],
  ['unknown metric', { ...GPT2, metrics: ['comprehensivenes'] }, '#/metrics/0', /Did you mean "comprehensiveness"\?/],
  ['a metric by its short name', { ...GPT2, metrics: ['suff'] }, '#/metrics/0', /Did you mean "sufficiency"\?/],
  [
    'a fraction above 1',
    { ...GPT2, metrics: [{ name: 'sufficiency', args: { fraction: 20 } }] },
    '#/metrics/0/args/fraction',
    /must be at most 1, got 20/,
  ],
  [
    'a fraction of 0',
    { ...GPT2, metrics: ['sufficiency', { name: 'comprehensiveness', args: { fraction: 0 } }] },
    '#/metrics/1/args/fraction',
    /must be greater than 0, got 0/,
  ],
  [
    'an argument of a metric beside its name',
    { ...GPT2, metrics: [{ name: 'sufficiency', fraction: 0.5 }] },
    '#/metrics/0/fraction',
    /Arguments belong into `args`: \{"name": …, "args": \{"fraction": …\}\}/,
  ],
  [
    'an argument of a metric at the top',
    { ...GPT2, fraction: 0.5 },
    '#/fraction',
    /It is an argument of the metrics comprehensiveness, sufficiency: \{"metrics": \[/,
  ],
  [
    'more copies than are run',
    { ...GPT2, metrics: ['sufficiency', ...[200, 150].map((points) => ({ name: 'deletion', args: { points } }))] },
    '#/metrics',
    /would run 700 changed copies of each text \(2 for sufficiency, 399 for deletion, 299 for deletion\), and 512 are the most/,
  ],
  ['metrics of another type', { ...GPT2, metrics: 'sufficiency' }, '#/metrics', /must be true or false or a list/],
  ['unknown aggregator', { ...GPT2, aggregators: ['score'] }, '#/aggregators/0', /Did you mean "scores"\?/],
  // arguments
  [
    'argument of another type',
    { ...GPT2, method: 'integrated_gradients', method_args: { n_steps: '50' } },
    '#/method_args/n_steps',
    /must be an integer, got "50"/,
  ],
  [
    'argument out of range',
    { ...GPT2, method: 'integrated_gradients', method_args: { n_steps: 0 } },
    '#/method_args/n_steps',
    /must be at least 1, got 0/,
  ],
  [
    'unknown argument',
    { ...GPT2, method: 'integrated_gradients', method_args: { steps: 5 } },
    '#/method_args/steps',
    /Did you mean "n_steps"\?/,
  ],
  [
    'argument of a method without any',
    { ...GPT2, method: 'occlusion', method_args: { n_steps: 5 } },
    '#/method_args/n_steps',
    /takes no fields: leave it out/,
  ],
  [
    'argument not in the list',
    { ...GPT2, method: 'integrated_gradients', method_args: { method: 'gauslegendre' } },
    '#/method_args/method',
    /Did you mean "gausslegendre"\?/,
  ],
  [
    'step function argument',
    { ...GPT2, attributed_fn: { name: 'probability', args: { logprobs: true } } },
    '#/attributed_fn/args/logprobs',
    /Did you mean "logprob"\?/,
  ],
  [
    'aggregator argument',
    { ...GPT2, aggregators: [{ name: 'scores', args: { function: 'vnrm' } }] },
    '#/aggregators/0/args/function',
    /Did you mean "vnorm"\?/,
  ],
  [
    'contrast without targets',
    { ...FORCED, attributed_fn: 'contrast_prob_diff' },
    '#/attributed_fn/args/contrast_targets',
    /compares with other texts and got none/,
  ],
  [
    'contrast without its prompt',
    { ...FORCED, attributed_fn: { name: 'contrast_prob_diff', args: { contrast_targets: 'Rome' } } },
    '#/attributed_fn/args/contrast_targets',
    /whole other text, input text included.*got "Rome" for the input "The capital of France is"\. .*contrast_force_inputs/,
  ],
  [
    'one contrast of several without its prompt',
    {
      ...GPT2,
      input_texts: ['The capital of France is', 'The capital of Italy is'],
      attributed_fn: {
        name: 'contrast_prob_diff',
        args: { contrast_targets: ['The capital of France is Rome', 'The capital of France is Paris'] },
      },
    },
    '#/attributed_fn/args/contrast_targets/1',
    /got "The capital of France is Paris" for the input "The capital of Italy is"/,
  ],
  // what fits together
  [
    'method of another architecture',
    { ...GPT2, method: 'value_zeroing' },
    '#/method',
    /works with encoder-decoder models; "facts-gpt2" is decoder-only/,
  ],
  [
    'method that the model cannot run',
    { ...GPT2, method: 'lime' },
    '#/method',
    /does not apply to the model "facts-gpt2"\. Usable: input_x_gradient/,
  ],
  [
    'step function that the model cannot run',
    { ...M2M, attributed_fn: 'top_p_size' },
    '#/attributed_fn',
    /does not apply to the model "numbers-m2m100"/,
  ],
  [
    'gradient of what has none',
    { ...GPT2, attributed_fn: 'top_p_size' },
    '#/attributed_fn',
    /"top_p_size" has no gradient, which the method "input_x_gradient" needs/,
  ],
  [
    'attribute_target of a decoder',
    { ...GPT2, attribute_target: true },
    '#/attribute_target',
    /is for encoder-decoder models/,
  ],
  ['language of a model without', { ...GPT2, tgt_lang: 'fr' }, '#/tgt_lang', /has no language codes/],
  [
    'unknown language',
    { ...M2M, tgt_lang: 'it' },
    '#/tgt_lang',
    /does not know the language "it".* Known codes: de, en, fr/,
  ],
  ['unknown source language', { ...M2M, src_lang: 'fra' }, '#/src_lang', /Did you mean "fr"\?/],
  [
    'empty span',
    { ...FORCED, attr_pos_start: 5, attr_pos_end: 5 },
    '#/attr_pos_start',
    /less than attr_pos_end, which is exclusive: got 5 and 5/,
  ],
  [
    'reversed span from the end',
    { ...FORCED, attr_pos_start: -1, attr_pos_end: -3 },
    '#/attr_pos_start',
    /got -1 and -3/,
  ],
  [
    'spans of a unit that is none',
    { ...FORCED, target_spans: 'paragraphs' },
    '#/target_spans',
    /must be one of the known values, got "paragraphs"\. Known values: tokens, words, sentences, sequence/,
  ],
  [
    'characters without spans',
    { ...FORCED, target_spans: { unit: 'characters' } },
    '#/target_spans/spans',
    /is required with the unit "characters"/,
  ],
  [
    'spans of sentences',
    { ...FORCED, target_spans: { unit: 'sentences', spans: [[0, 2]] } },
    '#/target_spans/spans',
    /is for the units "characters" and "tokens", got "sentences": leave it out/,
  ],
  [
    'a span beyond the answer',
    { ...FORCED, target_spans: { unit: 'characters', spans: [[2, 7]] } },
    '#/target_spans/spans/0',
    /must lie within the 6 characters of the answer, got \[2, 7\]/,
  ],
  [
    'an empty span',
    { ...FORCED, target_spans: { unit: 'characters', spans: [[3, 3]] } },
    '#/target_spans/spans/0',
    /is empty: its end must exceed its start, got \[3, 3\]/,
  ],
  [
    'no spans',
    { ...FORCED, target_spans: { unit: 'tokens', spans: [] } },
    '#/target_spans/spans',
    /must hold 1 to 256 items/,
  ],
  [
    'spans that overlap',
    {
      ...FORCED,
      target_spans: {
        unit: 'tokens',
        spans: [
          [5, 7],
          [6, 8],
        ],
      },
    },
    '#/target_spans/spans/1',
    /begins before the span in front of it ends, at 7: sort them, and part those that overlap/,
  ],
  [
    'spans for another number of texts',
    { ...FORCED, target_spans: { unit: 'tokens', spans: [[[5, 6]], [[5, 6]]] } },
    '#/target_spans/spans',
    /has lists for 2 texts, and there are 1 of input/,
  ],
  [
    'a language of spans that need none',
    { ...FORCED, target_spans: { unit: 'sequence', locale: 'en' } },
    '#/target_spans/locale',
    /is for "words" and "sentences", got "sequence"/,
  ],
  [
    'a language that is none',
    { ...FORCED, target_spans: { unit: 'words', locale: 'no language' } },
    '#/target_spans/locale',
    /is no language tag: .* got "no language"/,
  ],
  [
    'min above max',
    { ...GPT2, generation_args: { min_new_tokens: 30 } },
    '#/generation_args/min_new_tokens',
    /at most max_new_tokens \(20\), got 30/,
  ],
  // webhooks
  ['webhook that is no URL', { ...GPT2, webhook: { url: 'example.org' } }, '#/webhook/url', /absolute URL/],
  [
    'webhook of another scheme',
    { ...GPT2, webhook: { url: 'file:///etc/passwd' } },
    '#/webhook/url',
    /http or https URL, got "file:"/,
  ],
  [
    'webhook to this machine',
    { ...GPT2, webhook: { url: 'http://localhost:6379/' } },
    '#/webhook/url',
    /host "localhost" is private.*WHENCE_WEBHOOK_ALLOW_PRIVATE=true/,
  ],
  [
    'webhook to loopback in disguise',
    { ...GPT2, webhook: { url: 'http://0x7f.1/' } },
    '#/webhook/url',
    /host "127\.0\.0\.1" is private/,
  ],
  [
    'webhook to IPv4 in IPv6',
    { ...GPT2, webhook: { url: 'http://[::ffff:10.0.0.1]/' } },
    '#/webhook/url',
    /is private/,
  ],
  [
    'webhook with a password',
    { ...GPT2, webhook: { url: 'https://u:p@example.org/' } },
    '#/webhook/url',
    /user name or password/,
  ],
];

for (const [what, body, pointer, detail] of CASES) {
  test(`422: ${what}`, async (t) => {
    const { app, jobs } = await startApp(t);
    const response = await (typeof body === 'string' ? attributeText(app, body) : attribute(app, body));
    assert.equal(response.statusCode, 422, response.body);
    const problem = problemOf(response);
    assert.equal(problem.type, 'urn:whence:problem:validation');
    const error = problem.errors?.find((one) => one.pointer === pointer);
    assert.ok(error, `no error for ${pointer} in ${JSON.stringify(problem.errors)}`);
    assert.match(error.detail, detail);
    assert.equal(problem.errors?.length, 1, `only this is wrong: ${JSON.stringify(problem.errors)}`);
    assert.equal(jobs.entries.size, 0);
  });
}

test("the default of new tokens is the worker's to fit to the checkpoint and to each text", async (t) => {
  const { app, jobs } = await startApp(t);
  const asked = async (body: object) => {
    const response = await attribute(app, body);
    assert.equal(response.statusCode, 202, response.body);
    return jobs.entry(response.json().id).request.generation_args.max_new_tokens;
  };
  assert.equal(await asked({ ...GPT2, input_texts: 'x '.repeat(43) }), undefined);
  assert.equal(await asked({ ...GPT2, input_texts: 'x '.repeat(50) }), undefined, 'there is room for fewer');
  assert.equal(await asked({ ...GPT2, input_texts: ['x', 'x '.repeat(62)] }), undefined);
  assert.equal(await asked({ ...GPT2, input_texts: 'x '.repeat(50), generation_args: { max_new_tokens: 13 } }), 13);
  assert.equal(await asked({ ...M2M, input_texts: 'x '.repeat(31) }), undefined);
  assert.equal(await asked({ model: 'facts-gpt2', messages: [{ role: 'user', content: 'x '.repeat(60) }] }), undefined);
});

test('a tokenizer that takes too long is told; without a tokenizer the worker counts', async (t) => {
  const { app, jobs } = await startApp(t);
  const limit = new TokenizerLimitError('counting the tokens of 24 characters took longer than 5 s');
  let count: () => Promise<number | null> = async () => Promise.reject(limit);
  t.mock.method(app.tokens, 'count', () => count());
  const problem = problemOf(await attribute(app, { ...GPT2, input_texts: ['a', 'b'] }));
  assert.deepEqual(problem.errors, [{ pointer: '#/input_texts/0', detail: `${limit.message}.` }]);
  count = async () => null;
  assert.equal((await attribute(app, GPT2)).statusCode, 202);
  assert.equal(jobs.entries.size, 1);
});

test('options of sampling are fine where they change nothing, or the text is forced', async (t) => {
  const { app } = await startApp(t);
  for (const body of [
    { ...GPT2, generation_args: { temperature: 1, top_k: 50, top_p: 1 } },
    { ...GPT2, generation_args: { temperature: 0.7, do_sample: true } },
    { ...FORCED, generation_args: { temperature: 0.7 } },
  ]) {
    const response = await attribute(app, body);
    assert.equal(response.statusCode, 202, response.body);
  }
});

test('parts of a message are joined', async (t) => {
  const { app, jobs } = await startApp(t);
  const content = ['Hello ', 'there'].map((text) => ({ type: 'text', text }));
  const response = await attribute(app, { model: 'facts-gpt2', messages: [{ role: 'user', content }] });
  assert.equal(response.statusCode, 202, response.body);
  assert.deepEqual(attributeRequest(jobs, 'job-1').messages, [[{ role: 'user', content: 'Hello there' }]]);
});

test('each other name means something that there is', async () => {
  const registries = await loadRegistries();
  const known = {
    method: [...registries.methods.keys()],
    'step function': [...registries.stepFunctions.keys()],
    aggregator: [...AGGREGATORS.keys()],
    field: Object.keys(AttributeBody.properties),
    'generation argument': Object.keys(AttributeBody.properties.generation_args.properties),
  };
  for (const kind of ['method', 'step function', 'aggregator', 'field', 'generation argument'] as const) {
    for (const [alias, id] of Object.entries(ALIASES[kind])) {
      assert.ok(known[kind].includes(id), `${kind} ${id}`);
      assert.equal(meantBy(kind, alias, known[kind]), id);
      assert.ok(!known[kind].includes(alias), `${alias} is an id of its own`);
    }
  }
  assert.equal(meantBy('aggregator', 'L2', known.aggregator), 'vnorm');
  assert.equal(meantBy('method', 'Gradient × Input', known.method), 'input_x_gradient');
  assert.equal(meantBy('method', 'constructor', known.method), undefined);
});

test('everything that is wrong is said at once', async (t) => {
  const { app } = await startApp(t);
  const problem = problemOf(
    await attribute(app, { ...GPT2, method: 'nope', tgt_lang: 'fr', attribute_target: true, step_scores: ['nope'] }),
  );
  assert.deepEqual(problem.errors?.map(({ pointer }) => pointer).sort(), [
    '#/attribute_target',
    '#/method',
    '#/step_scores/0',
    '#/tgt_lang',
  ]);
  assert.match(problem.detail, /and 3 more/);
});

test('a secret is not repeated in a message', async (t) => {
  const { app } = await startApp(t);
  const response = await attribute(app, { ...GPT2, webhook: { url: 'https://example.org', secret: 'hush' } });
  assert.equal(response.statusCode, 422);
  assert.ok(!response.body.includes('hush'), response.body);
});

test('private webhooks can be allowed', async (t) => {
  const { app } = await startApp(t, { allowPrivateWebhooks: true });
  const response = await attribute(app, { ...GPT2, webhook: { url: 'http://127.0.0.1:9/hook' } });
  assert.equal(response.statusCode, 202, response.body);
});

test('what is queued is complete: defaults filled in, single values as lists', async (t) => {
  const { app, jobs } = await startApp(t);
  const response = await attribute(app, {
    ...FORCED,
    method: 'integrated_gradients',
    step_scores: ['probability'],
    generation_args: { num_beams: 2 },
  });
  assert.equal(response.statusCode, 202, response.body);
  assert.deepEqual(jobs.entry('job-1').request, {
    model: 'facts-gpt2',
    input_texts: ['The capital of France is'],
    messages: null,
    generated_texts: ['The capital of France is Paris'],
    method: 'integrated_gradients',
    method_args: { n_steps: 50, method: 'gausslegendre' },
    attributed_fn: { name: 'probability', args: { logprob: false } },
    step_scores: [{ name: 'probability', args: { logprob: false } }],
    top_alternatives: 0,
    attribute_target: false,
    attr_pos_start: null,
    attr_pos_end: null,
    include_eos_baseline: false,
    // What is left out is the checkpoint's to say, which the worker reads.
    generation_args: { num_beams: 2, do_sample: false },
    src_lang: null,
    tgt_lang: null,
    skip_special_tokens: false,
    clean_special_chars: false,
    aggregators: null,
    seed: 42,
    webhook: null,
  });
});

test('metrics: true asks for comprehensiveness and sufficiency, false and [] for none', async (t) => {
  const { app, jobs } = await startApp(t);
  for (const metrics of [true, false, []]) await attribute(app, { ...GPT2, metrics });
  assert.deepEqual(attributeRequest(jobs, 'job-1').metrics, [
    { name: 'comprehensiveness', args: { fraction: 0.2 } },
    { name: 'sufficiency', args: { fraction: 0.2 } },
  ]);
  for (const id of ['job-2', 'job-3']) assert.equal(attributeRequest(jobs, id).metrics, undefined);
});

test('aggregators left out are left to the kind of the scores, [] asks for raw scores', async (t) => {
  const { app, jobs } = await startApp(t);
  await attribute(app, GPT2);
  await attribute(app, { ...GPT2, aggregators: [] });
  assert.equal(attributeRequest(jobs, 'job-1').aggregators, null);
  assert.deepEqual(attributeRequest(jobs, 'job-2').aggregators, []);
});

test('spans for all texts become a list for each, and a name stands for its unit', async (t) => {
  const { app, jobs } = await startApp(t);
  const texts = { model: 'facts-gpt2', input_texts: ['a', 'b'] };
  await attribute(app, { ...texts, target_spans: { unit: 'characters', spans: [[0, 2]] } });
  await attribute(app, { ...texts, target_spans: 'sequence' });
  await attribute(app, { ...texts, target_spans: null });
  const asked = ['job-1', 'job-2', 'job-3'].map((id) => attributeRequest(jobs, id).target_spans);
  assert.deepEqual(asked, [
    { unit: 'characters', spans: [[[0, 2]], [[0, 2]]], locale: null },
    { unit: 'sequence', spans: null, locale: null },
    undefined,
  ]);
});

test('conversations become a list of conversations, and their replies need no prefix', async (t) => {
  const { app, jobs } = await startApp(t);
  const messages = [{ role: 'user', content: 'Hello' }];
  const response = await attribute(app, { model: 'facts-gpt2', messages, generated_texts: 'Good day' });
  assert.equal(response.statusCode, 202, response.body);
  assert.deepEqual(attributeRequest(jobs, 'job-1').messages, [messages]);
  assert.deepEqual(attributeRequest(jobs, 'job-1').input_texts, []);
});

test('a contrast text with another beginning is accepted where it is run, paired by hand or a score of its own', async (t) => {
  const { app } = await startApp(t);
  const contrast = (more: object) => ({
    name: 'contrast_prob_diff',
    args: { contrast_targets: 'The capital of Italy is Paris', ...more },
  });
  for (const body of [
    { ...FORCED, attributed_fn: contrast({ contrast_force_inputs: true }) },
    { ...FORCED, attributed_fn: contrast({ contrast_targets_alignments: [[5, 5]] }) },
    { ...FORCED, step_scores: [contrast({})] },
    { ...FORCED, attributed_fn: contrast({ contrast_targets: 'The capital of France is Rome' }) },
  ]) {
    const response = await attribute(app, body);
    assert.equal(response.statusCode, 202, response.body);
  }
});
