/**
 * Every color of a score, light and dark: steps from the color of an empty cell to that of the strongest score, in a hue
 * for each sign, with an ink that can be read on it. Steps are even in OKLab, so that lightness falls (or rises) steadily
 * and the order survives any color blindness (Ottosson, "A perceptual color space for image processing", 2020).
 */

import { LEVELS } from './scale.ts';

export type Theme = 'light' | 'dark';
/** `p`: at or above zero, `n`: below, `g`: step scores, on scales of their own. */
export type Hue = 'p' | 'n' | 'g';

/** A background and what is written on it, as `#rrggbb`. */
export interface Shade {
  fill: string;
  ink: string;
}

/** Lightness (0 to 1), chroma, hue in degrees. */
type Oklch = readonly [number, number, number];
type Triple = [number, number, number];

/** Of an empty cell, and the strongest of each hue. */
const STRONGEST: Record<Theme, Record<Hue | 'cell', Oklch>> = {
  light: { cell: [0.994, 0.003, 95], p: [0.5, 0.17, 32], n: [0.45, 0.13, 258], g: [0.72, 0.045, 165] },
  dark: { cell: [0.23, 0.01, 270], p: [0.79, 0.155, 52], n: [0.78, 0.115, 243], g: [0.47, 0.045, 170] },
};

/** Colors of the page around the scores. */
export const PAGE = {
  light: {
    paper: '#faf8f3',
    cell: '#fffefb',
    ink: '#1b1a17',
    muted: '#655f56',
    rule: '#e3ddd1',
    accent: '#a8321b',
    against: '#2b5fa8',
    onAccent: '#ffffff',
    focus: '#0b57d0',
    wrong: '#a3123a',
  },
  dark: {
    paper: '#131419',
    cell: '#1a1c22',
    ink: '#ece8df',
    muted: '#a8a398',
    rule: '#30333d',
    accent: '#ffa45c',
    against: '#7fb2ff',
    onAccent: '#1a120a',
    focus: '#8ab4f8',
    wrong: '#ff8fa3',
  },
} as const satisfies Record<Theme, Record<string, string>>;

/** Inks by preference: soft ones first, pure ones where only they can be read. */
const INKS: Record<Theme, readonly string[]> = {
  light: ['#1b1a17', '#fffdf8', '#000000', '#ffffff'],
  dark: ['#ece8df', '#131419', '#ffffff', '#000000'],
};

/** The least contrast of text (WCAG 2.2, 1.4.3). */
const LEAST_CONTRAST = 4.5;

/** Shades 0 to `LEVELS` of a hue. */
export function shades(theme: Theme, hue: Hue): readonly Shade[] {
  return PALETTES[theme][hue];
}

const PALETTES: Record<Theme, Record<Hue, readonly Shade[]>> = { light: palette('light'), dark: palette('dark') };

function palette(theme: Theme): Record<Hue, readonly Shade[]> {
  const { cell } = STRONGEST[theme];
  const scale = (hue: Hue): Shade[] =>
    Array.from({ length: LEVELS + 1 }, (_, level) => {
      const fill = hex(mixed(oklab(cell), oklab(STRONGEST[theme][hue]), level / LEVELS));
      return { fill, ink: inkOn(fill, theme) };
    });
  return { p: scale('p'), n: scale('n'), g: scale('g') };
}

function inkOn(fill: string, theme: Theme): string {
  return INKS[theme].find((ink) => contrast(ink, fill) >= LEAST_CONTRAST) ?? INKS[theme][0];
}

/** CSS: the page's colors as variables, `--paper` and so on. */
export function pageRules(): string {
  const names = Object.keys(PAGE.light) as (keyof typeof PAGE.light)[];
  const name = (key: string) => key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return `.whence{${names.map((key) => `--${name(key)}:light-dark(${PAGE.light[key]},${PAGE.dark[key]})`).join(';')}}`;
}

/** CSS: a class for each hue and level. */
export function shadeRules(): string {
  const rule = (hue: Hue, level: number) => {
    const [light, dark] = [shades('light', hue)[level], shades('dark', hue)[level]];
    return `.${hue}${level}{background:light-dark(${light.fill},${dark.fill});color:light-dark(${light.ink},${dark.ink})}`;
  };
  const hues: Hue[] = ['p', 'n', 'g'];
  return hues.flatMap((hue) => Array.from({ length: LEVELS + 1 }, (_, level) => rule(hue, level))).join('\n');
}

/** The contrast of two colors `#rrggbb`, from 1 to 21 (WCAG 2.2). */
export function contrast(a: string, b: string): number {
  const [darker, lighter] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(color: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => toLinear(Number.parseInt(color.slice(at, at + 2), 16) / 255));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function toGamma(value: number): number {
  return value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
}

function oklab([lightness, chroma, hue]: Oklch): Triple {
  const angle = (hue * Math.PI) / 180;
  return [lightness, chroma * Math.cos(angle), chroma * Math.sin(angle)];
}

function mixed(from: Triple, to: Triple, share: number): Triple {
  return [0, 1, 2].map((i) => from[i] + (to[i] - from[i]) * share) as Triple;
}

/** OKLab to `#rrggbb`; what lies outside of sRGB is clipped. */
function hex([lightness, a, b]: Triple): string {
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const linear = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
  const bytes = linear.map((value) => Math.round(Math.min(1, Math.max(0, toGamma(value))) * 255));
  return `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
