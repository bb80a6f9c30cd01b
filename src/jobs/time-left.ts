/** How long a running job still takes: by its estimate at first, then by how fast it gets on. */
import type { Progress } from '../contract/job.ts';
import type { Update } from './reporter.ts';

type Phase = Progress['phase'];

/** Of a phase: from then on its own speed tells what is left of it. */
const TELLING_SHARE = 0.2;

export class TimeLeft {
  readonly #estimate: number | null;
  /** Milliseconds, by a clock that only goes forward. */
  readonly #now: () => number;
  #phase: Phase | null = null;
  #phaseStarted = 0;
  /** Share of the phase that was done when it was told first: an earlier attempt may have done some. */
  #doneBefore = 0;
  /** When the model was there. */
  #computingSince: number | null = null;

  /** @param estimate - seconds that the job was thought to compute; null: nobody knows */
  constructor(estimate: number | null, now: () => number = () => performance.now()) {
    this.#estimate = estimate;
    this.#now = now;
  }

  /** The same update with the seconds that are left. */
  told(update: Update): Update {
    if (!('progress' in update)) return update;
    const { progress } = update;
    const left = this.#left(progress);
    return left === null ? update : { progress: { ...progress, seconds_left: left } };
  }

  #left({ phase, completed, total }: Pick<Progress, 'phase' | 'completed' | 'total'>): number | null {
    const now = this.#now();
    const share = total > 0 ? Math.min(1, completed / total) : 0;
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#phaseStarted = now;
      this.#doneBefore = share;
    }
    if (phase === 'loading' || phase === 'queued') return null;
    this.#computingSince ??= now;
    const estimate = this.#estimate;
    const bound = estimate === null ? null : Math.max(0, estimate - (now - this.#computingSince) / 1_000);
    // What follows generation is as long as the text becomes: the estimate alone knows of it.
    const own = share - this.#doneBefore;
    if (phase !== 'attributing' || own < TELLING_SHARE * (1 - this.#doneBefore)) return rounded(bound);
    return rounded(own > 0 ? (((now - this.#phaseStarted) / 1_000) * (1 - share)) / own : 0);
  }
}

const rounded = (seconds: number | null): number | null => (seconds === null ? null : Math.round(seconds * 100) / 100);
