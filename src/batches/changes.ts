/** A batch as it goes on: its record each time that a line has ended, at most a few times a second. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, isEndedBatch } from '../contract/batch.ts';
import type { Notifications } from '../jobs/notifications.ts';

/** Between two looks: lines may end by the hundred. */
const PAUSE_MS = 250;
/** How long news may be late before it is looked for; lines that begin to run are no news. */
const PATIENCE_MS = 2_000;

/**
 * Ends with the record of the batch when it has ended, and where it is removed.
 * @param get - reads the record; null where there is none any more
 */
export async function* readChanges(
  id: string,
  {
    get,
    notifications,
    signal,
  }: { get: () => Promise<Batch | null>; notifications: Notifications; signal: AbortSignal },
): AsyncGenerator<Batch> {
  let wake = () => {};
  const onNews = () => wake();
  const unsubscribe = await notifications.subscribe(id, onNews);
  signal.addEventListener('abort', onNews);
  try {
    for (let last = ''; !signal.aborted; await sleep(PAUSE_MS)) {
      const news = new Promise<void>((resolve) => {
        wake = resolve; // before reading: what comes while we read is read next
      });
      const batch = await get();
      if (batch === null) return;
      const { status, counts } = batch;
      const now = JSON.stringify([status, counts]);
      if (now !== last) yield batch;
      last = now;
      if (isEndedBatch(status)) return;
      const late = new AbortController();
      await Promise.race([news, sleep(PATIENCE_MS, null, { signal: late.signal }).catch(() => {})]);
      late.abort();
    }
  } finally {
    signal.removeEventListener('abort', onNews);
    unsubscribe();
  }
}
