/** The workers' catalogue, read from the job store and kept for a moment. */
import type { Catalogue, ModelInfo, UnusableModel } from '../../contract/catalogue.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { unavailable } from '../problems.ts';

/** Milliseconds for which a catalogue that was read is good. */
const CATALOGUE_TTL = 1_000;

/** Reads the workers' catalogue, at most once a second. */
export class CatalogueReader {
  readonly #jobs: Jobs;
  #last: { catalogue: Catalogue; until: number } | null = null;

  constructor(jobs: Jobs) {
    this.#jobs = jobs;
  }

  /** What was read last, however long ago; null: nothing yet. */
  get last(): Catalogue | null {
    return this.#last?.catalogue ?? null;
  }

  /** @throws ApiProblem 503 while no worker has ever registered; StoreUnavailableError */
  async read(): Promise<Catalogue> {
    if (this.#last !== null && performance.now() < this.#last.until) return this.#last.catalogue;
    const catalogue = await this.#jobs.catalogue();
    if (catalogue === null) {
      throw unavailable(
        'no-worker',
        'No worker has registered yet, so neither models nor methods are known. Start one (`whence worker`, or ' +
          '`npm start` for everything) and try again.',
        5,
      );
    }
    this.#last = { catalogue, until: performance.now() + CATALOGUE_TTL };
    return catalogue;
  }

  /** The models with `loaded` as the workers say now, and behind them those that cannot be served. */
  async models(): Promise<(ModelInfo | UnusableModel)[]> {
    const [catalogue, workers] = await Promise.all([this.read(), this.#jobs.workers()]);
    const loaded = new Set(workers.flatMap((worker) => worker.loaded_models));
    const models = catalogue.models.map((model) => ({ ...model, loaded: loaded.has(model.id) }));
    return [...models, ...(catalogue.unusable_models ?? [])];
  }
}
