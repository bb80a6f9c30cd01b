/** The colors and numbers of a heatmap: one scale for all scores of a sequence, so that they can be compared. */

/** Steps of color from nothing to the strongest. */
export const LEVELS = 40;

export interface Scale {
  /** Largest absolute value. */
  max: number;
  /** Whether there are values below zero. */
  signed: boolean;
  /** Numbers are shown in units of ten to this power. */
  exponent: number;
}

/** The scale of some values, null left out. */
export function scaleOf(values: Iterable<number | null>): Scale {
  let max = 0;
  let signed = false;
  for (const value of values) {
    if (value === null) continue;
    max = Math.max(max, Math.abs(value));
    if (value < 0) signed = true;
  }
  const magnitude = max > 0 ? Math.floor(Math.log10(max)) : 0;
  return { max, signed, exponent: magnitude < -2 || magnitude > 3 ? magnitude : 0 };
}

/** Class of a cell: `p` and `n` for the sign, with the level; `x` where there is no value. */
export function colorClass(value: number | null, { max }: Scale): string {
  if (value === null) return 'x';
  const level = max > 0 ? Math.round((Math.abs(value) / max) * LEVELS) : 0;
  return `${value < 0 ? 'n' : 'p'}${level}`;
}

/** A number in the scale's unit, with a true minus sign and three significant digits of the largest. */
export function formatNumber(value: number, { max, exponent }: Scale): string {
  const unit = 10 ** exponent;
  const digits = max > 0 ? Math.floor(Math.log10(max / unit)) : 0;
  const text = (value / unit).toFixed(Math.min(Math.max(2 - digits, 0), 4));
  return Number(text) === 0 ? text.replace('-', '') : text.replace('-', '−');
}

/** The unit that numbers are shown in, such as "×10⁻⁵"; empty for 1. */
export function unitText({ exponent }: Scale): string {
  if (exponent === 0) return '';
  const digits = Array.from(String(Math.abs(exponent)), (digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(digit)]);
  return `×10${exponent < 0 ? '⁻' : ''}${digits.join('')}`;
}
