/** Quotes of the API: what a request takes by its own measure, at what its pool's workers take for such jobs. */
import type { FastifyBaseLogger } from 'fastify';
import type { AttributeContextRequest } from '../../contract/attribute-context-request.ts';
import type { AttributeRequest } from '../../contract/attribute-request.ts';
import type { Catalogue, ModelInfo } from '../../contract/catalogue.ts';
import { methodOf, textsOf } from '../../contract/job-kinds.ts';
import type { Quote } from '../../contract/quote.ts';
import type { Effort } from '../../effort.ts';
import { type Jobs, StoreUnavailableError } from '../../jobs/jobs.ts';
import { lookAhead, type Outlook, type Sizes } from '../../quotes/quote.ts';
import { type Estimator, fitSeconds } from '../../quotes/seconds.ts';
import { TokenizerError } from '../../tokenizers/errors.ts';
import { waitSeconds } from './wait.ts';

/** Milliseconds for which a fit is good. */
const FIT_TTL = 1_000;
/** Fits that are kept; one for each model and method in use. */
const MOST_FITS = 500;

/** Kinds of requests that are quoted. */
type Quoted = AttributeRequest | AttributeContextRequest;

interface Fit {
  estimator: Estimator | null;
  basis: Quote['seconds']['measured_by'];
  samples: number;
}

const NOTHING: Fit = { estimator: null, basis: 'nothing', samples: 0 };

export class Quoter {
  readonly #jobs: Jobs;
  readonly #sizes: Sizes;
  readonly #fits = new Map<string, { fit: Promise<Fit>; until: number }>();

  constructor(jobs: Jobs, sizes: Sizes) {
    this.#jobs = jobs;
    this.#sizes = sizes;
  }

  /** What is known of a complete request; a text that cannot be counted is left to the worker. */
  async outlook(
    request: Quoted,
    model: ModelInfo,
    catalogue: Catalogue,
    log: FastifyBaseLogger,
  ): Promise<Outlook | null> {
    try {
      return await lookAhead(request, model, catalogue, this.#sizes);
    } catch (error) {
      // A tokenizer's limit, or a plug-in whose formula cannot be evaluated: no reason to refuse what may well work.
      if (!(error instanceof TokenizerError)) log.warn({ err: error, model: model.id }, 'no quote');
      return null;
    }
  }

  /** Seconds that the request will compute; undefined where nothing is known. */
  async estimate(request: Quoted, model: ModelInfo, catalogue: Catalogue, outlook: Outlook | null) {
    const effort = outlook?.effort ?? null;
    if (effort === null) return undefined;
    const { estimator } = await this.#fit(request, model, catalogue);
    return estimator === null ? undefined : rounded(estimator(effort));
  }

  /** @throws StoreUnavailableError */
  async quote(request: Quoted, model: ModelInfo, catalogue: Catalogue, outlook: Outlook | null): Promise<Quote> {
    const { id, pool, quantization } = model;
    const [fit, workers, queues, loading] = await Promise.all([
      this.#fit(request, model, catalogue),
      this.#jobs.workers(),
      this.#jobs.queues(),
      this.#jobs.loading({ pool, model: id, quantization }),
    ]);
    const own = workers.filter((worker) => worker.pool === pool);
    const isLoaded = own.some((worker) => worker.loaded_models.includes(id));
    const queue = queues.find((state) => state.pool === pool);
    return {
      model: id,
      method: methodOf(request),
      texts: textsOf(request),
      tokens: outlook?.tokens ?? null,
      passes: outlook?.passes ?? null,
      memory: outlook?.memory ?? null,
      seconds: {
        compute: secondsOf(fit, outlook?.effort ?? null),
        loading: isLoaded ? 0 : loading && rounded(loading),
        wait: roundedOrNull(waitSeconds(queue, own.length)),
        measured_by: fit.basis,
        samples: fit.samples,
      },
    };
  }

  #fit(request: Quoted, model: ModelInfo, catalogue: Catalogue): Promise<Fit> {
    const key = JSON.stringify([model.pool, model.id, model.quantization, methodOf(request)]);
    const known = this.#fits.get(key);
    if (known !== undefined && performance.now() < known.until) return known.fit;
    if (this.#fits.size >= MOST_FITS) this.#fits.clear();
    const fit = this.#measured(request, model, catalogue);
    fit.catch(() => this.#fits.delete(key));
    this.#fits.set(key, { fit, until: performance.now() + FIT_TTL });
    return fit;
  }

  /** By jobs of the method; where there are none, by those of other methods that differentiate as this one does. */
  async #measured(request: Quoted, model: ModelInfo, { methods }: Catalogue): Promise<Fit> {
    const method = methodOf(request);
    const kind = { pool: model.pool, model: model.id, quantization: model.quantization };
    const own = await this.#jobs.efforts({ ...kind, method });
    if (own.length > 0) {
      return { estimator: fitSeconds(own, model.parameters), basis: 'method', samples: own.length };
    }
    const gradient = runsMethod(request) && methods.find(({ id }) => id === request.method)?.needs_gradient === true;
    const others = methods.filter(({ id, needs_gradient }) => id !== method && (needs_gradient ?? false) === gradient);
    const samples = (await Promise.all(others.map(({ id }) => this.#jobs.efforts({ ...kind, method: id })))).flat();
    if (samples.length === 0) return NOTHING;
    return { estimator: fitSeconds(samples, model.parameters), basis: 'model', samples: samples.length };
  }
}

/** The estimate for a job's record: never a reason to refuse it. */
export async function estimateOf(
  quoter: Quoter,
  ...[request, model, catalogue, outlook]: Parameters<Quoter['estimate']>
): Promise<number | undefined> {
  try {
    return await quoter.estimate(request, model, catalogue, outlook);
  } catch (error) {
    if (error instanceof StoreUnavailableError) return undefined; // the submission says so
    throw error;
  }
}

/** Whether the method is run; approaches by changed copies of a text need none. */
const runsMethod = (request: Quoted): boolean =>
  request.kind !== 'attribute-context' || request.approach === 'tokens' || request.approach === 'pecore';

function secondsOf({ estimator }: Fit, effort: Effort | null): number | null {
  return estimator === null || effort === null ? null : rounded(estimator(effort));
}

const rounded = (seconds: number): number => Math.round(seconds * 1e4) / 1e4;
const roundedOrNull = (seconds: number | null): number | null => (seconds === null ? null : rounded(seconds));
