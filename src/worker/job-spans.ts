/** The spans of a job in its engine: the whole, and below it what it does: loading, generating, attributing. */
import type { JobRequest } from '../contract/job-kinds.ts';
import { methodOf } from '../contract/job-kinds.ts';
import type { Span, Tracing } from '../tracing.ts';

export class JobSpans {
  readonly #tracing: Tracing | null;
  readonly #whole: Span | undefined;
  #phase: { name: string; span: Span | undefined } | null = null;

  /** @param parent - `traceparent` of the worker's span */
  constructor(tracing: Tracing | null, request: JobRequest, parent: string | undefined) {
    this.#tracing = tracing;
    const attributes = { 'whence.model': request.model, 'whence.method': methodOf(request) };
    this.#whole = tracing?.span('compute', { parent, attributes });
  }

  /** The job is in this phase now. */
  phase(name: string): void {
    if (this.#whole === undefined || this.#phase?.name === name) return;
    this.#phase?.span?.end();
    this.#phase = { name, span: this.#tracing?.span(name, { parent: this.#whole.context.header }) };
  }

  end(fault?: string): void {
    this.#phase?.span?.end();
    this.#whole?.end(fault);
  }
}
