/**
 * How much a worker takes together. Together, small jobs share passes and what each pass costs; but nobody gets a result
 * much before the last does, and who comes meanwhile waits for all. So a worker takes as much as it computes in a few
 * seconds, as its last turns tell: a few jobs of a large model on a small machine, many of a small model.
 */
import type { Company } from './worker-store.ts';

/** More texts than the engine works on at once (MOST_TEXTS of engine/admission.ts) would only wait there. */
const MOST_TEXTS = 64;
/** Enough for nearly all that is gained by sharing; more would make the first wait for the last. */
const MOST_JOBS = 32;
const SECONDS = 3;
/** Work a second, before any was measured: about what two cores do. */
const FIRST_PACE = 50_000;
/** How much the last turn counts. */
const SHARE = 0.3;
/** A turn that was over at once, by whatever luck, is no proof of speed. */
const MOST_GROWTH = 2;

export class Pace {
  /** Work a second. */
  #pace = FIRST_PACE;
  #measured = false;

  /** Null before any was measured. */
  get workPerSecond(): number | null {
    return this.#measured ? this.#pace : null;
  }

  /** What is to be taken next, at most. */
  company(): Company {
    return { jobs: MOST_JOBS, texts: MOST_TEXTS, work: Math.ceil(this.#pace * SECONDS) };
  }

  /** A turn of so much work was computed in so many seconds. */
  note(work: number, seconds: number): void {
    const measured = Math.min(work / Math.max(seconds, 1e-3), MOST_GROWTH * this.#pace);
    this.#measured = true;
    this.#pace += SHARE * (measured - this.#pace);
  }
}
