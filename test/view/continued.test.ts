/** Where a space is put between a prompt and its answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { continued } from '../../src/view/model/continued.ts';

for (const [prompt, answer, whole] of [
  ['The capital of France is', 'Paris', 'The capital of France is Paris'],
  ['The capital of France is', ' Paris', 'The capital of France is Paris'],
  ['The capital of France is', 'The capital of France is Paris', 'The capital of France is Paris'],
  ['The capital of France is ', 'Paris', 'The capital of France is Paris'],
  ['', 'Paris', 'Paris'],
  ['Paris', '.', 'Paris.'],
  ['Ben', "'s dog", "Ben's dog"],
  ['f(', 'x)', 'f(x)'],
  ['well-', 'known', 'well-known'],
  ['法国的首都是', '巴黎', '法国的首都是巴黎'],
  ['日本の首都は', '東京', '日本の首都は東京'],
  ['Yes.', 'And no', 'Yes. And no'],
  ['He said', '"yes"', 'He said "yes"'],
  ['He said', '(softly) yes', 'He said (softly) yes'],
  ['He said "', 'yes"', 'He said "yes"'],
  ['He said "yes', '" and left', 'He said "yes" and left'],
  ['He said "yes"', 'and left', 'He said "yes" and left'],
  ['Er sagte „ja“', 'und ging', 'Er sagte „ja“ und ging'],
]) {
  test(`${prompt} | ${answer}`, () => assert.equal(continued(prompt, answer), whole));
}
