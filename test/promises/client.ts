/** A client of a service in trouble: every answer, or that there was none, is a value. */

import { setTimeout as sleep } from 'node:timers/promises';
import { isFinal, type Job } from '../../src/contract/job.ts';

export interface Answer {
  /** 0: no answer came. */
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the service says
  json: any;
  ms: number;
}

export interface Told {
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the service says
  data: any;
}

export class Client {
  readonly url: string;
  readonly #headers: Record<string, string>;

  /** @param headers - of every request */
  constructor(url: string, headers: Record<string, string> = {}) {
    this.url = url;
    this.#headers = headers;
  }

  /** The same service with an API key. */
  as(key: string): Client {
    return new Client(this.url, { authorization: `Bearer ${key}` });
  }

  get = (path: string, options: RequestInit & { timeoutMs?: number } = {}) => this.#send(path, options);

  post(path: string, body?: unknown, headers: Record<string, string> = {}, timeoutMs = 70_000): Promise<Answer> {
    const content: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' };
    const options = { method: 'POST', body: JSON.stringify(body), headers: { ...content, ...headers }, timeoutMs };
    return this.#send(path, options);
  }

  /** Submits a job and waits for it: its last record. */
  async run(body: unknown): Promise<Job> {
    const { status, json, text } = await this.post('/attribute', body, { prefer: 'wait=60' });
    if (status !== 200 && status !== 202) throw new Error(`POST /attribute: ${status} ${text}`);
    const ended = isFinal(json.status) ? json : await this.ended(json.id, 60_000);
    if (ended === null) throw new Error(`job ${json.id} does not end`);
    return ended;
  }

  /** The job when it has ended; null where it does not in time. A job that the service does not know throws. */
  async ended(id: string, limitMs: number): Promise<Job | null> {
    for (const deadline = Date.now() + limitMs; Date.now() < deadline; await sleep(30)) {
      const { status, json } = await this.get(`/jobs/${id}`, { timeoutMs: 5_000 });
      if (status === 404) throw new Error(`job ${id} is not known`);
      if (status === 200 && isFinal(json.status)) return json;
    }
    return null;
  }

  /** Everything that the event stream of a job that has ended tells. */
  async told(id: string): Promise<Told[]> {
    const { text } = await this.get(`/jobs/${id}/events`, {
      headers: { accept: 'text/event-stream' },
      timeoutMs: 20_000,
    });
    return text.split('\n\n').flatMap((block) => {
      const event = /^event: (.*)$/m.exec(block)?.[1];
      const data = /^data: (.*)$/m.exec(block)?.[1];
      return event === undefined || data === undefined ? [] : [{ event, data: JSON.parse(data) }];
    });
  }

  async #send(path: string, { timeoutMs = 70_000, ...options }: RequestInit & { timeoutMs?: number }): Promise<Answer> {
    const begun = performance.now();
    const headers = {
      'cache-control': 'no-cache',
      ...this.#headers,
      ...Object.fromEntries(new Headers(options.headers)),
    };
    try {
      const response = await fetch(this.url + path, { ...options, headers, signal: AbortSignal.timeout(timeoutMs) });
      const text = await response.text();
      return {
        status: response.status,
        headers: response.headers,
        text,
        json: parse(text),
        ms: performance.now() - begun,
      };
    } catch (error) {
      return { status: 0, headers: new Headers(), text: String(error), json: undefined, ms: performance.now() - begun };
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
