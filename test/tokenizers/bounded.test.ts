import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { BoundedTokenizer, type CountLimits } from '../../src/tokenizers/bounded.ts';
import { copyModel } from './copy-model.ts';

const LIMITS: Partial<CountLimits> = { seconds: 1, memoryMb: 256 };

/** gpt2-tiny with a pattern that takes exponential time on letters without a "!" behind them. */
function backtracking(t: TestContext, limits = LIMITS): BoundedTokenizer {
  const dir = copyModel(t, 'gpt2-tiny', () => true);
  const file = path.join(dir, 'tokenizer.json');
  const json = JSON.parse(fs.readFileSync(file, 'utf8'));
  const pattern = { Regex: '(([A-Za-z ])+)+!' };
  const split = { type: 'Split', pattern, behavior: 'Isolated', invert: false };
  json.pre_tokenizer = { type: 'Sequence', pretokenizers: [split, json.pre_tokenizer] };
  fs.writeFileSync(file, JSON.stringify(json));
  return bounded(t, dir, limits);
}

/** qwen2-tiny with a chat template. */
function withTemplate(t: TestContext, template: string, limits = LIMITS): BoundedTokenizer {
  const dir = copyModel(t, 'qwen2-tiny', () => true);
  fs.writeFileSync(path.join(dir, 'chat_template.jinja'), template);
  return bounded(t, dir, limits);
}

function bounded(t: TestContext, dir: string, limits: Partial<CountLimits>): BoundedTokenizer {
  const tokenizer = new BoundedTokenizer(dir, 'hostile', limits);
  t.after(() => tokenizer.close());
  return tokenizer;
}

const text = (text: string) => ({ kind: 'text', text, asTarget: false, addSpecialTokens: true }) as const;
const hello = { kind: 'conversation', messages: [{ role: 'user', content: 'hi' }], reply: '' } as const;

test('a pattern that backtracks ends in an error, and the next text is counted', async (t) => {
  const tokenizer = backtracking(t);
  assert.ok(((await tokenizer.count(text('Hello!'))) ?? 0) > 0);
  const hostile = tokenizer.count(text('a'.repeat(60)));
  const next = tokenizer.count(text('Hello!'));
  await assert.rejects(hostile, {
    name: 'TokenizerLimitError',
    message: /60 characters took longer than 1 s.*"hostile"/,
  });
  assert.ok(((await next) ?? 0) > 0);
});

test('the event loop goes on meanwhile', async (t) => {
  const tokenizer = backtracking(t);
  let turns = 0;
  const timer = setInterval(() => turns++, 20);
  await assert.rejects(tokenizer.count(text('a'.repeat(60))));
  clearInterval(timer);
  assert.ok(turns > 10, `${turns} turns`);
});

test('a template without end, and one that takes all memory, end in an error', async (t) => {
  const loop = '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}';
  await assert.rejects(withTemplate(t, loop).count(hello), /TokenizerLimitError|TokenizerError/);
  const grow =
    '{% set ns = namespace(x=["ab"]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}';
  await assert.rejects(
    withTemplate(t, grow, { ...LIMITS, seconds: 30 }).count(hello),
    /TokenizerLimitError|TokenizerError/,
  );
});

test('a conversation of a model without a template counts as null', async (t) => {
  const dir = copyModel(t, 'gpt2-tiny', () => true);
  assert.equal(await bounded(t, dir, LIMITS).count(hello), null);
});
