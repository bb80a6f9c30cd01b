/** A job's events, replayed from its stream and then followed live. */
import type { Redis } from 'ioredis';
import type { JobEvent, StepEvent } from '../contract/events.ts';
import type { Job, Progress } from '../contract/job.ts';
import { keys } from './keys.ts';
import type { Notifications } from './notifications.ts';
import { progress } from './record.ts';
import { guarded } from './redis.ts';

/** Events read at once: a client that replays a long job does not hold all of it in memory. */
const BATCH = 100;
const EVENT_ID = /^\d{1,16}(-\d{1,16})?$/;

/**
 * Replays what came after the event id `after`, follows, and ends after `done`, when the job is gone, or on `signal`.
 * An id that is none (a client may send anything as `Last-Event-ID`) replays all.
 */
export async function* followEvents(
  id: string,
  options: { after?: string; signal: AbortSignal },
  store: { redis: Redis; notifications: Notifications; get: (id: string) => Promise<Job | null> },
): AsyncGenerator<JobEvent> {
  const { signal } = options;
  let position = options.after !== undefined && EVENT_ID.test(options.after) ? options.after : '0-0';
  let news = true; // something may be there that was not read
  let over = false;
  let wake = () => {};
  const unsubscribe = await store.notifications.subscribe(id, () => {
    news = true;
    wake();
  });
  const onAbort = () => wake();
  signal.addEventListener('abort', onAbort);
  try {
    while (!signal.aborted) {
      if (!news) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (news || signal.aborted) resolve();
        });
        continue;
      }
      news = false; // before reading: what comes while we read is read next
      const entries = await guarded(store.redis, () =>
        store.redis.xrange(keys.events(id), `(${position}`, '+', 'COUNT', BATCH),
      );
      for (const [eventId, fields] of entries) {
        position = eventId;
        const event = await decode(eventId, fields, id, store.get);
        if (event === null) return; // removed in between
        yield event;
        if (signal.aborted || event.event === 'done') return;
      }
      if (entries.length === BATCH) news = true;
      else if (entries.length === 0) {
        if (over) return;
        over = await isOver(id, store.get);
        news ||= over; // it may have ended after we read: `done` is there by now
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    unsubscribe();
  }
}

/** Nothing is left to come: the job is gone, or its `done` came before the position where the client reads on. */
async function isOver(id: string, get: (id: string) => Promise<Job | null>): Promise<boolean> {
  const job = await get(id);
  return job === null || job.finished_at !== null;
}

async function decode(
  eventId: string,
  fields: string[],
  jobId: string,
  get: (id: string) => Promise<Job | null>,
): Promise<JobEvent | null> {
  const [, event, , data] = fields; // 'event', NAME, 'data', JSON
  if (event === 'done') {
    const job = await get(jobId);
    return job === null ? null : { id: eventId, event, data: job };
  }
  if (event === 'progress') {
    const [phase, completed, total, left] = JSON.parse(data) as [Progress['phase'], number, number, number?];
    const now = progress(phase, completed, total);
    return { id: eventId, event, data: left === undefined ? now : { ...now, seconds_left: left } };
  }
  return { id: eventId, event: 'step', data: JSON.parse(data) as StepEvent };
}
