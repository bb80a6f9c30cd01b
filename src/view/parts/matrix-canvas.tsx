/** A large matrix on a canvas: only what is on screen is drawn, and nothing of it is in the document. */

import { useSignalEffect } from '@preact/signals';
import type { TargetedKeyboardEvent, TargetedMouseEvent, TargetedPointerEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { cellAt, type Layout, layoutOf, type Viewport, windowOf } from '../model/layout.ts';
import { scaleOfMatrix } from '../model/matrix.ts';
import { firstCell, moved } from '../model/moves.ts';
import { type Drawing, paintMatrix } from '../model/painting.ts';
import { cellSelection, focusOf, formatSelection } from '../model/selection.ts';
import type { View } from '../model/state.ts';
import { canvasPainter, frameOf, measureOn } from './canvas-painter.ts';

export function MatrixCanvas({ view }: { view: View }) {
  const scroller = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const drawn = useRef<{ layout: Layout; draw(): void } | null>(null);
  const matrix = view.shownMatrix.value;
  const numbers = view.numbers.value;
  const layout = layoutOf(matrix, numbers, measureOn(canvas.current));
  const size = { rows: matrix.rows.length, columns: matrix.columns.length };

  useEffect(() => {
    const [frame, target] = [scroller.current, canvas.current];
    if (frame === null || target === null || spacer.current === null) return;
    spacer.current.style.width = `${layout.width}px`;
    spacer.current.style.height = `${layout.height}px`;
    let waiting = 0;
    const draw = () => {
      waiting ||= requestAnimationFrame(() => {
        waiting = 0;
        paint(frame, target, drawingOf(view, layout, frame));
      });
    };
    drawn.current = { layout, draw };
    draw();
    const resized = new ResizeObserver(draw);
    resized.observe(frame);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const themed = new MutationObserver(draw);
    themed.observe(document.documentElement, { attributes: true });
    frame.addEventListener('scroll', draw, { passive: true });
    dark.addEventListener('change', draw);
    return () => {
      cancelAnimationFrame(waiting);
      resized.disconnect();
      themed.disconnect();
      frame.removeEventListener('scroll', draw);
      dark.removeEventListener('change', draw);
    };
  });
  useSignalEffect(() => {
    void [view.hovered.value, view.pinned.value, view.maxima.value];
    drawn.current?.draw();
  });

  const cellOf = (event: TargetedPointerEvent<HTMLElement> | TargetedMouseEvent<HTMLElement>) => {
    const frame = event.currentTarget;
    const box = frame.getBoundingClientRect();
    const point = { x: event.clientX - box.left, y: event.clientY - box.top };
    const cell = cellAt(layout, size, viewportOf(frame), point);
    if (cell === null || Number.isNaN(matrix.values[cell.row * size.columns + cell.column])) return null;
    return cellSelection(matrix, cell.row, cell.column);
  };
  const onKey = (event: TargetedKeyboardEvent<HTMLElement>) => {
    if (event.key === 'Escape') view.pinned.value = null;
    if (!event.key.startsWith('Arrow')) return;
    event.preventDefault();
    const { row: fromRow, column: fromColumn } = focusOf(matrix, view.pinned.value);
    const isAt = fromRow !== null && fromColumn !== null;
    const next = isAt ? moved(matrix, fromRow * size.columns + fromColumn, event.key) : firstCell(matrix);
    if (next === null) return;
    const [row, column] = [Math.floor(next / size.columns), next % size.columns];
    view.pinned.value = cellSelection(matrix, row, column);
    reveal(event.currentTarget, layout, row, column);
  };
  return (
    <section
      class="scroll canvas"
      aria-label={`All scores of job ${view.jobId}; arrow keys go from cell to cell`}
      tabIndex={0}
      ref={scroller}
      onPointerMove={(event) => {
        if (event.pointerType !== 'touch') view.hovered.value = cellOf(event);
      }}
      onPointerLeave={() => {
        view.hovered.value = null;
      }}
      onClick={(event) => {
        const cell = cellOf(event);
        if (cell === null) return;
        view.pinned.value = formatSelection(cell) === formatSelection(view.pinned.value) ? null : cell;
      }}
      onKeyDown={onKey}
    >
      <canvas ref={canvas} />
      <div class="spacer" ref={spacer} />
    </section>
  );
}

function viewportOf(frame: HTMLElement): Viewport {
  return { x: frame.scrollLeft, y: frame.scrollTop, width: frame.clientWidth, height: frame.clientHeight };
}

function drawingOf(view: View, layout: Layout, frame: HTMLElement): Drawing {
  const matrix = view.shownMatrix.peek();
  return {
    matrix,
    maxima: view.maxima.peek(),
    scale: scaleOfMatrix(matrix),
    numbers: view.numbers.peek(),
    layout,
    frame: frameOf(frame),
    chosen: focusOf(matrix, view.hovered.peek() ?? view.pinned.peek()),
  };
}

function paint(frame: HTMLElement, canvas: HTMLCanvasElement, drawing: Drawing): void {
  const viewport = viewportOf(frame);
  const ratio = devicePixelRatio || 1;
  const [width, height] = [Math.round(viewport.width * ratio), Math.round(viewport.height * ratio)];
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${viewport.width}px`;
    canvas.style.height = `${viewport.height}px`;
  }
  const context = canvas.getContext('2d', { alpha: false });
  if (context === null) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  const size = { rows: drawing.matrix.rows.length, columns: drawing.matrix.columns.length };
  paintMatrix(canvasPainter(context), drawing, windowOf(drawing.layout, size, viewport), viewport);
}

/** Scrolls so far that a cell can be seen beside the headers. */
function reveal(frame: HTMLElement, { cell, left, top }: Layout, row: number, column: number): void {
  const [x, y] = [column * cell.width, row * cell.height];
  const [width, height] = [frame.clientWidth - left - cell.width, frame.clientHeight - top - cell.height];
  frame.scrollTo(
    Math.min(x, Math.max(frame.scrollLeft, x - width)),
    Math.min(y, Math.max(frame.scrollTop, y - height)),
  );
}
