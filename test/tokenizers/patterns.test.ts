/** Regular expressions of tokenizer.json, held against Python's tokenizers and against Oniguruma itself. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import oniguruma from 'vscode-oniguruma';
import { Random } from '../../src/random.ts';
import { AlignedText } from '../../src/tokenizers/aligned-text.ts';
import { createNormalizer } from '../../src/tokenizers/normalizers.ts';
import { type Range, readPattern } from '../../src/tokenizers/patterns.ts';
import { createPreTokenizer } from '../../src/tokenizers/pre-tokenizers.ts';
import { randomText } from './random-text.ts';

interface Case {
  pattern: string;
  refused?: true;
  /** By behavior, then by text. */
  pieces: Record<string, string[][]>;
  inverted: string[][];
  replaced: string[];
}

const { texts, cases }: { texts: string[]; cases: Case[] } = JSON.parse(
  fs.readFileSync(new URL('../fixtures/tokenizers/patterns.json', import.meta.url), 'utf8'),
);

/** What oniguruma-to-es cannot express in JavaScript: refused with the pattern's name, never run as something else. */
const UNTRANSLATABLE = ['a(?i)b|c', '(?i)\\p{Lu}', '\\X', '\\y', '(?(a)b|c)', '\\p{InCyrillic}', '(?W:\\w+)'];

function split(pattern: string, text: string, behavior: string, invert = false): string[] {
  const preTokenize = createPreTokenizer({ type: 'Split', pattern: { Regex: pattern }, behavior, invert });
  return preTokenize(AlignedText.of(text)).map((piece) => piece.text);
}

for (const { pattern, refused, ...right } of cases) {
  test(`as Python's: ${JSON.stringify(pattern)}`, () => {
    if (refused || UNTRANSLATABLE.includes(pattern)) {
      assert.throws(
        () => readPattern({ Regex: pattern }, 'normalizer.pattern'),
        (error: Error) =>
          error.name === 'TokenizerError' &&
          error.message.startsWith('normalizer.pattern: ') &&
          error.message.includes(JSON.stringify(pattern)),
      );
      return;
    }
    const replace = createNormalizer({ type: 'Replace', pattern: { Regex: pattern }, content: '_' });
    for (const [index, text] of texts.entries()) {
      for (const [behavior, pieces] of Object.entries(right.pieces)) {
        assert.deepEqual(split(pattern, text, behavior), pieces[index], behavior);
      }
      if (right.inverted.length > 0) {
        assert.deepEqual(split(pattern, text, 'Contiguous', true), right.inverted[index]);
      }
      assert.equal(replace(AlignedText.of(text)).text, right.replaced[index]);
    }
  });
}

test('as Oniguruma on random texts', async () => {
  const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
  await oniguruma.loadWASM(fs.readFileSync(wasm));
  const random = new Random(41);
  const randomTexts = Array.from({ length: 40 }, () => randomText(random, 6, false));
  for (const { pattern, refused } of cases) {
    if (refused || UNTRANSLATABLE.includes(pattern)) continue;
    if (OTHER_VERSION.includes(pattern)) continue;
    const scanner = new oniguruma.OnigScanner([pattern]);
    const find = readPattern({ Regex: pattern }, 'pattern');
    for (const text of randomTexts) {
      assert.deepEqual(find(text), scan(scanner, text), `${pattern} in ${JSON.stringify(text)}`);
    }
    scanner.dispose();
  }
});

/** Where vscode-oniguruma's version differs from Python's, which is right above. */
const OTHER_VERSION = ['\\R+', '[[:punct:]]+'];

/** All matches, by the rule of Rust's binding: no empty match right behind another. */
function scan(scanner: oniguruma.OnigScanner, text: string): Range[] {
  const matches: Range[] = [];
  const string = new oniguruma.OnigString(text);
  let last = -1;
  for (let at = 0; at <= text.length; ) {
    const found = scanner.findNextMatchSync(string, at)?.captureIndices[0];
    if (found === undefined) break;
    const { start, end } = found;
    if (start < end || end !== last) {
      matches.push([start, end]);
      last = end;
    }
    at = start < end ? end : end + (text.codePointAt(end)! > 0xffff ? 2 : 1);
  }
  string.dispose();
  return matches;
}
