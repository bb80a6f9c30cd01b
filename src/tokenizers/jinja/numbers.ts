/** How Python writes and rounds numbers, for its two kinds of format strings and the filter `round`. */

/** The decimal digits of `|value|` with `digits` after the point, ties to the even digit. */
export function toFixed(value: number, digits: number): string {
  const places = Math.min(digits, 100);
  const magnitude = Math.abs(value);
  if (magnitude >= 1e21) return BigInt(magnitude).toString() + (places > 0 ? `.${'0'.repeat(places)}` : '');
  const text = magnitude.toFixed(places);
  if (places >= 70) return text;
  // JavaScript rounds an exact tie up.
  const exact = magnitude.toFixed(Math.min(100, places + 30));
  const rest = exact.slice(exact.indexOf('.') + 1 + places);
  const isTie = /^50*$/.test(rest) && Number(exact) === magnitude;
  const lower = exact.slice(0, exact.length - rest.length).replace(/\.$/, '');
  const lastIsEven = '02468'.includes(lower.at(-1) ?? '0');
  return isTie && lastIsEven ? lower : text;
}

/** `round(value, digits)`. */
export function round(value: number, digits: number): number {
  if (!Number.isFinite(value)) return value;
  if (digits >= 0) return Math.sign(value) * Number(toFixed(value, digits));
  const unit = 10 ** -digits;
  return Number(toFixed(value / unit, 0)) * Math.sign(value) * unit;
}

/** `e` with an exponent of at least two digits. */
function toExponential(value: number, digits: number): string {
  return Math.abs(value)
    .toExponential(Math.min(digits, 100))
    .replace(/e([+-])(\d)$/, 'e$10$2');
}

/** `g`: `digits` significant ones, with an exponent where it is very small or large. */
function toGeneral(value: number, digits: number, keepZeros: boolean): string {
  const places = Math.max(digits, 1);
  if (value === 0) return keepZeros ? `0.${'0'.repeat(places - 1)}` : '0';
  const exponent = Number(
    Math.abs(value)
      .toExponential(places - 1)
      .split('e')[1],
  );
  const isShort = exponent >= -4 && exponent < places;
  const text = isShort ? toFixed(value, places - 1 - exponent) : toExponential(value, places - 1);
  return keepZeros ? text : text.replace(/(\.\d*?)0+(e|$)/, '$1$2').replace(/\.(e|$)/, '$1');
}

/** A float by one of the letters `e f g` and `%`, in capitals or not; without its sign. */
export function formatFloat(value: number, letter: string, digits: number, keepZeros = false): string {
  if (!Number.isFinite(value)) {
    const text = Number.isNaN(value) ? 'nan' : 'inf';
    return letter === letter.toLowerCase() ? text : text.toUpperCase();
  }
  const lower = letter.toLowerCase();
  const text =
    lower === 'e'
      ? toExponential(value, digits)
      : lower === 'g'
        ? toGeneral(value, digits, keepZeros)
        : toFixed(value, digits);
  return letter === lower ? text : text.toUpperCase();
}

/** Separators between groups of digits of the whole part. */
export function group(digits: string, separator: string, size = 3): string {
  const [, whole, rest] = /^(\d*)(.*)$/s.exec(digits) ?? ['', digits, ''];
  const groups: string[] = [];
  for (let end = whole.length; end > 0; end -= size) groups.unshift(whole.slice(Math.max(0, end - size), end));
  return groups.join(separator) + rest;
}
