import type { Progress } from '../contract/job.ts';

type Update = Omit<Progress, 'fraction'>;

/** Progress is sent at most ten times a second: more often nobody can see it. */
const INTERVAL_MS = 100;

/**
 * Passes the first update on at once and afterwards the newest of each interval; a new phase is always passed on. Works
 * while the event loop is blocked, too: the clock is read at each report.
 */
export function throttleProgress(send: (update: Update) => void): {
  report: (update: Update) => void;
  /** Sends what was held back. */
  flush: () => void;
  /** Drops what was held back. */
  stop: () => void;
} {
  let last: Update | null = null;
  let held: Update | null = null;
  let sentAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | null = null;

  const stop = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    held = null;
  };
  const pass = (update: Update) => {
    stop();
    last = update;
    sentAt = performance.now();
    send(update);
  };
  const flush = () => {
    if (held !== null) pass(held);
  };
  const report = (update: Update) => {
    const wait = sentAt + INTERVAL_MS - performance.now();
    if (wait <= 0 || update.phase !== last?.phase) return pass(update);
    held = update;
    timer ??= setTimeout(flush, wait);
  };
  return { report, flush, stop };
}
