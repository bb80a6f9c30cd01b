/** A result as one drawing: the sentence, the shaded text, and the whole matrix. */

import { type Layout, layoutOf, type Measure } from './layout.ts';
import { scaleOfMatrix } from './matrix.ts';
import { type Drawing, type Frame, type Painter, paintMatrix, shadeOf } from './painting.ts';
import { keyOf, type View } from './state.ts';

const MARGIN = 32;
const LEAST_WIDTH = 720;
const TITLE = { size: 22, line: 32 };
const TEXT = { size: 18, line: 34, space: 5 };
const GAP = 28;

interface Word {
  text: string;
  x: number;
  y: number;
  width: number;
  key: string | null;
}

export interface Picture {
  width: number;
  height: number;
  paint(painter: Painter): void;
}

/** The drawing of what a view shows, of any size. */
export function pictureOf(view: View, frame: Frame, measure: Measure): Picture {
  const matrix = view.shownMatrix.value;
  const layout = layoutOf(matrix, view.numbers.value, measure);
  const width = Math.max(LEAST_WIDTH, layout.width + 2 * MARGIN);
  const title = wrapped([titleWords(view)], { size: TITLE.size, line: TITLE.line, space: 6 }, width, MARGIN, measure);
  const text = wrapped(textWords(view), TEXT, width, title.bottom + GAP, measure);
  const top = text.bottom + GAP;
  const height = top + (matrix.rows.length > 0 ? layout.height : 0) + MARGIN;
  return {
    width,
    height,
    paint(painter) {
      painter.rectangle(0, 0, width, height, frame.cell);
      for (const word of title.words) {
        painter.text(word.text, word.x, word.y, { size: TITLE.size, fill: frame.ink, align: 'left', serif: true });
      }
      for (const word of text.words) paintWord(painter, word, view, frame);
      if (matrix.rows.length > 0)
        paintMatrix(shifted(painter, MARGIN, top), drawingOf(view, layout, frame), whole(view), sizeOf(layout));
    },
  };
}

function drawingOf(view: View, layout: Layout, frame: Frame): Drawing {
  const matrix = view.shownMatrix.value;
  return {
    matrix,
    maxima: view.maxima.value,
    scale: scaleOfMatrix(matrix),
    numbers: view.numbers.value,
    layout,
    frame,
    chosen: { row: null, column: null },
  };
}

function whole(view: View) {
  const { rows, columns } = view.shownMatrix.value;
  return { rows: [0, rows.length] as [number, number], columns: [0, columns.length] as [number, number] };
}

const sizeOf = ({ width, height }: Layout) => ({ x: 0, y: 0, width, height });

type Piece = { text: string; key: string | null; space: boolean };

function titleWords(view: View): Piece[] {
  const text = view.sentence.value.map((phrase) => phrase.text).join('');
  return text.split(' ').map((word, i) => ({ text: word, key: null, space: i > 0 }));
}

function textWords(view: View): Piece[][] {
  return view.paragraphs.value.map(({ title, pieces }) => [
    ...(title === '' ? [] : [{ text: `${title}:`, key: null, space: false }]),
    ...pieces.flatMap((piece) =>
      typeof piece === 'string'
        ? byWords(piece, null)
        : piece.text.length <= LONG
          ? [{ text: piece.text, key: keyOf(piece), space: piece.space }]
          : byWords(`${piece.space ? ' ' : ''}${piece.text}`, keyOf(piece)),
    ),
  ]);
}

/** Units of more characters are drawn word by word, so that lines can end within them. */
const LONG = 30;

function byWords(text: string, key: string | null): Piece[] {
  return [...text.matchAll(/(\s*)(\S+)/gu)].map(([, space, word]) => ({ text: word, key, space: space !== '' }));
}

interface Type {
  size: number;
  line: number;
  space: number;
}

/** Words in lines that fit into the width. */
function wrapped(
  paragraphs: readonly Piece[][],
  { size, line, space }: Type,
  width: number,
  top: number,
  measure: Measure,
) {
  const words: Word[] = [];
  let y = top + line / 2;
  for (const pieces of paragraphs) {
    let x = MARGIN;
    for (const piece of pieces) {
      const length = (measure(piece.text, true) * size) / 12;
      const gap = piece.space && x > MARGIN ? space : 0;
      if (x + gap + length > width - MARGIN && x > MARGIN) {
        x = MARGIN;
        y += line;
      } else {
        x += gap;
      }
      words.push({ text: piece.text, x, y, width: length, key: piece.key });
      x += length;
    }
    y += line;
  }
  return { words, bottom: y - line / 2 };
}

function paintWord(painter: Painter, { text, x, y, width, key }: Word, view: View, frame: Frame): void {
  const shading = key === null ? undefined : view.shading.value.get(key);
  const shade = shading === undefined ? null : shadeOf(shading.value, shading.max, frame.theme);
  if (shade !== null) painter.rectangle(x - 2, y - TEXT.size * 0.75, width + 4, TEXT.size * 1.5, shade.fill);
  painter.text(text, x, y, { size: TEXT.size, fill: shade?.ink ?? frame.ink, align: 'left', serif: true });
}

/** A painter whose origin lies elsewhere. */
function shifted(painter: Painter, dx: number, dy: number): Painter {
  return {
    rectangle: (x, y, width, height, fill) => painter.rectangle(x + dx, y + dy, width, height, fill),
    frame: (x, y, width, height, color) => painter.frame(x + dx, y + dy, width, height, color),
    text: (text, x, y, style) => painter.text(text, x + dx, y + dy, style),
  };
}
