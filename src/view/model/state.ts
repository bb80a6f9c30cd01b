/** What a page shows of a result of any kind, and everything that follows from what is chosen. */

import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Focus, Phrase } from './headline.ts';
import { type Link, sourcesOf, targetsOf } from './links.ts';
import { columnOf, type Matrix, type MatrixOptions, quantile, rowOf, withoutFaintRows } from './matrix.ts';
import { scaleOf } from './scale.ts';
import { focusOf, type Selection } from './selection.ts';
import type { Paragraph } from './text.ts';
import { type Granularity, isWord, type Unit } from './units.ts';

export const PANELS = ['matrix', 'layers', 'scores'] as const;
export type Panel = (typeof PANELS)[number];

/** What can be set, and what a new page begins with. */
export interface Settings {
  /** Which of the subjects. */
  text: number;
  granularity: Granularity;
  panel: Panel;
  /** Of a token of the answer: where it came from, or what it led to. */
  toward: 'sources' | 'effects';
  shares: boolean;
  /** One scale for all columns, or one for each. */
  scale: 'all' | 'each';
  /** How many times stronger than their scale colors are. */
  boost: number;
  /** Whether rows that are faint in every column are left out. */
  fold: boolean;
  numbers: boolean;
}

/** One text with its scores. */
export interface Subject {
  paragraphs(granularity: Granularity): Paragraph[];
  matrix(options: MatrixOptions): Matrix;
  /** The matrix in words. */
  headline(matrix: Matrix, focus: Focus): Phrase[];
}

/** Shares below this are faint, and in long texts those below half of the average. */
const FAINT = 0.01;
/** From so many rows on faint ones are folded, and from so many columns on numbers are hidden, unless asked for. */
const MANY_ROWS = 60;
const MANY_COLUMNS = 24;
/** Of long texts, the part of cells that the scale of all columns does not cut off. */
const CLIP = 0.995;
const MANY_CELLS = 4_000;

/** What a page begins with. @param size - the most rows and columns that a subject has */
export function settingsFor(size: { rows: number; columns: number }, panel: Panel): Settings {
  return {
    text: 0,
    granularity: 'token',
    panel,
    toward: 'sources',
    shares: false,
    scale: 'all',
    boost: 1,
    fold: size.rows > MANY_ROWS,
    numbers: size.columns <= MANY_COLUMNS,
  };
}

/** A value and the value that has the strongest color. */
interface Shading {
  value: number;
  max: number;
}

/** Ties a unit to its shade. */
export const keyOf = ({ side, from }: Pick<Unit, 'side' | 'from'>): string => `${side}${from}`;

type SettingSignals = { readonly [Name in keyof Settings]: Signal<Settings[Name]> };

export interface View extends SettingSignals {
  readonly jobId: string;
  readonly pinned: Signal<Selection | null>;
  /** A preview, which ends with the pointer's leave. */
  readonly hovered: Signal<Selection | null>;
  readonly paragraphs: ReadonlySignal<Paragraph[]>;
  readonly matrix: ReadonlySignal<Matrix>;
  /** The matrix without the rows that are folded. */
  readonly shownMatrix: ReadonlySignal<Matrix>;
  readonly focus: ReadonlySignal<Focus>;
  readonly sentence: ReadonlySignal<Phrase[]>;
  readonly shading: ReadonlySignal<ReadonlyMap<string, Shading>>;
  readonly links: ReadonlySignal<Link[]>;
  /** The value of the strongest color of each column of the shown matrix. */
  readonly maxima: ReadonlySignal<Float64Array>;
}

/** What a view begins with. */
interface Opening {
  settings: Settings;
  selection: Selection | null;
  /** A view whose settings and selection are this one's, too. */
  linked?: View | null;
}

/** @param subjects - at least one */
export function viewOf(jobId: string, subjects: readonly Subject[], opening: Opening): View {
  const { linked = null } = opening;
  const settings = linked ?? signalsOf(opening.settings);
  const { text, granularity, shares, fold, scale, boost } = settings;
  const pinned = linked?.pinned ?? signal(opening.selection);
  const hovered = linked?.hovered ?? signal<Selection | null>(null);

  const subject = computed(() => subjects[Math.min(text.value, subjects.length - 1)]);
  const matrix = computed(() => subject.value.matrix({ granularity: granularity.value, shares: shares.value }));
  const shownMatrix = computed(() =>
    fold.value ? withoutFaintRows(matrix.value, faintShare(matrix.value)) : matrix.value,
  );
  const focus = computed(() => orOnlyWord(matrix.value, focusOf(matrix.value, hovered.value ?? pinned.value)));
  const links = computed(() => {
    const { row, column } = focus.value;
    return row !== null && column === null ? targetsOf(matrix.value, row) : sourcesOf(matrix.value, column);
  });
  return {
    ...settings,
    jobId,
    pinned,
    hovered,
    paragraphs: computed(() => subject.value.paragraphs(granularity.value)),
    matrix,
    shownMatrix,
    focus,
    links,
    sentence: computed(() => subject.value.headline(matrix.value, focus.value)),
    shading: computed(() => shadingOf(matrix.value, focus.value, links.value, boost.value)),
    maxima: computed(() => maximaOf(shownMatrix.value, scale.value, boost.value)),
  };
}

function signalsOf(settings: Settings): SettingSignals {
  const entries = Object.entries(settings).map(([name, value]) => [name, signal(value)]);
  return Object.fromEntries(entries);
}

export function faintShare({ rows }: Matrix): number {
  return Math.min(FAINT, 0.5 / Math.max(1, rows.length));
}

/** Where nothing is chosen and the answer has one word, that word is looked at. */
function orOnlyWord({ columns }: Matrix, focus: Focus): Focus {
  if (focus.column !== null || focus.row !== null) return focus;
  const words = columns.flatMap((unit, column) => (isWord(unit) && !unit.forced ? [column] : []));
  const only = words.length === 1 ? words[0] : words.length === 0 && columns.length > 0 ? 0 : null;
  return { row: null, column: only };
}

function shadingOf(matrix: Matrix, { row, column }: Focus, links: Link[], boost: number): Map<string, Shading> {
  const shade = (units: Unit[], values: ArrayLike<number>): Map<string, Shading> => {
    const max = scaleOf(Array.from(values)).max / boost;
    return new Map(units.map((unit, i) => [keyOf(unit), { value: values[i], max }]));
  };
  if (row !== null && column === null) return shade(matrix.columns, rowOf(matrix, row));
  const units = matrix.rows.map(({ unit }) => unit);
  if (column !== null) return shade(units, columnOf(matrix, column));
  const shares = new Float64Array(units.length).fill(Number.NaN);
  for (const link of links) shares[link.row] = link.share * Math.sign(link.value || 1);
  return shade(units, shares);
}

function maximaOf(matrix: Matrix, scale: Settings['scale'], boost: number): Float64Array {
  const { columns, values } = matrix;
  if (scale === 'each') return Float64Array.from(columns, (_, at) => scaleOf(columnOf(matrix, at)).max / boost);
  const max = values.length > MANY_CELLS ? quantile(values, CLIP) : scaleOf(values).max;
  return new Float64Array(columns.length).fill(max / boost);
}

/** The settings as they are, for the address and for a new view. */
export function settingsOf(view: View): Settings {
  const { text, granularity, panel, toward, shares, scale, boost, fold, numbers } = view;
  return {
    text: text.value,
    granularity: granularity.value,
    panel: panel.value,
    toward: toward.value,
    shares: shares.value,
    scale: scale.value,
    boost: boost.value,
    fold: fold.value,
    numbers: numbers.value,
  };
}
