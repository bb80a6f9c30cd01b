/** Values and names as messages show them: short, whatever they are and however large. */

/** Characters of a value in a message. */
const SHOWN = 80;
/** Characters of a name (a field, an id, a pointer) in a message. */
const NAME = 200;
/** Parts of a value that are looked at: more cannot fit into `SHOWN` characters. */
const PARTS = SHOWN;

/** A value as JSON, shortened. Only as much of the value is read as is shown. */
export function show(value: unknown): string {
  const text = write(value, { left: PARTS });
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN - 3)}...`;
}

/** A name that a client chose, shortened. */
export function showName(name: string): string {
  return name.length <= NAME ? name : `${name.slice(0, NAME)}...`;
}

/** @param budget - parts that may still be written; counted down */
function write(value: unknown, budget: { left: number }): string {
  if (value === undefined) return 'undefined';
  // JSON.parse makes infinity of 1e999, and JSON.stringify null of infinity
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number that is too large';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, SHOWN));
  if (typeof value !== 'object' || value === null) return String(value);
  const parts: string[] = [];
  for (const key in value) {
    if (!Object.hasOwn(value, key)) continue;
    if (budget.left-- <= 0) break;
    const inner = write(value[key as keyof typeof value], budget);
    parts.push(Array.isArray(value) ? inner : `${JSON.stringify(key.slice(0, SHOWN))}:${inner}`);
  }
  return Array.isArray(value) ? `[${parts.join()}]` : `{${parts.join()}}`;
}
