/** Seeded random texts: the same on every run. */

import type { Random } from '../../src/random.ts';

const ALPHABETS: readonly string[] = [
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJ    ',
  'éàüßñçøÅİıſ ﬁﬂ½①',
  '東京とカタカナ가각힣각',
  'مرحباשלום',
  ' \t\n\r\u00a0\u2003\u3000\u0085\ufeff',
  '.,;:!?\'"()[]{}<>|/\\-_+=*&^%$#@~`▁Ġ',
  '\u0301\u0308\u0327\u200d\ufe0f\u0e31\u0653',
  '0123456789٣٤५',
];
const EMOJI = ['🙂', '👩‍👩‍👧', '🇫🇷', '👍🏽', '𝔘', '🏴󠁧󠁢󠁥󠁮󠁧󠁿'];
const MARKS = ['</s>', '<unk>', '<|endoftext|>', '<0x0A>', '<s>', '<pad>', '▁▁', '<extra_id_0>', '__fr__'];

/** `wild`: also special tokens, lone surrogates and any code unit. */
export function randomText(random: Random, maxRuns: number, wild: boolean): string {
  let text = '';
  for (let run = random.integer(maxRuns) + 1; run > 0; run--) {
    const kind = random.integer(wild ? ALPHABETS.length + 3 : ALPHABETS.length + 1);
    const alphabet = [...(ALPHABETS[kind] ?? '')];
    const pick = (): string => {
      if (kind < ALPHABETS.length) return alphabet[random.integer(alphabet.length)];
      if (kind === ALPHABETS.length) return EMOJI[random.integer(EMOJI.length)];
      if (kind === ALPHABETS.length + 1) return MARKS[random.integer(MARKS.length)];
      return String.fromCharCode(random.integer(65536));
    };
    for (let i = random.integer(8) + 1; i > 0; i--) text += pick();
  }
  return text;
}
