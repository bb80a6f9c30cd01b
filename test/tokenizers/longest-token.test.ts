/** No text of so many tokens is longer than the longest token allows, where there is such a limit. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { longestToken } from '../../src/tokenizers/longest-token.ts';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { modelDir } from '../support/goldens.ts';
import { copyModel } from './copy-model.ts';

const DEMO = fileURLToPath(new URL('../../models/facts-gpt2', import.meta.url));

test('byte-level BPE has a longest token, and no text is longer than its tokens allow', () => {
  const tokenizer = loadTokenizer(DEMO);
  const longest = longestToken(DEMO);
  assert.ok(longest !== null && longest > 5 && longest < 100, String(longest));
  const texts = [
    'The capital of France is Paris.',
    ' '.repeat(999),
    '\n\n\t',
    'é漢😀'.repeat(99),
    '\ud800',
    '<|endoftext|>',
    '\u0000',
  ];
  for (let id = 0; id < tokenizer.vocabSize; id++) texts.push(tokenizer.decode([id]), tokenizer.decode([id, id, id]));
  for (const text of texts) {
    const tokens = tokenizer.count(text, { addSpecialTokens: false });
    assert.ok(text.length <= tokens * longest, `${JSON.stringify(text)}: ${text.length} of ${tokens} tokens`);
  }
});

test('null where tokens can stand for any number of characters', (t) => {
  for (const name of ['t5-tiny', 'm2m100-tiny', 'marian-tiny', 'llama-tiny']) {
    assert.equal(longestToken(modelDir(name)), null, name);
  }
  for (const change of [
    (json: Json) => Object.assign(json, { normalizer: { type: 'Strip', strip_left: true, strip_right: true } }),
    (json: Json) => Object.assign(json.added_tokens[0], { lstrip: true }),
    (json: Json) => delete json.model.vocab.Ġ,
    (json: Json) => Object.assign(json, { pre_tokenizer: { type: 'Whitespace' } }),
  ]) {
    const dir = copyModel(t, 'gpt2-tiny', () => true);
    const file = path.join(dir, 'tokenizer.json');
    const json = JSON.parse(fs.readFileSync(file, 'utf8'));
    assert.notEqual(longestToken(dir), null);
    change(json);
    fs.writeFileSync(file, JSON.stringify(json));
    assert.equal(longestToken(dir), null, String(change));
  }
});

interface Json {
  added_tokens: object[];
  model: { vocab: Record<string, number> };
}
