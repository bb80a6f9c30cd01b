/** How long the event loop stands still, told apart from the time that other processes take of a busy machine. */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Nanoseconds for which this process's main thread has run; NaN where the system does not tell. */
function mainThreadTime(): number {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]);
  } catch {
    return Number.NaN;
  }
}

export interface Delay {
  /** Milliseconds that `work` kept the loop from turning: at most those of the clock, on Linux those of the main thread. */
  held: number;
  /** As `monitorEventLoopDelay` measures it, other processes' time included. */
  clock: number;
}

/** The longest that the loop stands still while `work` is done. */
export async function loopDelay(work: () => Promise<void>): Promise<Delay> {
  const delays = monitorEventLoopDelay({ resolution: 5 });
  let over = false;
  let longest = 0;
  let last = mainThreadTime();
  const turn = () => {
    const now = mainThreadTime();
    longest = Math.max(longest, now - last);
    last = now;
    if (!over) setImmediate(turn);
  };
  delays.enable();
  setImmediate(turn);
  try {
    await work();
  } finally {
    over = true;
    delays.disable();
  }
  const clock = delays.max / 1e6;
  return { held: Number.isNaN(longest) ? clock : Math.min(clock, longest / 1e6), clock };
}
