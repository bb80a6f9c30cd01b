/** What plugins and routes work with: each capability is a decorator of its own on the Fastify instance. */
import type { Writable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import type { Batches } from '../batches/batches.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { Sizes } from '../quotes/quote.ts';
import type { TokenCounter } from '../requests/lengths.ts';
import type { Tracing } from '../tracing.ts';
import { CatalogueReader } from './catalogue/reader.ts';
import type { TrustProxy } from './http/proxy.ts';
import { Quoter } from './quotes/quoter.ts';

/** Settings of the API; `src/config.ts` reads them from the environment. */
export interface ApiSettings {
  host: string;
  port: number;
  /** Keys that clients must show; empty: none needed, unless there is a file. */
  apiKeys: readonly string[];
  /** File with more of them; null: there is none. */
  keysFile: string | null;
  /** What cookies and share links are signed with. */
  secret: string;
  /** For which a browser stays signed in. */
  sessionSeconds: number;
  /** For which a share link leads to its result. */
  shareSeconds: number;
  /** Whether agents may use `/mcp`. */
  mcp: boolean;
  /** Where clients reach the API; null: links are paths. */
  publicUrl: string | null;
  /** Requests that one client may make in a minute; 0: no limit. */
  rateLimitPerMinute: number;
  /** Whether webhooks may go to private addresses. */
  allowPrivateWebhooks: boolean;
  /** pino's level, or `silent`. */
  logLevel: string;
  /** The proxies in front whose `X-Forwarded-*` headers are believed. */
  trustProxy: TrustProxy;
}

/** What the API is built from. */
export interface AppParts {
  settings: ApiSettings;
  jobs: Jobs;
  batches: Batches;
  tokens: TokenCounter & { sizes?: Sizes };
  /** Left out: no traces. */
  tracing?: Tracing | null;
  /** Where the log is written; left out: standard output. */
  log?: Writable;
}

declare module 'fastify' {
  interface FastifyInstance {
    settings: ApiSettings;
    jobs: Jobs;
    batches: Batches;
    tokens: TokenCounter;
    catalogue: CatalogueReader;
    quotes: Quoter;
  }
}

export function decorate(
  fastify: FastifyInstance,
  { settings, jobs, batches, tokens, tracing = null }: AppParts,
): void {
  fastify.decorate('tracing', tracing);
  fastify.decorate('settings', settings);
  fastify.decorate('jobs', { getter: () => jobs }); // Fastify looks into an object for `getter`: not into the store
  fastify.decorate('batches', { getter: () => batches });
  fastify.decorate('tokens', tokens);
  fastify.decorate('catalogue', new CatalogueReader(jobs));
  const sizes: Sizes = async (model, question) => (await tokens.sizes?.(model, question)) ?? null;
  fastify.decorate('quotes', new Quoter(jobs, sizes));
}
