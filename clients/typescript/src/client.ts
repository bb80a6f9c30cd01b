/** The client: every route by openapi-fetch (`api`), and what takes several of them. */

import createClient, { type Client } from 'openapi-fetch';
import { errorOf, WhenceError } from './errors.ts';
import { serverSentEvents } from './events.ts';
import type { components, paths } from './schema.ts';

export type Request = components['schemas']['AttributeRequest'];
export type ContextRequest = components['schemas']['AttributeContextRequest'];
export type ContextResult = components['schemas']['ContextResult'];
export type Job = components['schemas']['Job'];
export type Result = components['schemas']['Result'];
export type JobEvent = components['schemas']['JobEvent'];

export interface Whence {
  /** Every route; answers 429 and 503 are asked again when they say. */
  api: Client<paths>;
  /**
   * Attributes generated tokens to input tokens, and waits for it.
   * @param signal - cancels the job when it is aborted
   * @throws {WhenceError} where the request is refused, or the job fails or is canceled
   */
  attribute(request: Request, options?: { signal?: AbortSignal }): Promise<Result>;
  /** Finds which parts of documents or of a context an answer came from; waits and fails as `attribute` does. */
  attributeContext(request: ContextRequest, options?: { signal?: AbortSignal }): Promise<ContextResult>;
  /** `attribute` event by event; leaving the loop early cancels the job. */
  stream(request: Request, options?: { signal?: AbortSignal }): AsyncGenerator<JobEvent>;
}

export interface Options {
  /** An API key, where the service asks for one. */
  key?: string;
  /** How often a busy or silent service is asked again. */
  retries?: number;
  /** In place of the global one. */
  fetch?: typeof fetch;
}

const LONGEST_PAUSE_SECONDS = 60;

/** @param url - of the service, such as `http://127.0.0.1:3000` */
export function createWhence(url: string, { key, retries = 8, fetch = globalThis.fetch }: Options = {}): Whence {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const api = createClient<paths>({
    baseUrl: url.replace(/\/+$/, ''),
    headers,
    redirect: 'error', // the key goes to the service alone
    fetch: (request: globalThis.Request) => patiently(request, retries, fetch),
  });

  /** What the routes that make jobs are sent; sent again after a broken connection, it is not computed twice. */
  const once = () => ({ params: { header: { 'idempotency-key': crypto.randomUUID() } } });
  const attribute = (body: Request) => api.POST('/attribute', { body, ...once() });
  const attributeContext = (body: ContextRequest) => api.POST('/attribute-context', { body, ...once() });

  async function* follow(
    submit: () => ReturnType<typeof attribute> | ReturnType<typeof attributeContext>,
    { signal }: { signal?: AbortSignal } = {},
  ): AsyncGenerator<JobEvent> {
    signal?.throwIfAborted();
    const { data, error, response } = await submit();
    if (data === undefined) throw errorOf(response.status, error);
    const { id } = data as Job; // 202: without `Prefer: wait` there is no result
    let ended = false;
    try {
      for await (const event of events(id, signal)) {
        ended = event.event === 'done';
        yield event;
      }
    } finally {
      if (!ended) await api.POST('/jobs/{id}/cancel', { params: { path: { id } } }).catch(() => {});
    }
  }

  /** Goes on where a broken connection ended. */
  async function* events(id: string, signal?: AbortSignal): AsyncGenerator<JobEvent> {
    let last: string | undefined;
    for (let broken = 0; broken <= retries; broken++) {
      const { data, error, response } = await api.GET('/jobs/{id}/events', {
        params: { path: { id }, header: last === undefined ? {} : { 'last-event-id': last } },
        headers: { accept: 'text/event-stream' },
        parseAs: 'stream',
        ...(signal && { signal }),
      });
      if (!data) throw errorOf(response.status, error);
      try {
        for await (const { id: at, event, data: text } of serverSentEvents(data as ReadableStream<Uint8Array>)) {
          last = at;
          broken = 0;
          yield { id: at, event, data: JSON.parse(text) } as JobEvent; // by the contract
          if (event === 'done') return;
        }
      } catch (failure) {
        if (signal?.aborted || broken === retries) throw failure;
      }
    }
    throw new WhenceError({
      status: null,
      kind: 'unreachable',
      field: null,
      remedy: 'The event stream ends early.',
      problem: null,
    });
  }

  async function resultOf(followed: AsyncGenerator<JobEvent>): Promise<unknown> {
    let job: Job | undefined;
    for await (const event of followed) if (event.event === 'done') job = event.data;
    if (job?.status !== 'succeeded') throw notSucceeded(job);
    const { data, error, response } = await api.GET('/jobs/{id}/result', {
      params: { path: { id: job.id }, query: { format: 'json' } },
    });
    if (data === undefined) throw errorOf(response.status, error);
    return data;
  }

  // A route decides which result a job has, and `format=json` that it is no other form.
  return {
    api,
    stream: (body, options) => follow(() => attribute(body), options),
    attribute: async (body, options) => (await resultOf(follow(() => attribute(body), options))) as Result,
    attributeContext: async (body, options) =>
      (await resultOf(follow(() => attributeContext(body), options))) as ContextResult,
  };
}

function notSucceeded(job: Job | undefined): WhenceError {
  const { code, message, pointer } = job?.error ?? {
    code: 'canceled',
    message: 'The job was canceled.',
    pointer: null,
  };
  return new WhenceError({ status: null, kind: code, field: pointer, remedy: message, problem: null });
}

/** Asks again where the service is busy or the connection breaks. Every request of this client can be sent again. */
async function patiently(
  request: globalThis.Request,
  retries: number,
  fetch: typeof globalThis.fetch,
): Promise<Response> {
  for (let attempt = 0; ; attempt++) {
    let seconds = Math.min(0.25 * 2 ** attempt, 8);
    try {
      const response = await fetch(request.clone());
      if (attempt >= retries || ![429, 503].includes(response.status)) return response;
      await response.body?.cancel();
      const asked = Number(response.headers.get('retry-after') ?? Number.NaN);
      if (Number.isFinite(asked)) seconds = Math.min(asked, LONGEST_PAUSE_SECONDS);
    } catch (failure) {
      if (attempt >= retries || request.signal.aborted) throw failure;
    }
    await pause(seconds, request.signal);
  }
}

function pause(seconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, seconds * 1000);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
