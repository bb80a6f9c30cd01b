/** Names that somebody may have meant by one that is not known. */
import { closest, distance } from 'fastest-levenshtein';
import { showName } from './show.ts';

/** Names listed in a message. */
const LISTED = 40;
/** Longer names are not compared: no id is as long, and comparing takes time that grows with the length. */
const MOST_CHARACTERS = 100;
/** Names that are compared letter by letter. */
const MOST_COMPARED = 2_000;

/**
 * The known name nearest to `name`, or undefined where none is near: the same but for case and punctuation, the shortest
 * that begins with it, the one spelled most alike, one that holds it or is held by it; in this order.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name === '' || name.length > MOST_CHARACTERS) return undefined;
  const plain = plainOf(name);
  const same = known.find((other) => plainOf(other) === plain);
  if (same !== undefined) return same;
  if (plain.length >= 3) {
    const longer = known.filter((other) => plainOf(other).startsWith(plain));
    if (longer.length > 0) return longer.reduce((best, other) => (other.length < best.length ? other : best));
  }
  const lower = name.toLowerCase();
  const candidate = closest(lower, known.slice(0, MOST_COMPARED));
  const typos = distance(lower, candidate.toLowerCase());
  if (typos <= Math.max(2, Math.floor(candidate.length / 3)) && typos < lower.length) return candidate;
  return known.find((other) => lower.length >= 3 && (other.includes(lower) || lower.includes(other)));
}

/**
 * ` Did you mean "x"? Known fields: a, b, c.`
 * @param meant - the name that is surely meant, in place of the nearest
 */
export function suggestion(name: string, known: readonly string[], what: string, meant?: string): string {
  const near = meant ?? nearest(name, known);
  const listed = known.slice(0, LISTED).map(showName).join(', ');
  const more = known.length > LISTED ? `, and ${known.length - LISTED} more` : '';
  return `${near === undefined ? '' : ` Did you mean "${near}"?`} Known ${what}: ${listed || 'none'}${more}.`;
}

/** Without what people and programs write differently: case, spaces, hyphens and underscores. */
function plainOf(name: string): string {
  return name.toLowerCase().replace(/[\s_-]+/g, '');
}
