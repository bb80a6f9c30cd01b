/** Checkpoints with a pattern or a template that never ends, and texts that take long to count: the API goes on. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDir } from '../checkpoints/write-safetensors.ts';
import { type ApiProcess, startApiProcess } from '../support/api-process.ts';
import { copyModel } from '../tokenizers/copy-model.ts';

/**
 * A quiet machine needs 50 ms at most (WHENCE_TEST_HOLD_MS=50). Here the threads that count keep the processors busy for
 * seconds, and on a machine that is shared the loop waits for its turn; counting in the loop would hold it all the time.
 */
const MOST_MS = Number(process.env.WHENCE_TEST_HOLD_MS ?? 500);
const TRIES = 3;

const DEMO = fileURLToPath(new URL('../../models', import.meta.url));

function withModels(t: TestContext, paths: { gpt2: string; m2m: string }): Promise<ApiProcess> {
  const file = path.join(temporaryDir(t), 'models.json');
  const models = [
    { id: 'facts-gpt2', path: paths.gpt2 },
    { id: 'numbers-m2m100', path: paths.m2m },
  ];
  fs.writeFileSync(file, JSON.stringify({ models }));
  return startApiProcess(t, file);
}

async function measured(api: ApiProcess, body: object): Promise<{ status: number; text: string; held: number }> {
  const held: number[] = [];
  for (;;) {
    await api.reset();
    const response = await fetch(`${api.url}/attribute`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    const text = await response.text();
    held.push(await api.longestHold());
    const least = Math.min(...held);
    if (least <= MOST_MS || held.length === TRIES) return { status: response.status, text, held: least };
  }
}

test('a pattern and a template without end are told in time', { timeout: 120_000 }, async (t) => {
  const gpt2 = copyModel(t, 'gpt2-tiny', () => true);
  const file = path.join(gpt2, 'tokenizer.json');
  const json = JSON.parse(fs.readFileSync(file, 'utf8'));
  const split = { type: 'Split', pattern: { Regex: '(([A-Za-z ])+)+!' }, behavior: 'Isolated', invert: false };
  json.pre_tokenizer = { type: 'Sequence', pretokenizers: [split, json.pre_tokenizer] };
  fs.writeFileSync(file, JSON.stringify(json));
  fs.writeFileSync(
    path.join(gpt2, 'chat_template.jinja'),
    '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}',
  );
  const api = await withModels(t, { gpt2, m2m: path.join(DEMO, 'numbers-m2m100') });
  for (const body of [
    { model: 'facts-gpt2', input_texts: ['Hello!', 'a'.repeat(60)] },
    { model: 'facts-gpt2', messages: [{ role: 'user', content: 'Hello' }] },
  ]) {
    const { status, text, held } = await measured(api, body);
    assert.equal(status, 422, text);
    const [{ pointer, detail }] = JSON.parse(text).errors;
    assert.equal(pointer, 'messages' in body ? '#/messages' : '#/input_texts/1');
    assert.match(detail, /took longer than 2 s.*"facts-gpt2".*another text or use another model/);
    assert.ok(held <= MOST_MS, `held for ${held} ms`);
  }
  const other = await measured(api, { model: 'numbers-m2m100', input_texts: 'two' });
  assert.equal(other.status, 202, other.text);
});

test('64 texts of 32,768 characters do not hold the event loop', { timeout: 300_000 }, async (t) => {
  const api = await withModels(t, {
    gpt2: path.join(DEMO, 'facts-gpt2'),
    m2m: path.join(DEMO, 'numbers-m2m100'),
  });
  for (const model of ['facts-gpt2', 'numbers-m2m100']) {
    await measured(api, { model, input_texts: 'two' });
    for (const unit of ['The capital of France ', ' \u00a0', '\u{1F600}']) {
      const texts = Array(unit === '\u{1F600}' ? 60 : 64).fill(unit.repeat(32_768 / unit.length)); // 4 MB at most
      const { status, text: answer, held } = await measured(api, { model, input_texts: texts });
      assert.equal(status, 202, answer);
      t.diagnostic(`${model}, ${JSON.stringify(unit)}: ${held.toFixed(1)} ms`);
      assert.ok(held <= MOST_MS, `${JSON.stringify(unit)} held ${model} for ${held} ms`);
    }
  }
});
