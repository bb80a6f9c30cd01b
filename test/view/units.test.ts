/** Tokens, characters, words and sentences of a text, and the paragraphs that they stand in. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResultToken } from '../../src/contract/result.ts';
import { excerpt, paragraphsOf } from '../../src/view/model/text.ts';
import { tokenReader } from '../../src/view/model/tokens.ts';
import { type Granularity, isWord, unitsOf } from '../../src/view/model/units.ts';
import { smallSequence, tokensOf } from '../results/support.ts';

function units(tokens: ResultToken[], granularity: Granularity, start = tokens.length): string[] {
  const sequence = smallSequence({ target: tokens, attr_pos_start: start, attr_pos_end: tokens.length });
  return unitsOf(sequence, granularity).target.map(
    ({ space, text, from, to }) => `${space ? '_' : ''}${text}:${from}-${to}`,
  );
}

const special = (token: string): ResultToken => ({ id: 0, token, start: null, end: null });

describe('tokens as text', () => {
  it('of byte-level and SentencePiece vocabularies', () => {
    const read = tokenReader(['Ġthe', 'ĠmÃ©decin', 'Ċ']);
    assert.deepEqual(read('ĠmÃ©decin'), { space: true, text: 'médecin' });
    assert.deepEqual(read('Ċ'), { space: false, text: '↵' });
    assert.deepEqual(tokenReader(['▁la'])('▁la'), { space: true, text: 'la' });
    assert.deepEqual(tokenReader(['a'])('b\u0000 '), { space: false, text: 'b␀␣' });
  });
});

describe('units', () => {
  it('are tokens, words with punctuation apart, or sentences', () => {
    const tokens = tokensOf('Un', 'happy', ' dogs', ' bark', '.', ' They', ' do', '!');
    assert.equal(units(tokens, 'token').length, 8);
    assert.deepEqual(units(tokens, 'word'), [
      'Unhappy:0-2',
      '_dogs:2-3',
      '_bark:3-4',
      '.:4-5',
      '_They:5-6',
      '_do:6-7',
      '!:7-8',
    ]);
    assert.deepEqual(units(tokens, 'sentence'), ['Unhappy dogs bark.:0-5', '_They do!:5-8']);
  });

  it('begin anew where the answer begins, and special tokens stand alone', () => {
    const tokens = [special('<s>'), ...tokensOf('foot', 'ball', 'er'), special('</s>')];
    assert.deepEqual(units(tokens, 'word', 3), ['<s>:0-1', 'football:1-3', 'er:3-4', '</s>:4-5']);
    assert.deepEqual(units(tokens, 'sentence', 5), ['<s>:0-1', 'footballer:1-4', '</s>:4-5']);
  });

  it('show bytes as the characters that they spell', () => {
    const bytes = tokensOf('<0xE5>', '<0xB0>', '<0x8F>', 'a', '<0x0A>');
    assert.deepEqual(units(bytes, 'token'), ['小:0-3', 'a:3-4', '↵:4-5']);
    assert.deepEqual(units(tokensOf('Ġok', 'ðŁ', 'ĺ', 'Ģ'), 'token'), ['_ok:0-1', '😀:1-4']);
    assert.deepEqual(units(tokensOf('<0xE5>', '<0xB0>'), 'token'), ['<0xE5>:0-1', '<0xB0>:1-2'], 'no whole character');
  });

  it('have spaces where the text has them', () => {
    const tokens = tokensOf('The', 'end').map((token, at) => ({
      ...token,
      start: token.start + at,
      end: token.end + at,
    }));
    assert.deepEqual(units(tokens, 'token'), ['The:0-1', '_end:1-2']);
    assert.deepEqual(units(tokens, 'word'), ['The:0-1', '_end:1-2']);
  });

  it('say whether they are words', () => {
    assert.ok(isWord({ text: 'Paris', special: false }));
    assert.ok(!isWord({ text: '.', special: false }) && !isWord({ text: 'eos', special: true }));
  });
});

describe('paragraphs', () => {
  it('run from right to left where their letters do', () => {
    const source = [special('<s>'), ...tokensOf('ب', 'ا')];
    const [first, second] = paragraphsOf(smallSequence({ source }), 'token');
    assert.deepEqual([first.title, first.direction], ['Source', 'rtl']);
    assert.deepEqual([second.title, second.direction], ['Answer', 'ltr']);
  });

  it('are the turns of a conversation, with what the template adds apart', () => {
    const roles = [undefined, 'user', 'user', undefined, undefined];
    const target = tokensOf('<|', 'Hi', '!', '|>', 'Yo').map((token, at) => ({ ...token, role: roles[at] }));
    const found = paragraphsOf(smallSequence({ target, attr_pos_start: 4, attr_pos_end: 5 }), 'token');
    assert.deepEqual(
      found.map(({ title, template, pieces }) => [title, template, pieces.length]),
      [
        ['Template', true, 1],
        ['User', false, 2],
        ['Template', true, 1],
        ['Answer', false, 1],
      ],
    );
  });

  it('have an excerpt of what was given', () => {
    assert.equal(excerpt(smallSequence()), 'The capital');
    assert.equal(excerpt(smallSequence(), 6), 'The c…');
  });
});
