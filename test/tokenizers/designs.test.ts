/** Tokenizers of odd designs, held against Python's tokenizers. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadTokenizer, type Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { temporaryDir } from '../checkpoints/write-safetensors.ts';

interface Design {
  name: string;
  tokenizer: Record<string, unknown>;
  encoded: { text: string; ids: number[]; offsets: [number, number][] }[];
  decoded: { ids: number[]; text: string }[];
}

const designs: Design[] = JSON.parse(
  fs.readFileSync(new URL('../fixtures/tokenizers/designs.json', import.meta.url), 'utf8'),
);

function load(t: TestContext, json: Record<string, unknown>): Tokenizer {
  const dir = temporaryDir(t);
  fs.writeFileSync(path.join(dir, 'tokenizer.json'), JSON.stringify(json));
  return loadTokenizer(dir);
}

for (const { name, tokenizer: json, encoded, decoded } of designs) {
  test(`as Python's: ${name}`, (t) => {
    const tokenizer = load(t, json);
    for (const { text, ids, offsets } of encoded) {
      const encoding = tokenizer.encode(text);
      assert.deepEqual(Array.from(encoding.ids), ids, JSON.stringify(text));
      if (!name.startsWith('offsets')) continue;
      assert.deepEqual(
        encoding.offsets.map((range) => range ?? [0, 0]),
        offsets,
        JSON.stringify(text),
      );
    }
    for (const { ids, text } of decoded) assert.equal(tokenizer.decode(ids), text, JSON.stringify(ids));
  });
}

test('of two added tokens that are written alike the first one is found', (t) => {
  const design = designs.find(({ name }) => name.startsWith('T6'));
  assert.ok(design !== undefined);
  const added = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: true,
    special: false,
  });
  const tokenizer = load(t, {
    ...design.tokenizer,
    normalizer: { type: 'Lowercase' },
    added_tokens: [added(70, 'AB'), added(71, 'ab')],
  });
  assert.deepEqual(Array.from(tokenizer.encode('xAB').ids).slice(1), [70]);
});
