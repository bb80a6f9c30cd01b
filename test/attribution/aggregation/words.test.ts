/** Merging the tokens of words. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { handmade, over, run, texts } from './support.ts';

describe('words', () => {
  it('merge the pieces of each word and leave punctuation and special tokens alone', () => {
    const text = 'unhappy dogs bark.';
    const words = run(over(text, 0, 2, 7, 10, 12, 17), [{ name: 'words' }], text);
    assert.deepEqual(texts(words), ['unhappy', ' dogs', ' bark', '.', '</s>']);
    assert.deepEqual([words.attrPosStart, words.attrPosEnd], [0, 5]);
    assert.deepEqual(words.targetAttributions?.shape, [5, 5]);
    assert.deepEqual(Array.from(words.stepScores.probability), [0.5, 0.25, 0.5, 0.5, 0.5]);
    assert.deepEqual(words.target[1], { id: -1, token: ' dogs', start: 7, end: 12 });
  });

  it('find words where there are no spaces, in the given language', () => {
    const text = '東京に行く';
    const words = run(over(text, 0, 1, 2, 3, 4), [{ name: 'words', args: { locale: 'ja' } }], text);
    assert.ok(texts(words).includes('東京'));
  });

  it('find the words of Chinese and Arabic', () => {
    const chinese = '我喜欢北京。你呢？';
    const each = [...chinese].map((_, at) => at);
    assert.deepEqual(texts(run(over(chinese, ...each), [{ name: 'words' }], chinese)).slice(0, 4), [
      '我',
      '喜欢',
      '北京',
      '。',
    ]);
    const arabic = 'مرحبا بالعالم';
    const words = run(over(arabic, 0, 2, 5, 9), [{ name: 'words' }], arabic);
    assert.deepEqual(texts(words), ['مرحبا', ' بالعالم', '</s>']);
    assert.deepEqual([words.target[1].start, words.target[1].end], [5, arabic.length]);
  });

  it('a token that is a space belongs to what comes after it, the last one to none', () => {
    const text = 'big dog  ran \nfar ';
    const words = run(over(text, 0, 3, 4, 6, 7, 8, 9, 12, 13, 14, 17), [{ name: 'words' }], text);
    assert.deepEqual(texts(words), ['big', ' dog', '  ran', ' \n', 'far', ' ', '</s>']);
  });

  it('a character whose bytes are tokens of their own is shown once where tokens are shown as text', () => {
    const text = '日本';
    const bytes = [0, 0, 0, 1, 1, 1].map((at, id) => ({ id, token: text[at], start: at, end: at + 1 }));
    const whole = run({ ...over(text, 0), target: bytes, attrPosEnd: 2 }, [{ name: 'words' }], text);
    assert.deepEqual(texts(whole), ['日本']);
    const raw = bytes.map((token, k) => ({ ...token, token: `<${k}>` }));
    const joined = run({ ...over(text, 0), target: raw, attrPosEnd: 2 }, [{ name: 'words' }], text);
    assert.deepEqual(texts(joined), ['<0><1><2><3><4><5>']);
  });

  it('refuse what is not a language', () => {
    const chain = [{ name: 'words', args: { locale: 'no such language' } }];
    assert.throws(() => run(handmade(), chain), { code: 'invalid_aggregator', pointer: '#/aggregators/0/args/locale' });
  });
});
