/**
 * Parallel texts from the npm package `n2words` (MIT): a number in words, alone or in a short sentence, in two of seven languages.
 * A tenth of the numbers above 100 is held out: no training text holds them, in no language.
 */
import { toCardinal as german } from 'n2words/de-DE';
import { toCardinal as english } from 'n2words/en-US';
import { toCardinal as spanish } from 'n2words/es-ES';
import { toCardinal as french } from 'n2words/fr-FR';
import { toCardinal as italian } from 'n2words/it-IT';
import { toCardinal as dutch } from 'n2words/nl-NL';
import { toCardinal as portuguese } from 'n2words/pt-PT';
import { hashFraction, type Random } from '../random.ts';
import { LANGUAGES, type Language, SENTENCES } from './phrasings.ts';

/** One text in two languages. */
export interface Pair {
  from: Language;
  to: Language;
  source: string;
  target: string;
}

/** Numbers below this are known. */
export const LIMIT = 10_000;

const CARDINALS: Record<Language, (n: number) => string> = {
  en: (n) => english(n),
  fr: (n) => french(n),
  de: (n) => german(n),
  es: (n) => spanish(n),
  it: (n) => italian(n),
  pt: (n) => portuguese(n),
  nl: (n) => dutch(n),
};

/** Whether a number never occurs in training. Up to 100 all do: there are the words that the others are made of. */
export const isHeldOut = (n: number): boolean => n > 100 && hashFraction(`number ${n}`) < 0.1;

/** Sentence number `sentence` of {@link SENTENCES} about the numbers `a` and `b`, in one language. */
export function sentenceIn(language: Language, sentence: number, a: number, b: number): string {
  const template = SENTENCES[sentence][LANGUAGES.indexOf(language)];
  const text = template.replace('{a}', CARDINALS[language](a)).replace('{b}', CARDINALS[language](b));
  return sentence === 0 ? text : text[0].toUpperCase() + text.slice(1);
}

/** A number of one to four digits, each as likely, that is or is not held out. */
function drawNumber(random: Random, heldOut: boolean): number {
  for (;;) {
    const n = random.below(10 ** (1 + random.below(4)));
    if (isHeldOut(n) === heldOut) return n;
  }
}

/** Draws one pair. Half are bare numbers. With `heldOut`, every number in it is one that training never sees. */
export function drawPair(random: Random, heldOut = false): Pair {
  const sentence = random.next() < 0.5 ? 0 : 1 + random.below(SENTENCES.length - 1);
  const english = SENTENCES[sentence][0];
  let a = drawNumber(random, heldOut);
  let b = drawNumber(random, heldOut);
  if (english.includes('greater') ? a < b : english.includes('less') && a > b) [a, b] = [b, a];
  const from = random.pick(LANGUAGES);
  const to = random.pick(LANGUAGES.filter((language) => language !== from));
  return { from, to, source: sentenceIn(from, sentence, a, b), target: sentenceIn(to, sentence, a, b) };
}
