/** How far a batch is, on standard error: one line that changes in a terminal, a new one now and then elsewhere. */

import type { Batch } from '../../contract/batch.ts';

const WIDTH = 30;
/** Where there is no terminal, a line is printed so often at most. */
const LINES_MS = 10_000;

export class ProgressBar {
  readonly #terminal = process.stderr.isTTY === true;
  #said = 0;

  show(batch: Batch): void {
    if (!this.#terminal && Date.now() - this.#said < LINES_MS) return;
    this.#said = Date.now();
    const line = lineOf(batch, Date.now());
    process.stderr.write(this.#terminal ? `\r\u001b[K${line}` : `${line}\n`);
  }

  end(): void {
    if (this.#terminal) process.stderr.write('\r\u001b[K');
  }
}

/** `[######      ] 120/500  1 failed  about 2 min left` */
export function lineOf({ counts, progress, estimated_end: end }: Batch, now: number): string {
  const filled = Math.floor(progress.fraction * WIDTH);
  const bar = `[${'#'.repeat(filled)}${' '.repeat(WIDTH - filled)}]`;
  const failed = counts.failed > 0 ? `  ${counts.failed} failed` : '';
  const left = end === null ? '' : `  about ${durationOf((Date.parse(end) - now) / 1000)} left`;
  return `${bar} ${progress.completed}/${progress.total}${failed}${left}`;
}

function durationOf(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  return minutes < 100 ? `${minutes} min` : `${Math.round(minutes / 60)} h`;
}
