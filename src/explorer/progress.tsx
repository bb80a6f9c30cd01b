/** How far a job is: its place in the queue, its phase with the time that is left, the columns that are finished. */

import { useEffect, useRef } from 'preact/hooks';
import type { StepEvent } from '../contract/events.ts';
import type { Progress as JobProgress } from '../contract/job.ts';
import { layoutOf, windowOf } from '../view/model/layout.ts';
import { columnOf, type Matrix, matrixOf, scaleOfMatrix, withoutFaintRows } from '../view/model/matrix.ts';
import { paintMatrix } from '../view/model/painting.ts';
import { scaleOf } from '../view/model/scale.ts';
import { faintShare } from '../view/model/state.ts';
import { canvasPainter, frameOf, measureOn } from '../view/parts/canvas-painter.ts';
import * as api from './api.ts';
import { partialSequence } from './partial.ts';
import type { Run } from './run.ts';

const PHASES: Record<JobProgress['phase'], string> = {
  queued: 'Waiting for a worker',
  loading: 'Loading the model',
  generating: 'Writing the answer',
  attributing: 'Attributing it',
  done: 'Done',
};

export function Progress({ run }: { run: Run }) {
  const job = run.job.value;
  const progress = run.progress.value;
  if (progress === null || job === null) return <p class="progress">Looking for the job …</p>;
  const { phase, total, fraction } = progress;
  const ahead = phase === 'queued' ? (job.queue_position ?? 0) : 0;
  return (
    <section class="progress" aria-label="Progress">
      <p class="progress-line" role="status">
        {PHASES[phase]}
        {ahead > 0 && `: ${ahead} ${ahead === 1 ? 'job is' : 'jobs are'} in front`}
        {total > 0 && phase !== 'queued' && ` · ${Math.round(fraction * 100)} %`}
        {timeLeft(progress)}
      </p>
      <progress aria-label={PHASES[phase]} value={total > 0 ? fraction : undefined} />
      <Columns steps={run.steps.value} />
      <button type="button" class="plain" onClick={() => api.cancel(job.id).catch(() => {})}>
        Cancel
      </button>
    </section>
  );
}

function timeLeft({ seconds_left: left = 0 }: JobProgress): string {
  const seconds = Math.round(left);
  if (seconds < 2) return '';
  return seconds < 90 ? ` · about ${seconds} s left` : ` · about ${Math.round(seconds / 60)} min left`;
}

/** Pixels of the drawing at most; of more, the latest columns and the first rows that count. */
const MOST = { width: 900, height: 420 };
/** From so many rows on those that are faint are left out. */
const MANY_ROWS = 20;

/** The columns that are finished, of the text whose columns are arriving. */
function Columns({ steps }: { steps: StepEvent[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const sequence = partialSequence(steps);
  const whole = sequence && matrixOf(sequence, { granularity: 'token', shares: false });
  const matrix = whole && (whole.rows.length > MANY_ROWS ? withoutFaintRows(whole, faintShare(whole)) : whole);
  useEffect(() => {
    const target = canvas.current;
    const context = target?.getContext('2d');
    if (!target || !context || matrix === null || matrix.rows.length === 0) return;
    paint(target, context, matrix);
  });
  if (matrix === null || matrix.rows.length === 0) return null;
  const count = matrix.columns.length;
  return (
    <canvas
      class="progress-columns"
      ref={canvas}
      role="img"
      aria-label={`${count} ${count === 1 ? 'column is' : 'columns are'} finished`}
    />
  );
}

function paint(target: HTMLCanvasElement, context: CanvasRenderingContext2D, matrix: Matrix): void {
  const layout = layoutOf(matrix, false, measureOn(target));
  const width = Math.min(layout.width, MOST.width, target.parentElement?.clientWidth ?? MOST.width);
  const height = Math.min(layout.height, MOST.height);
  const ratio = devicePixelRatio || 1;
  target.width = Math.round(width * ratio);
  target.height = Math.round(height * ratio);
  target.style.width = `${width}px`;
  const viewport = { x: Math.max(0, layout.width - width), y: 0, width, height };
  const size = { rows: matrix.rows.length, columns: matrix.columns.length };
  const maxima = Float64Array.from(matrix.columns, (_, column) => scaleOf(columnOf(matrix, column)).max);
  const drawing = {
    ...{ matrix, maxima, layout, numbers: false, scale: scaleOfMatrix(matrix), frame: frameOf(target) },
    chosen: { row: null, column: null },
  };
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  paintMatrix(canvasPainter(context), drawing, windowOf(layout, size, viewport), viewport);
}
