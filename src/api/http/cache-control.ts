/** The `Cache-Control` header of requests (RFC 9111, section 5.2.1). */
import type { ModelInfo } from '../../contract/catalogue.ts';
import type { CacheUse } from '../../jobs/jobs.ts';

/** How a request uses the results that are kept; undefined: not at all. Other directives are ignored. */
export function cacheUse(header: string | undefined, { fingerprint }: ModelInfo): CacheUse | undefined {
  const directives = header?.split(',').map((directive) => directive.trim().toLowerCase()) ?? [];
  if (fingerprint === undefined || directives.includes('no-store')) return undefined;
  return { fingerprint, lookup: !directives.includes('no-cache') };
}
