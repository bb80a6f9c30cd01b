/** How far a job is: its place in the queue, its phase with the time that is left, the columns that are finished. */

import { useEffect, useRef } from 'preact/hooks';
import type { StepEvent } from '../contract/events.ts';
import type { Progress as JobProgress } from '../contract/job.ts';
import { shadeOf } from '../view/model/painting.ts';
import { scaleOf } from '../view/model/scale.ts';
import { numberOf } from '../view/model/scores.ts';
import { tokenReader } from '../view/model/tokens.ts';
import { frameOf } from '../view/parts/canvas-painter.ts';
import * as api from './api.ts';
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
        {timeLeft(fraction, Date.now() - run.phaseBegan.value)}
      </p>
      <progress aria-label={PHASES[phase]} value={total > 0 ? fraction : undefined} />
      <Columns steps={run.steps.value} />
      <button type="button" class="plain" onClick={() => api.cancel(job.id).catch(() => {})}>
        Cancel
      </button>
    </section>
  );
}

/** Below this a guess says nothing. */
const KNOWN_FRACTION = 0.05;

function timeLeft(fraction: number, elapsedMs: number): string {
  if (fraction < KNOWN_FRACTION || fraction >= 1) return '';
  const seconds = Math.round(((elapsedMs / fraction) * (1 - fraction)) / 1000);
  if (seconds < 2) return '';
  return seconds < 90 ? ` · about ${seconds} s left` : ` · about ${Math.round(seconds / 60)} min left`;
}

const CELL_WIDTH = 14;
const HEIGHT = 120;
/** The latest columns that are drawn. */
const MOST = 80;

/** Finished columns, the first attributed token on top. */
function Columns({ steps }: { steps: StepEvent[] }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const shown = steps.slice(-MOST);
  useEffect(() => {
    const target = canvas.current;
    const context = target?.getContext('2d');
    if (!target || !context) return;
    const { theme } = frameOf(target);
    target.width = shown.length * CELL_WIDTH;
    target.height = HEIGHT;
    for (const [i, step] of shown.entries()) {
      const values = [...(step.source_attributions ?? []), ...(step.target_attributions ?? [])].map(numberOf);
      const { max } = scaleOf(values);
      const height = HEIGHT / Math.max(1, values.length);
      for (const [row, value] of values.entries()) {
        const shade = shadeOf(value, max, theme);
        if (shade === null) continue;
        context.fillStyle = shade.fill;
        context.fillRect(i * CELL_WIDTH, row * height, CELL_WIDTH - 1, Math.max(1, height - 0.5));
      }
    }
  });
  if (steps.length === 0) return null;
  const read = tokenReader(steps.map(({ token }) => token.token));
  return (
    <>
      <p class="progress-text">
        {shown.map(({ token, sequence, position }) => {
          const { space, text } = read(token.token);
          return <bdi key={`${sequence},${position}`}>{`${space ? ' ' : ''}${text}`}</bdi>;
        })}
      </p>
      <canvas class="progress-columns" ref={canvas} role="img" aria-label={`${steps.length} columns are finished`} />
    </>
  );
}
