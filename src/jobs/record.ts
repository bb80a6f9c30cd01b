/** A job's record, as `describe` in lua/prelude.lua gives it, and the Job that the API shows. */
import type { Metadata } from '../contract/attribute-request.ts';
import {
  type Difference,
  isFinal,
  type Job,
  type JobError,
  type JobStatus,
  jobLinks,
  type Progress,
} from '../contract/job.ts';
import type { JobKind } from '../contract/job-kinds.ts';

/** A job and the pool whose workers compute it. */
export interface JobRecord {
  job: Job;
  pool: string;
  /** How often a worker has taken it. */
  attempt: number;
}

/** Null where the script found no job. */
export function readRecord(reply: unknown): JobRecord | null {
  if (!Array.isArray(reply)) return null;
  const fields: (string | null)[] = reply;
  const [status, model, method, pool, created, started, finished, phase, completed, total] = fields;
  const [error, attempt, failedTexts, kind, metadata, cached, replayOf, difference, left, rank, id] = fields.slice(10);
  if (id === null || model === null || method === null || pool === null) return null;
  return {
    pool,
    attempt: Number(attempt),
    job: {
      id,
      kind: (kind ?? 'attribute') as JobKind, // records of the version before have none
      status: status as JobStatus, // only our scripts write it
      model,
      method,
      created_at: time(created) ?? '',
      started_at: time(started),
      finished_at: time(finished),
      queue_position: isFinal(status as JobStatus) ? null : Number(rank),
      progress: {
        ...progress(phase as Progress['phase'], Number(completed), Number(total), status === 'succeeded'),
        ...(status === 'running' && left && { seconds_left: Number(left) }),
      },
      error: error === null ? null : (JSON.parse(error) as JobError),
      failed_texts: Number(failedTexts ?? 0),
      metadata: metadata === null ? {} : (JSON.parse(metadata) as Metadata),
      info: {
        cached: cached === '1',
        ...(replayOf !== null && {
          replay: { of: replayOf, difference: difference === null ? null : (JSON.parse(difference) as Difference) },
        }),
      },
      links: jobLinks(id),
    },
  };
}

/**
 * Whose a job or batch is; null where there is none. Records of before keys were told apart are nobody's.
 * @param fields - `status` and `tenant` of the record
 */
export function ownerOf([status, tenant]: (string | null)[]): string | null {
  return status === null ? null : (tenant ?? '');
}

/** Progress with its fraction; a job that succeeded is complete even where nothing was counted. */
export function progress(phase: Progress['phase'], completed: number, total: number, succeeded = false): Progress {
  const fraction = succeeded ? 1 : total > 0 ? Math.min(1, completed / total) : 0;
  return { phase, completed, total, fraction };
}

export function isEnded(record: JobRecord): boolean {
  return isFinal(record.job.status);
}

function time(milliseconds: string | null): string | null {
  return milliseconds === null ? null : new Date(Number(milliseconds)).toISOString();
}
