/** Names of people and places, made of random syllables. Some are *held out*: no training text holds them. */
import { hashFraction, type Random } from '../random.ts';

const VOWELS = [...'aeiouaeioua', 'ai', 'ie', 'y'];
const ONSETS =
  'b c d f g h j k l m n p r s t v w z b c d f g h j k l m n p r s t v w z br ch cl dr fl gr pl pr sh st th tr'.split(
    ' ',
  );
const CODAS = 'n r l s m n r l s t d k x ck ll nd nn ss'.split(' ');
const ENDINGS = ['', '', '', '', 'e', 'y'];
const SYLLABLES = [1, 2, 2, 2, 2, 3];

const HELD_OUT = 0.1;

/** Whether no training text may hold the name. */
const isHeldOut = (name: string): boolean => hashFraction(name) < HELD_OUT;

/** A name of 3 to 8 letters, of those that are held out or of the others. */
export function drawName(random: Random, heldOut: boolean): string {
  for (;;) {
    const name = anyName(random);
    if (name.length >= 3 && name.length <= 8 && isHeldOut(name) === heldOut) return name;
  }
}

/** Names that differ from each other. */
export function drawNames(random: Random, count: number, heldOut: boolean): string[] {
  const names = new Set<string>();
  while (names.size < count) names.add(drawName(random, heldOut));
  return [...names];
}

function anyName(random: Random): string {
  const syllables = random.pick(SYLLABLES);
  let name = '';
  for (let i = 0; i < syllables; i++) {
    // A name may begin with a vowel; later syllables need a consonant between two vowels.
    if (i > 0 || random.next() < 0.8) name += random.pick(ONSETS);
    name += random.pick(VOWELS);
    if (random.next() < (i === syllables - 1 ? 0.5 : 0.25)) name += random.pick(CODAS);
  }
  name += random.pick(ENDINGS);
  return name[0].toUpperCase() + name.slice(1);
}
