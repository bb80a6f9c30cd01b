/** Counting tokens: what is asked of the tokenizers, and what happens when they do not answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeBody } from '../../src/contract/attribute-request.ts';
import { Issues } from '../../src/requests/issues.ts';
import { checkLengths, type TokenCounter } from '../../src/requests/lengths.ts';
import { TokenizerLimitError } from '../../src/tokenizers/errors.ts';
import { CATALOGUE } from '../support/api.ts';

const [GPT2] = CATALOGUE.models;

function check(inputs: string[], counter: Partial<TokenCounter>, patienceMs?: number) {
  const issues = new Issues();
  const body = {
    model: GPT2.id,
    input_texts: inputs,
    generation_args: { min_new_tokens: 0 },
  } as unknown as AttributeBody;
  const texts = { input_texts: inputs, messages: null, generated_texts: null };
  const nothing: TokenCounter = {
    count: async () => null,
    countConversation: async () => null,
    longestToken: async () => null,
  };
  const done = checkLengths(body, texts, GPT2, { ...nothing, ...counter }, issues, patienceMs);
  return done.then((newTokens) => ({ newTokens, errors: issues.errors }));
}

test('a request waits for its counts only so long; the worker counts the rest', async () => {
  const asked: string[] = [];
  const count = (_id: string, text: string): Promise<number | null> => {
    asked.push(text);
    return text === 'slow' ? new Promise(() => {}) : Promise.resolve(3);
  };
  const keepAlive = setInterval(() => {}, 1_000); // the time limit itself keeps no process alive
  const result = await check(['a', 'slow', 'b'], { count }, 50);
  clearInterval(keepAlive);
  assert.deepEqual(result, { newTokens: undefined, errors: [] });
  assert.deepEqual(asked, ['a', 'slow']);
});

test('texts that are too long by their characters are not counted', async () => {
  const asked: string[] = [];
  const count = async (_id: string, text: string) => asked.push(text);
  const { errors } = await check(['x'.repeat(641), 'x'.repeat(640)], { count, longestToken: async () => 10 });
  assert.deepEqual(asked, ['x'.repeat(640)]);
  assert.equal(errors.length, 1);
  assert.match(errors[0].detail, /is 641 characters long, which are at least 65 tokens; "facts-gpt2" takes at most 64/);
});

test('nothing more is counted after a text that breaks the time limit', async () => {
  let calls = 0;
  const count = async () => {
    calls++;
    throw new TokenizerLimitError('it took longer than 5 s');
  };
  const { errors } = await check(['a', 'b', 'c'], { count });
  assert.equal(calls, 1);
  assert.deepEqual(errors, [{ pointer: '#/input_texts/0', detail: 'it took longer than 5 s.' }]);
});

test('nothing more is counted when nothing more would be told', async () => {
  let calls = 0;
  const count = async () => {
    calls++;
    return 1_000;
  };
  const { errors } = await check(Array(64).fill('x'), { count });
  assert.equal(errors.length, 32);
  assert.equal(calls, 32);
});
