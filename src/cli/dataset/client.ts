/** The service as `whence attribute-dataset` asks it. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Batch } from '../../contract/batch.ts';
import { UnusableError } from '../../unusable.ts';

/** How long the service may be away, and its answers broken off, until the command gives up; running it again goes on. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 1_000;

/** The service does not know what was asked for. */
export class UnknownError extends UnusableError {}

/** Where results go. */
export interface Sink {
  /** Lines that it has. */
  readonly lines: number;
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** What may be better in a moment. */
class PassingError extends Error {}

export class Client {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor({ url, apiKey }: { url: string; apiKey: string | null }) {
    this.#url = url;
    this.#headers = apiKey === null ? {} : { authorization: `Bearer ${apiKey}` };
  }

  /** Sends lines. @param lines - makes them, again for each try */
  createBatch(lines: () => AsyncIterable<string>, idempotencyKey: string): Promise<Batch> {
    return patiently(async () => {
      const response = await this.#fetch('/batches', {
        method: 'POST',
        headers: { 'content-type': 'application/x-ndjson', 'idempotency-key': idempotencyKey },
        body: encoded(lines()),
        duplex: 'half',
      });
      return (await response.json()) as Batch;
    });
  }

  /** @throws {UnknownError} where there is no such batch (any more) */
  batch(id: string): Promise<Batch> {
    return patiently(async () => (await (await this.#fetch(`/batches/${id}`)).json()) as Batch);
  }

  /**
   * Writes the results into `open()`, and opens it again where the connection breaks.
   * @param open - the file, with the lines that are there already and need not come again
   */
  async results(id: string, format: string, open: () => Promise<Sink>): Promise<void> {
    await patiently(async (progressed) => {
      const sink = await open();
      try {
        const { body } = await this.#fetch(`/batches/${id}/results?format=${format}&skip=${sink.lines}`);
        for await (const bytes of body ?? []) {
          await sink.write(bytes);
          progressed();
        }
      } catch (error) {
        // fetch's word for a connection that broke
        throw error instanceof TypeError ? new PassingError(reasonOf(error)) : error;
      } finally {
        await sink.close();
      }
    });
  }

  async #fetch(path: string, init: RequestInit & { duplex?: 'half' } = {}): Promise<Response> {
    const headers = { ...this.#headers, ...init.headers };
    const response = await fetch(this.#url + path, { ...init, headers }).catch((error: unknown) => {
      if (error instanceof UnusableError) throw error;
      if (error instanceof TypeError && error.cause instanceof UnusableError) throw error.cause; // of the lines
      throw new PassingError(
        `nothing answers at ${this.#url} (${reasonOf(error)}): start \`whence up\`, or give --url`,
      );
    });
    if (response.ok) return response;
    const text = await response.text();
    const detail = detailOf(text) ?? `${response.status} ${text.slice(0, 200)}`;
    if (response.status === 429 || response.status === 503) throw new PassingError(detail);
    throw new (response.status === 404 ? UnknownError : UnusableError)(detail);
  }
}

/** Tries again what may pass, as long as there was some progress lately. */
async function patiently<T>(work: (progressed: () => void) => Promise<T>): Promise<T> {
  let until = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work(() => {
        until = Date.now() + PATIENCE_MS;
      });
    } catch (error) {
      if (!(error instanceof PassingError)) throw error;
      if (Date.now() > until) throw new UnusableError(`${error.message}. Run the same command again to go on.`);
      await sleep(PAUSE_MS);
    }
  }
}

function encoded(lines: AsyncIterable<string>): ReadableStream<Uint8Array> {
  const texts = lines[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      const next = await texts.next();
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(next.value));
    },
  });
}

/** What a problem says. */
function detailOf(text: string): string | null {
  try {
    const problem: unknown = JSON.parse(text);
    const known = typeof problem === 'object' && problem !== null && 'detail' in problem;
    return known && typeof problem.detail === 'string' ? problem.detail : null;
  } catch {
    return null;
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
}
