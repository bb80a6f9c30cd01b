import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawPair, isHeldOut, LIMIT, sentenceIn } from '../../training/numbers/data.ts';
import { LANGUAGES, SENTENCES } from '../../training/numbers/phrasings.ts';
import { seededRandom } from '../../training/random.ts';

test('numbers in words, in seven languages', () => {
  const words = LANGUAGES.map((language) => sentenceIn(language, 0, 42, 0));
  assert.deepEqual(words, [
    'forty-two',
    'quarante-deux',
    'zweiundvierzig',
    'cuarenta y dos',
    'quarantadue',
    'quarenta e dois',
    'tweeënveertig',
  ]);
});

test('every sentence exists in every language, with the same numbers', () => {
  for (const sentence of SENTENCES) {
    assert.equal(sentence.length, LANGUAGES.length);
    for (const text of sentence) assert.equal(text.includes('{b}'), sentence[0].includes('{b}'), text);
  }
  assert.equal(sentenceIn('de', 7, 9, 3), 'Neun ist größer als drei.');
});

test('a tenth of the numbers above a hundred is held out', () => {
  const heldOut = Array.from({ length: LIMIT }, (_, n) => n).filter(isHeldOut);
  assert.ok(heldOut.length > 900 && heldOut.length < 1100, `${heldOut.length}`);
  assert.ok(heldOut[0] > 100);
});

test('training never draws a held-out number, the test draws nothing else', () => {
  const bare = new Map<string, number>();
  for (let n = 0; n < LIMIT; n++) bare.set(sentenceIn('it', 0, n, 0), n); // one word each
  for (const heldOut of [false, true]) {
    const random = seededRandom(5);
    let found = 0;
    for (let i = 0; i < 3000; i++) {
      const { from, source } = drawPair(random, heldOut);
      if (from !== 'it') continue;
      const numbers = source.split(/[ .,?]+/).flatMap((word) => bare.get(word.toLowerCase()) ?? []);
      found += numbers.length;
      assert.ok(numbers.length > 0, source);
      for (const n of numbers) assert.equal(isHeldOut(n), heldOut, source);
    }
    assert.ok(found > 400);
  }
});

test('comparisons are true, and source and target are different languages', () => {
  const value = new Map(Array.from({ length: LIMIT }, (_, n) => [sentenceIn('nl', 0, n, 0), n]));
  const random = seededRandom(11);
  let compared = 0;
  for (let i = 0; i < 4000; i++) {
    const { from, to, target } = drawPair(random);
    assert.notEqual(from, to);
    const match = to === 'nl' && /^(.*) is (groter|kleiner) dan (.*)\.$/.exec(target);
    if (!match) continue;
    const difference = (value.get(match[1].toLowerCase()) ?? Number.NaN) - (value.get(match[3]) ?? Number.NaN);
    assert.ok(match[2] === 'groter' ? difference >= 0 : difference <= 0, target);
    compared++;
  }
  assert.ok(compared > 20);
});
