/** Batches as one tenant sees them: to it, those of others are unknown. */
import type { Batch, BatchList } from '../contract/batch.ts';
import { isVisible, type Viewer } from '../jobs/visible-jobs.ts';
import type { Batches, LineOutcome, OutcomeOptions } from './batches.ts';

type Methods = 'get' | 'list' | 'cancel' | 'remove' | 'changes' | 'outcomes';

export class VisibleBatches implements Pick<Batches, Methods> {
  readonly #batches: Batches;
  readonly #viewer: Viewer;

  constructor(batches: Batches, viewer: Viewer) {
    this.#batches = batches;
    this.#viewer = viewer;
  }

  async get(id: string): Promise<Batch | null> {
    return (await this.#sees(id)) ? this.#batches.get(id) : null;
  }

  list(query: { limit: number; cursor?: string }): Promise<BatchList> {
    return this.#batches.list({ ...query, tenant: this.#viewer ?? undefined });
  }

  async cancel(id: string): Promise<Batch | null> {
    return (await this.#sees(id)) ? this.#batches.cancel(id) : null;
  }

  async remove(id: string): Promise<boolean> {
    return (await this.#sees(id)) && this.#batches.remove(id);
  }

  async *changes(id: string, signal: AbortSignal): AsyncIterable<Batch> {
    if (await this.#sees(id)) yield* this.#batches.changes(id, signal);
  }

  async *outcomes(id: string, options: OutcomeOptions): AsyncIterable<LineOutcome> {
    if (await this.#sees(id)) yield* this.#batches.outcomes(id, options);
  }

  async #sees(id: string): Promise<boolean> {
    return this.#viewer === null || isVisible(await this.#batches.owner(id), this.#viewer);
  }
}
