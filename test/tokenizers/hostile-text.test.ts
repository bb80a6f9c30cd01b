import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadTokenizer } from '../../src/tokenizers/tokenizer.ts';
import { modelDir } from '../support/goldens.ts';

const LENGTH = 65_536;
const repeat = (text: string): string => text.repeat(Math.ceil(LENGTH / text.length)).slice(0, LENGTH);

const TEXTS: Record<string, string> = {
  'one word': repeat('x'),
  'one word of all letters': Array.from({ length: LENGTH }, (_, i) => String.fromCharCode(97 + ((i * 7919) % 26))).join(
    '',
  ),
  spaces: repeat(' '),
  'spaces before a word': `${repeat(' ')}a`,
  'line breaks': repeat('\r\n'),
  'Chinese and Japanese': repeat('東京とÜ'),
  'emoji families': repeat('👩‍👩‍👧'),
  'one letter with marks': `e${repeat('\u0301')}`,
  'zero-width joiners': repeat('\u200d'),
  'starts of special tokens': repeat('<|endoftex'),
  'byte order marks': repeat('\ufeff'),
  'half surrogates': repeat('\ud800'),
};

/** Of computing time: generous, as quadratic behavior takes a hundred times as long. */
const SECONDS = 3;

const MODELS = ['gpt2', 'bart', 'llama', 'qwen2', 'marian', 'm2m100', 'nllb', 'mbart', 't5', 'aligner'];

for (const model of MODELS.map((name) => `${name}-tiny`)) {
  test(`${model}: 64 KiB of anything are tokenized in linear time`, () => {
    const tokenizer = loadTokenizer(modelDir(model));
    for (const [what, text] of Object.entries(TEXTS)) {
      const start = process.cpuUsage();
      const { ids } = tokenizer.encode(text);
      tokenizer.decode(ids);
      const seconds = process.cpuUsage(start).user / 1e6;
      assert.ok(seconds < SECONDS, `${what}: ${seconds.toFixed(2)} s`);
    }
  });
}
