import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../src/random.ts';
import { AddedTokenSplitter, readAddedTokens } from '../../src/tokenizers/added-tokens.ts';
import { createNormalizer } from '../../src/tokenizers/normalizers.ts';
import { PrefixIndex } from '../../src/tokenizers/prefix-index.ts';

function sections(tokens: Record<string, unknown>[], text: string, normalizer: Record<string, unknown> | null = null) {
  const added = readAddedTokens(tokens.map((token, id) => ({ id, ...token })));
  const split = new AddedTokenSplitter(added, createNormalizer(normalizer)).split(text);
  return split.map(({ text, token }) => [text.text, token?.id ?? null]);
}

test('the longest token at the leftmost place', () => {
  const tokens = [{ content: '<a>' }, { content: '<a>b' }, { content: 'b' }];
  assert.deepEqual(sections(tokens, 'x<a>by<a>'), [
    ['x', null],
    ['<a>b', 1],
    ['y', null],
    ['<a>', 0],
  ]);
});

test('tokens take white space with them, and stand alone, where they say so', () => {
  assert.deepEqual(sections([{ content: '<m>', lstrip: true, rstrip: true }], 'a  <m> \n b'), [
    ['a', null],
    ['  <m> \n ', 0],
    ['b', null],
  ]);
  assert.deepEqual(sections([{ content: 'cat', single_word: true }], 'cat concat cat.'), [
    ['cat', 0],
    [' concat ', null],
    ['cat', 0],
    ['.', null],
  ]);
});

test('normalized tokens are found in the normalized text, the others in the text as it is', () => {
  const tokens = [
    { content: 'Ab', normalized: true },
    { content: 'Cd', normalized: false },
  ];
  assert.deepEqual(sections(tokens, 'xABxcdxCd', { type: 'Lowercase' }), [
    ['x', null],
    ['ab', 0],
    ['xcdx', null],
    ['Cd', 1],
  ]);
});

test('the prefix index finds what a plain search finds', () => {
  const random = new Random(29);
  const word = (length: number) => Array.from({ length }, () => 'abé🙂'[random.integer(4)] ?? '').join('');
  for (let round = 0; round < 100; round++) {
    const strings = Array.from({ length: 30 }, () => word(random.integer(5)));
    const index = new PrefixIndex(strings);
    const text = word(20);
    for (let at = 0; at < text.length; at++) {
      const found: string[] = [];
      index.search(text, at, (match) => found.push(match));
      const wanted = [...new Set(strings)].filter((string) => string !== '' && text.startsWith(string, at));
      assert.deepEqual(
        found,
        wanted.sort((a, b) => a.length - b.length),
      );
      assert.equal(index.longest(text, at), wanted.at(-1) ?? null);
    }
  }
});
