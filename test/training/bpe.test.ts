import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countWords, trainBpe } from '../../training/bpe.ts';

test('the most frequent pair is joined first, and joins build on joins', () => {
  const words = new Map([
    ['low', 5],
    ['lower', 2],
    ['newest', 6],
    ['widest', 3],
  ]);
  const { merges, symbols } = trainBpe(words, [...'delnorstwi'], 14);
  // The example of Sennrich et al. 2016: e+s (9), es+t (9), l+o (7), lo+w (7).
  assert.deepEqual(merges, [
    ['e', 's'],
    ['es', 't'],
    ['l', 'o'],
    ['lo', 'w'],
  ]);
  assert.deepEqual(symbols.slice(10), ['es', 'est', 'lo', 'low']);
});

test('ids are distinct even where two merges spell the same token', () => {
  const words = new Map([
    ['abc', 4],
    ['bc', 9],
    ['xab', 9],
    ['ab', 9],
  ]);
  const { symbols } = trainBpe(words, [...'abcx'], 50);
  assert.equal(new Set(symbols).size, symbols.length);
});

test('the result does not depend on the order of the corpus', () => {
  const entries: [string, number][] = [
    ['haus', 3],
    ['maus', 3],
    ['raum', 3],
    ['baum', 3],
  ];
  const alphabet = [...'abhmrsu'];
  const forward = trainBpe(new Map(entries), alphabet, 14);
  assert.deepEqual(trainBpe(new Map(entries.reverse()), alphabet, 14), forward);
});

test('training stops when no pair is frequent enough', () => {
  assert.deepEqual(trainBpe(new Map([['ab', 1]]), ['a', 'b'], 10, 2).merges, []);
  assert.deepEqual(trainBpe(new Map([['ab', 2]]), ['a', 'b'], 10, 2).merges, [['a', 'b']]);
});

test('words are counted', () => {
  assert.deepEqual(
    [...countWords(['a', 'b', 'a'])],
    [
      ['a', 2],
      ['b', 1],
    ],
  );
});
