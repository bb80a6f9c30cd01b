/** Scores to levels of color and to numbers that can be compared with each other. */

import type { Hue } from './colors.ts';

/** Steps of color from nothing to the strongest. */
export const LEVELS = 40;

export interface Scale {
  /** Largest absolute value: the strongest color. */
  max: number;
  /** Whether there are values below zero. */
  signed: boolean;
  /** Numbers are shown in units of ten to this power. */
  exponent: number;
}

/** The scale of some values; null and NaN are left out. */
export function scaleOf(values: Iterable<number | null>): Scale {
  let max = 0;
  let signed = false;
  for (const value of values) {
    if (value === null || Number.isNaN(value)) continue;
    max = Math.max(max, Math.abs(value));
    if (value < 0) signed = true;
  }
  return { max, signed, exponent: exponentOf(max) };
}

function exponentOf(max: number): number {
  const magnitude = max > 0 ? Math.floor(Math.log10(max)) : 0;
  return magnitude < -2 || magnitude > 3 ? magnitude : 0;
}

/** The level of a value, 0 to `LEVELS`; values beyond `max` have the strongest color. */
export function levelOf(value: number, max: number): number {
  return max > 0 ? Math.min(LEVELS, Math.round((Math.abs(value) / max) * LEVELS)) : 0;
}

/** The hue of a value. */
export function hueOf(value: number): Hue {
  return value < 0 ? 'n' : 'p';
}

/** Class of a cell: hue and level; `x` where there is no value. */
export function colorClass(value: number | null, max: number): string {
  if (value === null || Number.isNaN(value)) return 'x';
  return `${hueOf(value)}${levelOf(value, max)}`;
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

/** A number by itself: three significant digits, with its power of ten where it is small or large. */
export function formatAlone(value: number): string {
  const scale = scaleOf([value]);
  return `${formatNumber(value, scale)}${unitText(scale)}`;
}

/** A share as people say it. */
export function percent(share: number): string {
  const hundredths = share * 100;
  return `${hundredths > 0 && hundredths < 1 ? '< 1' : Math.round(hundredths)} %`;
}
