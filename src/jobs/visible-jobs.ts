/** Jobs as one tenant sees them: to it, those of others are unknown. Everything that takes a job's id goes through here. */
import type { JobEvent } from '../contract/events.ts';
import type { Job, JobList } from '../contract/job.ts';
import type { JobRequest } from '../contract/job-kinds.ts';
import type { UsageRow } from '../contract/usage.ts';
import type { JobQuery, Jobs } from './jobs.ts';
import type { UsageQuery } from './usage.ts';

/** Whose jobs and batches may be seen: those of one tenant; null: everybody's. */
export type Viewer = string | null;

/** @param owner - null: unknown; '': nobody's, made while no keys were asked for, which everybody may see */
export function isVisible(owner: string | null, viewer: Viewer): boolean {
  return viewer === null || owner === '' || owner === viewer;
}

type Methods = 'get' | 'list' | 'usage' | 'request' | 'packedResult' | 'events' | 'cancel' | 'remove';

export class VisibleJobs implements Pick<Jobs, Methods> {
  readonly #jobs: Pick<Jobs, Methods | 'owner'>;
  readonly #viewer: Viewer;

  constructor(jobs: Pick<Jobs, Methods | 'owner'>, viewer: Viewer) {
    this.#jobs = jobs;
    this.#viewer = viewer;
  }

  async get(id: string): Promise<Job | null> {
    return (await this.#sees(id)) ? this.#jobs.get(id) : null;
  }

  list(query: Omit<JobQuery, 'tenant'>): Promise<JobList> {
    return this.#jobs.list({ ...query, tenant: this.#viewer ?? undefined });
  }

  usage(query: Omit<UsageQuery, 'tenant'>): Promise<UsageRow[]> {
    return this.#jobs.usage({ ...query, tenant: this.#viewer ?? undefined });
  }

  async request(id: string): Promise<JobRequest | null> {
    return (await this.#sees(id)) ? this.#jobs.request(id) : null;
  }

  async packedResult(id: string, format: 'json' | 'inseq'): Promise<Buffer[] | null> {
    return (await this.#sees(id)) ? this.#jobs.packedResult(id, format) : null;
  }

  async *events(id: string, options: { after?: string; signal: AbortSignal }): AsyncIterable<JobEvent> {
    if (await this.#sees(id)) yield* this.#jobs.events(id, options);
  }

  async cancel(id: string): Promise<Job | null> {
    return (await this.#sees(id)) ? this.#jobs.cancel(id) : null;
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#sees(id)) && this.#jobs.remove(id);
  }

  /** Ids are never used again, so who may see a job now may do so later. */
  async #sees(id: string): Promise<boolean> {
    return this.#viewer === null || isVisible(await this.#jobs.owner(id), this.#viewer);
  }
}
