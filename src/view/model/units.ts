/** The parts of a text that a reader looks at: tokens, characters made of several tokens, words, sentences. */

import type { ResultSequence, ResultToken } from '../../contract/result.ts';
import { bytesReader, tokenReader } from './tokens.ts';

export const GRANULARITIES = ['token', 'word', 'sentence'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export type Side = 'source' | 'target';

/** Neighboring tokens of one side that are shown as one. */
export interface Unit {
  side: Side;
  /** First token. */
  from: number;
  /** One past the last token. */
  to: number;
  text: string;
  /** Whether a space precedes it. */
  space: boolean;
  /** Whether it stands for no characters of the text, such as the start of a sequence. */
  special: boolean;
  /** Whether the model was made to write it. */
  forced: boolean;
  role: string | null;
}

/** The units of a sequence's two sides; the answer begins with a unit of its own. */
export function unitsOf(sequence: ResultSequence, granularity: Granularity): Record<Side, Unit[]> {
  const { source, target, attr_pos_start: start, attr_pos_end: end } = sequence;
  return {
    source: merged(characters('source', source, []), granularity, []),
    target: merged(characters('target', target, [start, end]), granularity, [start, end]),
  };
}

/** Tokens, those that spell one character together as one. @param cuts - tokens that begin a unit in any case */
function characters(side: Side, tokens: readonly ResultToken[], cuts: readonly number[]): Unit[] {
  const texts = tokens.map(({ token }) => token);
  const read = tokenReader(texts);
  const spell = bytesReader(texts);
  const units: Unit[] = [];
  let ended: number | null = null;
  for (let from = 0; from < tokens.length; ) {
    const to = characterEnd(texts, from, cuts, spell);
    const spelled = to > from + 1 || /^<0x[0-9A-F]{2}>$/.test(texts[from]) ? spell(texts.slice(from, to)) : null;
    const { space, text } = spelled ?? read(texts[from]);
    const { start, role } = tokens[from];
    const gap = ended !== null && start !== null && start > ended;
    ended = tokens[to - 1].end ?? ended;
    const forced = tokens.slice(from, to).some((token) => token.forced === true);
    units.push({ side, from, to, text, space: space || gap, special: start === null, forced, role: role ?? null });
    from = to;
  }
  return units;
}

/** Most bytes of a character in UTF-8, and so most tokens that spell one. */
const CHARACTER_BYTES = 4;

function characterEnd(
  texts: readonly string[],
  from: number,
  cuts: readonly number[],
  spell: (parts: readonly string[]) => unknown,
): number {
  // A token that is no byte sequence, or a whole one, stands alone.
  for (let to = from + 1; to <= Math.min(texts.length, from + CHARACTER_BYTES); to++) {
    if (to > from + 1 && cuts.includes(to - 1)) break;
    if (spell(texts.slice(from, to)) !== null) return to;
  }
  return from + 1;
}

/** Units of the same segment of the text, by the rules of Unicode (UAX #29), as one; special ones stand alone. */
function merged(units: readonly Unit[], granularity: Granularity, cuts: readonly number[]): Unit[] {
  if (granularity === 'token') return [...units];
  let text = '';
  const starts = units.map((unit) => {
    const at = text.length + (unit.space ? 1 : 0);
    text += `${unit.space ? ' ' : ''}${plainText(unit)}`;
    return at;
  });
  const segments = new Intl.Segmenter(undefined, { granularity }).segment(text);
  const result: Unit[] = [];
  let open = -1;
  for (const [i, unit] of units.entries()) {
    const segment = unit.special ? -1 : (segments.containing(starts[i])?.index ?? -1);
    const before = result.at(-1);
    const joins = segment >= 0 && segment === open && before?.role === unit.role && !cuts.includes(unit.from);
    if (before === undefined || !joins) {
      result.push({ ...unit });
    } else {
      before.text += `${unit.space ? ' ' : ''}${unit.text}`;
      before.to = unit.to;
      before.forced ||= unit.forced;
    }
    open = segment;
  }
  return result;
}

/** Signs of line ends and tabs are what they stand for, where segments are looked for. */
function plainText({ text, special }: Unit): string {
  return special ? '' : text.replaceAll('↵', '\n').replaceAll('⇥', '\t').replaceAll('␣', ' ');
}

/** Whether a unit has letters or digits, and so something to say. */
export function isWord({ text, special }: Pick<Unit, 'text' | 'special'>): boolean {
  return !special && /[\p{L}\p{N}]/u.test(text);
}
