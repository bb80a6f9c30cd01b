/** Drawing a matrix with whatever can paint rectangles and texts: a canvas on the screen, an SVG to keep. */

import { type Shade, shades, type Theme } from './colors.ts';
import type { Layout, Viewport, Window } from './layout.ts';
import type { Matrix } from './matrix.ts';
import { formatNumber, hueOf, levelOf, type Scale } from './scale.ts';

interface TextStyle {
  size: number;
  fill: string;
  align: 'left' | 'right' | 'center';
  /** Written upward. */
  upward?: boolean;
  bold?: boolean;
  /** Serif, as the running text. */
  serif?: boolean;
}

/** Paints in CSS pixels; `y` of a text is its middle. */
export interface Painter {
  rectangle(x: number, y: number, width: number, height: number, fill: string): void;
  frame(x: number, y: number, width: number, height: number, color: string): void;
  text(text: string, x: number, y: number, style: TextStyle): void;
}

/** Colors around the cells. */
export interface Frame {
  theme: Theme;
  cell: string;
  ink: string;
  muted: string;
  rule: string;
}

export interface Drawing {
  matrix: Matrix;
  /** The value of the strongest color of each column. */
  maxima: Float64Array;
  scale: Scale;
  numbers: boolean;
  layout: Layout;
  frame: Frame;
  chosen: { row: number | null; column: number | null };
}

const FONT = 12;
/** Characters of a header that are drawn at most. */
const HEADER_CHARACTERS = 26;

/** The shade of a cell; null where there is no value. */
export function shadeOf(value: number, max: number, theme: Theme): Shade | null {
  return Number.isNaN(value) ? null : shades(theme, hueOf(value))[levelOf(value, max)];
}

/** Paints what `window` holds, headers over the cells, as seen in `viewport`. */
export function paintMatrix(painter: Painter, drawing: Drawing, window: Window, viewport: Viewport): void {
  const { layout, frame } = drawing;
  painter.rectangle(0, 0, viewport.width, viewport.height, frame.cell);
  paintCells(painter, drawing, window, viewport);
  painter.rectangle(0, 0, layout.left, viewport.height, frame.cell);
  paintRowHeaders(painter, drawing, window, viewport);
  painter.rectangle(0, 0, viewport.width, layout.top, frame.cell);
  paintColumnHeaders(painter, drawing, window, viewport);
  painter.rectangle(0, 0, layout.left, layout.top, frame.cell);
  painter.rectangle(layout.left - 1, layout.top, 1, viewport.height - layout.top, frame.rule);
  painter.rectangle(layout.left, layout.top - 1, viewport.width - layout.left, 1, frame.rule);
}

function paintCells(painter: Painter, drawing: Drawing, { rows, columns }: Window, viewport: Viewport): void {
  const { matrix, maxima, layout, frame, scale, numbers, chosen } = drawing;
  const { width, height } = layout.cell;
  for (let row = rows[0]; row < rows[1]; row++) {
    const y = layout.top + row * height - viewport.y;
    for (let column = columns[0]; column < columns[1]; column++) {
      const value = matrix.values[row * matrix.columns.length + column];
      const shade = shadeOf(value, maxima[column], frame.theme);
      if (shade === null) continue;
      const x = layout.left + column * width - viewport.x;
      painter.rectangle(x, y, width - 1, height - 1, shade.fill);
      if (!numbers) continue;
      const style: TextStyle = { size: 11, fill: shade.ink, align: 'center' };
      painter.text(formatNumber(value, scale), x + width / 2, y + height / 2, style);
    }
  }
  const { row, column } = chosen;
  if (row === null || column === null) return;
  const [x, y] = [layout.left + column * width - viewport.x, layout.top + row * height - viewport.y];
  painter.frame(x - 1, y - 1, width + 1, height + 1, frame.ink);
}

function paintRowHeaders(painter: Painter, drawing: Drawing, { rows }: Window, viewport: Viewport): void {
  const { matrix, layout, frame, chosen } = drawing;
  for (let row = rows[0]; row < rows[1]; row++) {
    const y = layout.top + (row + 0.5) * layout.cell.height - viewport.y;
    const on = chosen.row === row;
    const { text } = matrix.rows[row].unit;
    painter.text(cut(text), layout.left - 8, y, {
      size: FONT,
      fill: on ? frame.ink : frame.muted,
      align: 'right',
      bold: on,
    });
  }
}

function paintColumnHeaders(painter: Painter, drawing: Drawing, { columns }: Window, viewport: Viewport): void {
  const { matrix, layout, frame, chosen } = drawing;
  for (let column = columns[0]; column < columns[1]; column++) {
    const x = layout.left + (column + 0.5) * layout.cell.width - viewport.x;
    const on = chosen.column === column;
    const fill = on ? frame.ink : frame.muted;
    const style: TextStyle = { size: FONT, fill, align: 'left', upward: true, bold: on };
    painter.text(cut(matrix.columns[column].text), x, layout.top - 7, style);
  }
}

function cut(text: string): string {
  return text.length > HEADER_CHARACTERS ? `${text.slice(0, HEADER_CHARACTERS - 1)}…` : text;
}
