/** A batch's record, as `describe` in lua/prelude.lua gives it, and the Batch that the API shows. */
import { type Batch, type BatchStatus, batchLinks, isEndedBatch } from '../contract/batch.ts';

/** Null where the script found no batch. */
export function readBatch(reply: unknown, now = Date.now()): Batch | null {
  if (!Array.isArray(reply)) return null;
  const fields: (string | null)[] = reply;
  const [status, created, started, finished, ...numbers] = fields;
  const [total, succeeded, failed, canceled, running] = numbers.map(Number);
  const id = fields.at(-1);
  if (status === null || id == null) return null;
  const ended = succeeded + failed + canceled;
  const known = status as BatchStatus; // only our scripts write it
  return {
    id,
    status: known,
    created_at: time(created) ?? '',
    started_at: time(started),
    finished_at: time(finished),
    estimated_end: isEndedBatch(known) || started === null ? null : estimate(Number(started), now, ended, total),
    counts: { total, queued: total - ended - running, running, succeeded, failed, canceled },
    progress: { completed: ended, total, fraction: ended / total },
    links: batchLinks(id),
  };
}

/** The rest takes as long for each line as those that have ended did. */
function estimate(started: number, now: number, ended: number, total: number): string | null {
  if (ended === 0) return null;
  const perLine = Math.max(0, now - started) / ended;
  return new Date(now + perLine * (total - ended)).toISOString();
}

function time(milliseconds: string | null): string | null {
  return milliseconds === null ? null : new Date(Number(milliseconds)).toISOString();
}
