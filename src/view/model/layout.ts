/** Where the cells and headers of a drawn matrix lie, in CSS pixels. */

import type { Matrix } from './matrix.ts';

export interface Layout {
  /** Width and height of a cell. */
  cell: { width: number; height: number };
  /** Width of the row headers, and height of the column headers. */
  left: number;
  top: number;
  width: number;
  height: number;
}

/** The width of a text at 12 px, in the font of headers or in that of running text. */
export type Measure = (text: string, serif?: boolean) => number;

const LEAST = { left: 48, top: 40 };
const MOST = { left: 190, top: 120 };
const PADDING = 14;
/** Headers whose texts are measured; the longest ones, by characters. */
const MEASURED = 40;

export function layoutOf({ rows, columns }: Matrix, numbers: boolean, measure: Measure): Layout {
  const cell = numbers ? { width: 46, height: 24 } : { width: 18, height: 18 };
  const longest = (texts: string[]) =>
    Math.max(
      0,
      ...texts
        .sort((a, b) => b.length - a.length)
        .slice(0, MEASURED)
        .map((text) => measure(text)),
    );
  const fit = (size: number, least: number, most: number) =>
    Math.round(Math.min(most, Math.max(least, size + PADDING)));
  const left = fit(longest(rows.map(({ unit }) => unit.text)), LEAST.left, MOST.left);
  const top = fit(longest(columns.map(({ text }) => text)), LEAST.top, MOST.top);
  return { cell, left, top, width: left + columns.length * cell.width, height: top + rows.length * cell.height };
}

/** A part of the matrix: rows and columns from..to (exclusive). */
export interface Window {
  rows: [number, number];
  columns: [number, number];
}

/** What can be seen of a layout in a viewport that is scrolled by `x` and `y`. */
export function windowOf(layout: Layout, size: { rows: number; columns: number }, viewport: Viewport): Window {
  const { cell, left, top } = layout;
  const range = (from: number, length: number, step: number, count: number): [number, number] => [
    Math.max(0, Math.floor(from / step)),
    Math.min(count, Math.ceil((from + Math.max(0, length)) / step)),
  ];
  return {
    rows: range(viewport.y, viewport.height - top, cell.height, size.rows),
    columns: range(viewport.x, viewport.width - left, cell.width, size.columns),
  };
}

export interface Viewport {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** The cell at a point of the viewport; null over headers and beyond the end. */
export function cellAt(
  layout: Layout,
  size: { rows: number; columns: number },
  viewport: Viewport,
  point: { x: number; y: number },
): { row: number; column: number } | null {
  const { cell, left, top } = layout;
  if (point.x < left || point.y < top) return null;
  const row = Math.floor((point.y - top + viewport.y) / cell.height);
  const column = Math.floor((point.x - left + viewport.x) / cell.width);
  return row < size.rows && column < size.columns ? { row, column } : null;
}
