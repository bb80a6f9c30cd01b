/** Prompts and tokenizers that come with something of their own: a start token, a pattern without end. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { modelDir } from '../support/goldens.ts';
import { hooks, request } from './request.ts';

let engine: Engine;
let folder: string;

/** A copy of a tiny model with one of its JSON files changed. */
function changed(model: string, file: string, change: (json: Record<string, unknown>) => object): string {
  const dir = join(folder, `${model}-changed`);
  cpSync(modelDir(model), dir, { recursive: true });
  writeFileSync(join(dir, file), JSON.stringify(change(JSON.parse(readFileSync(join(dir, file), 'utf8')))));
  return dir;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'whence-own-'));
  const chat_template = "{{ bos_token }}{% for m in messages %}[{{ m['content'] }}]{% endfor %}";
  const split = { type: 'Split', pattern: { Regex: '(([A-Za-z ])+)+!' }, behavior: 'Isolated', invert: false };
  const models = [
    { id: 'llama', path: changed('llama-tiny', 'tokenizer_config.json', (json) => ({ ...json, chat_template })) },
    { id: 'endless', path: changed('gpt2-tiny', 'tokenizer.json', (json) => ({ ...json, pre_tokenizer: split })) },
  ].map((model) => ({ ...model, quantization: 'none' }));
  const modelsFile = join(folder, 'models.json');
  writeFileSync(modelsFile, JSON.stringify({ models }));
  const options = { backend: 'auto', threads: 0, pool: 'default', memoryBudgetMb: 1024, plugins: [] } as const;
  engine = await startEngine({ ...options, modelsFile, plugins: [] });
});

after(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

const attribute = (changes: Partial<AttributeRequest>) =>
  engine.attribute(request({ method: 'dummy', ...changes }), hooks());

async function idsOf(changes: Partial<AttributeRequest>): Promise<number[]> {
  const { result } = await attribute({ model: 'llama', ...changes });
  return result.sequences[0].target.map(({ id }) => id);
}

const llama = loadTokenizer(modelDir('llama-tiny'));
const encode = (text: string): number[] => Array.from(llama.encode(text, { addSpecialTokens: false }).ids);

test('a prompt that brings its own start token gets no second one', async () => {
  const prompt = '<s>[INST] hi[/INST]';
  const ids = await idsOf({ input_texts: [prompt], generated_texts: [`${prompt} ok`] });
  assert.deepEqual(ids, encode(`${prompt} ok`));
  const free = await idsOf({ input_texts: [prompt] });
  assert.deepEqual(free.slice(0, 3), encode(prompt).slice(0, 3));
  const plain = await idsOf({ input_texts: ['hi'], generated_texts: ['hi ok'] });
  assert.deepEqual(plain, [llama.special.bos, ...encode('hi ok')]);
  const bare = await idsOf({ input_texts: [prompt], generated_texts: [`${prompt} ok`], skip_special_tokens: true });
  assert.deepEqual(bare, encode(`${prompt} ok`));
});

test('an empty prompt is one start token', async () => {
  const ids = await idsOf({ input_texts: [''], generated_texts: ['hi ok'] });
  assert.deepEqual(ids, [llama.special.bos, ...encode('hi ok')]);
});

test('a conversation has the start token of its template alone', async () => {
  const messages = [[{ role: 'user', content: 'hi' }]] as AttributeRequest['messages'];
  const ids = await idsOf({ input_texts: [], messages, generated_texts: [' ok'] });
  assert.deepEqual(ids, encode('<s>[hi] ok'));
});

test('a pattern that backtracks without end fails the job with its reason', async () => {
  const input_texts = ['a'.repeat(60)];
  await assert.rejects(attribute({ model: 'endless', input_texts }), {
    name: 'AttributionError',
    code: 'tokenizer',
    message: /tokenizing 60 characters took longer than 10 s: a pattern or template of this checkpoint/,
  });
});
