/** Names that a client may have meant. */
import { closest, distance } from 'fastest-levenshtein';

/** Names listed in a message at most. */
const LISTED = 40;

/** The known name nearest to `name`, or undefined where none is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > 100) return undefined;
  const lower = name.toLowerCase();
  const candidate = closest(lower, [...known]);
  const containing = known.find((other) => lower.length >= 3 && (other.includes(lower) || lower.includes(other)));
  const near = distance(lower, candidate.toLowerCase()) <= Math.max(2, Math.floor(candidate.length / 3));
  return near ? candidate : containing;
}

/** ` Did you mean "x"? Known: a, b, c.` */
export function suggestion(name: string, known: readonly string[], what: string): string {
  const near = nearest(name, known);
  const listed =
    known.slice(0, LISTED).join(', ') + (known.length > LISTED ? `, and ${known.length - LISTED} more` : '');
  return `${near === undefined ? '' : ` Did you mean "${near}"?`} Known ${what}: ${listed || 'none'}.`;
}
