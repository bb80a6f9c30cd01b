/** The API's own routes as an agent's tools use them: with the agent's key, limits, checks and messages. */

import type { FastifyRequest, InjectOptions } from 'fastify';
import { isFinal, type Job } from '../../contract/job.ts';
import type { JobKind, ResultOf } from '../../contract/job-kinds.ts';
import type { Problem } from '../../contract/problem.ts';
import { unknownJob } from '../problems.ts';

/** Headers that say who asks, and from where. */
const WHO = ['authorization', 'x-api-key', 'cookie', 'origin', 'host', 'x-forwarded-for', 'x-forwarded-host'];
const WHERE = ['x-forwarded-proto', 'x-forwarded-prefix'];
/** What its requests are known by. */
const KNOWN_BY = ['x-request-id', 'traceparent'];

/** For which the store is asked at once whether a job has ended. */
const WAIT_SECONDS = 60;

/** What the service said no to, in the words that it has for its clients. */
export class RefusedError extends Error {}

export class Caller {
  readonly #request: FastifyRequest;

  /** @param request - the agent's */
  constructor(request: FastifyRequest) {
    this.#request = request;
  }

  /**
   * The result of a request to a route that accepts jobs, as soon as there is one.
   * @param signal - cancels the job when it is aborted
   * @throws {RefusedError} where there is none
   */
  async run<Kind extends JobKind>(
    kind: Kind,
    body: object,
    signal: AbortSignal,
  ): Promise<{ job: Job; result: ResultOf[Kind] }> {
    const accepted: Job = await this.#call({ method: 'POST', url: `/${kind}`, payload: body });
    const job = await this.#ended(accepted, signal);
    if (job.status === 'canceled') throw new RefusedError('The job was canceled.');
    if (job.error !== null) throw new RefusedError(`${job.error.pointer ?? job.error.code}: ${job.error.message}`);
    const url = `/jobs/${encodeURIComponent(job.id)}/result?format=json`;
    return { job: accepted, result: await this.#call({ method: 'GET', url }) };
  }

  async #ended({ id }: Job, signal: AbortSignal): Promise<Job> {
    const { jobs } = this.#request.server;
    while (!signal.aborted) {
      const job = await jobs.wait(id, WAIT_SECONDS, signal);
      if (job === null) throw unknownJob(id);
      if (isFinal(job.status)) return job;
    }
    await jobs.cancel(id);
    throw signal.reason;
  }

  async #call<T>({ method, url, payload }: Pick<InjectOptions, 'method' | 'url' | 'payload'>): Promise<T> {
    const { server, socket, id, trace } = this.#request;
    const headers: FastifyRequest['headers'] = {
      ...this.#request.headers,
      'x-request-id': id,
      ...(trace && { traceparent: trace.header }),
    };
    const sent = [...WHO, ...WHERE, ...KNOWN_BY].flatMap((name) =>
      headers[name] === undefined ? [] : [[name, headers[name]]],
    );
    const response = await server.inject({
      method,
      url,
      payload,
      headers: Object.fromEntries(sent),
      remoteAddress: socket.remoteAddress,
    });
    if (response.statusCode < 300) return response.json();
    const { detail, errors = [] } = response.json<Problem>();
    const lines = errors.map((error) => `${error.pointer}: ${error.detail}`);
    throw new RefusedError(lines.length > 0 ? lines.join('\n') : detail);
  }
}
