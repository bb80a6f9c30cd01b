import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { LocalTokenizers } from '../../src/tokenizers/local-tokenizers.ts';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { temporaryDir } from '../checkpoints/write-safetensors.ts';
import { modelDir } from '../support/goldens.ts';
import { copyModel } from './copy-model.ts';

function localTokenizers(t: TestContext, file: string): LocalTokenizers {
  const tokenizers = new LocalTokenizers(file);
  t.after(() => tokenizers.close());
  return tokenizers;
}

test('tokens are counted as they are encoded; models that are not here count as null', async (t) => {
  const file = path.join(temporaryDir(t), 'models.json');
  const names = ['gpt2-tiny', 'llama-tiny', 'm2m100-tiny', 'marian-tiny', 'mbart-tiny'];
  const models = [...names.map((id) => ({ id, path: modelDir(id) })), { id: 'gone', path: './gone' }];
  fs.writeFileSync(file, JSON.stringify({ models }));
  const tokenizers = localTokenizers(t, file);
  const text = 'Hello world, it was late.';
  for (const name of names) {
    const tokenizer = loadTokenizer(modelDir(name));
    for (const side of ['source', 'target'] as const) {
      for (const specialTokens of [true, false]) {
        const { ids } = tokenizer.encode(text, { asTarget: side === 'target', addSpecialTokens: specialTokens });
        assert.equal(await tokenizers.count(name, text, { side, specialTokens }), ids.length, `${name} ${side}`);
      }
    }
  }
  for (const id of ['gone', 'unknown', '../gpt2-tiny', '__proto__']) {
    assert.equal(await tokenizers.count(id, text, { side: 'source', specialTokens: true }), null);
  }
  const none = localTokenizers(t, `${file}.missing`);
  assert.equal(await none.count('gpt2-tiny', text, { side: 'source', specialTokens: true }), null);
});

test('a conversation counts as the template writes it', async (t) => {
  const template = "{% for m in messages %}[{{ m['role'] }}] {{ m['content'] }}{% endfor %}";
  const dir = copyModel(t, 'qwen2-tiny', (file) => file !== 'chat_template.jinja');
  const config = JSON.parse(fs.readFileSync(path.join(dir, 'tokenizer_config.json'), 'utf8'));
  fs.writeFileSync(path.join(dir, 'tokenizer_config.json'), JSON.stringify({ ...config, chat_template: template }));
  const file = path.join(temporaryDir(t), 'models.json');
  const models = [
    { id: 'chat', path: dir },
    { id: 'plain', path: modelDir('gpt2-tiny') },
  ];
  fs.writeFileSync(file, JSON.stringify({ models }));
  const tokenizers = localTokenizers(t, file);
  const messages = [{ role: 'user', content: 'Hello there' }];
  const { ids } = loadTokenizer(dir).encode('[user] Hello there, friend', { addSpecialTokens: false });
  assert.equal(await tokenizers.countConversation('chat', messages, ', friend'), ids.length);
  assert.equal(await tokenizers.countConversation('plain', messages, ''), null);
  assert.equal(await tokenizers.countConversation('gone', messages, ''), null);
});
