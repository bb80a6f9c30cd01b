/** Logged conversations in OpenAI's shape become the request that one would write by hand. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromChatCompletion } from '../../src/requests/chat-completions.ts';
import { InvalidRequestError } from '../../src/requests/issues.ts';
import { attribute, problemOf, startApp } from '../support/api.ts';
import { attributeRequest } from '../support/memory-jobs.ts';

const QUESTION = { role: 'user', content: 'What is the capital of France?' };
const ANSWER = { role: 'assistant', content: 'Paris.' };
const OURS = { model: 'facts-gpt2', messages: [QUESTION], generated_texts: 'Paris.' };

/** A response as the API returns it, beside the request's messages. */
const LOGGED = {
  id: 'chatcmpl-1',
  object: 'chat.completion',
  created: 1_700_000_000,
  model: 'facts-gpt2',
  messages: [QUESTION],
  temperature: 0.7,
  max_tokens: 100,
  stop: ['\n'],
  presence_penalty: 0.5,
  user: 'somebody',
  choices: [
    {
      index: 0,
      message: { ...ANSWER, refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 },
  system_fingerprint: 'fp_1',
  service_tier: 'default',
};

test('the answer is the last message, or stands in choices', () => {
  const { model } = OURS;
  assert.deepEqual(fromChatCompletion({ model, messages: [QUESTION, ANSWER] }), { body: OURS, ignored: [] });
  const parts = {
    ...ANSWER,
    content: [
      { type: 'text', text: 'Par' },
      { type: 'text', text: 'is.' },
    ],
    tool_calls: [],
  };
  assert.deepEqual(fromChatCompletion({ model, messages: [QUESTION, parts] }).body, OURS);
  const logged = fromChatCompletion(LOGGED);
  assert.deepEqual(logged.body, { model, messages: [[QUESTION]], generated_texts: ['Paris.'] });
  assert.deepEqual(logged.ignored.sort(), [
    'created',
    'id',
    'max_tokens',
    'object',
    'presence_penalty',
    'service_tier',
    'stop',
    'system_fingerprint',
    'temperature',
    'usage',
    'user',
  ]);
  const two = { ...LOGGED, choices: [LOGGED.choices[0], { message: { role: 'assistant', content: 'Lyon.' } }] };
  assert.deepEqual(fromChatCompletion(two).body, {
    model,
    messages: [[QUESTION], [QUESTION]],
    generated_texts: ['Paris.', 'Lyon.'],
  });
  const list = {
    model,
    messages: [
      [QUESTION, ANSWER],
      [QUESTION, ANSWER],
    ],
  };
  assert.deepEqual(fromChatCompletion(list).body, {
    model,
    messages: [[QUESTION], [QUESTION]],
    generated_texts: ['Paris.', 'Paris.'],
  });
});

test('bodies of our own stay as they are', () => {
  for (const body of [
    OURS,
    { ...OURS, messages: [QUESTION, ANSWER, QUESTION] },
    { model: 'm', messages: [QUESTION, ANSWER], generated_texts: 'And?' },
    { model: 'm', messages: [[QUESTION, ANSWER], [QUESTION]] },
    { model: 'm', input_texts: 'x', temperature: 1 },
    { messages: 'no list' },
    { messages: [] },
    { messages: [7, [null]] },
    [],
    null,
    'text',
  ]) {
    assert.deepEqual(fromChatCompletion(body), { body, ignored: [] });
  }
});

test('without an answer the model generates as the body says', () => {
  const args = (more: object): unknown => {
    const { body } = fromChatCompletion({ model: 'm', messages: [QUESTION], ...more });
    return (body as { generation_args?: object }).generation_args;
  };
  assert.equal(args({}), undefined);
  assert.deepEqual(args({ max_tokens: 7 }), { max_new_tokens: 7 });
  assert.deepEqual(args({ max_completion_tokens: 8, max_tokens: 7 }), { max_new_tokens: 8 });
  assert.equal(args({ temperature: 0, top_p: 0.5 }), undefined, 'greedy search');
  const sampled = { do_sample: true, temperature: 0.5, top_k: 0, top_p: 0.9 };
  assert.deepEqual(args({ temperature: 0.5, top_p: 0.9 }), sampled);
  assert.deepEqual(args({ max_tokens: 7, generation_args: { max_new_tokens: 3 } }), { max_new_tokens: 3 }, 'ours wins');
  const { body, ignored } = fromChatCompletion({
    ...{ model: 'm', messages: [{ role: 'developer', content: 'Be brief.' }, QUESTION], seed: 7, top_logprobs: 5 },
    ...{
      n: 1,
      stop: null,
      logit_bias: {},
      tools: [],
      tool_choice: 'none',
      response_format: { type: 'text' },
      stream: true,
    },
  });
  const messages = [{ role: 'system', content: 'Be brief.' }, QUESTION];
  assert.deepEqual(body, { model: 'm', messages, seed: 7, top_alternatives: 5 });
  assert.deepEqual(ignored.sort(), ['logit_bias', 'n', 'response_format', 'stop', 'stream', 'tool_choice', 'tools']);
});

test('what would change the prompt or the answer is refused by name', () => {
  for (const [more, pointer, says] of [
    [{ tools: [{ type: 'function' }] }, '#/tools', /write it into a message/],
    [{ stop: ['.'] }, '#/stop', /cannot be followed: got \["\."\]; leave it out, or give the answer/],
    [{ n: 2 }, '#/n', /got 2/],
    [{ presence_penalty: 0.5 }, '#/presence_penalty', /got 0.5/],
    [{ logit_bias: { 5: 100 } }, '#/logit_bias', /cannot be followed/],
    [{ response_format: { type: 'json_object' } }, '#/response_format', /json_object/],
    [{ temperature: 3 }, '#/temperature', /from 0 to 2, got 3/],
    [{ top_p: '1' }, '#/top_p', /got "1"/],
    [{ max_tokens: 1e9 }, '#/max_tokens', /from 1 to 512/],
    [{ choices: [] }, '#/choices', /list of 1 to 64/],
    [
      { choices: [{ message: { role: 'assistant', content: null, tool_calls: [{}] } }] },
      '#/choices/0/message/content',
      /tools/,
    ],
    [{ choices: [{ message: ANSWER }], generated_texts: 'x' }, '#/choices', /not by both/],
    [{ messages: [QUESTION, { role: 'assistant', content: '' }] }, '#/messages/1/content', /not empty, got ""/],
  ] as const) {
    assert.throws(
      () => fromChatCompletion({ model: 'm', messages: [QUESTION], ...more }),
      (error) => {
        assert.ok(error instanceof InvalidRequestError);
        assert.equal(error.errors[0].pointer, pointer);
        assert.match(error.errors[0].detail, says);
        return true;
      },
    );
  }
});

test('POST /attribute takes them, and what is left to refuse is refused as always', async (t) => {
  const { app, jobs } = await startApp(t);
  assert.equal((await attribute(app, LOGGED)).statusCode, 202);
  assert.equal(
    (await attribute(app, { ...OURS, messages: [[QUESTION]], generated_texts: ['Paris.'] })).statusCode,
    202,
  );
  const { ignored_fields: ignored, ...logged } = attributeRequest(jobs, 'job-1');
  assert.deepEqual(logged, attributeRequest(jobs, 'job-2'));
  assert.ok(ignored?.includes('usage'));
  const unknown = await attribute(app, { ...LOGGED, temprature: 1 });
  assert.match(problemOf(unknown).detail, /temprature/);
  const called = { ...LOGGED, messages: [QUESTION, { role: 'tool', content: 'x', tool_call_id: '1' }] };
  assert.match(problemOf(await attribute(app, called)).detail, /tool_call_id/);
  const penalty = await attribute(app, { ...LOGGED, choices: undefined });
  assert.deepEqual(
    problemOf(penalty)
      .errors?.map(({ pointer }) => pointer)
      .sort(),
    ['#/presence_penalty', '#/stop'],
  );
});
