/** The `Cache-Control` header of requests (RFC 9111, section 5.2.1). */
import type { ModelInfo } from '../../contract/catalogue.ts';
import type { CacheUse } from '../../jobs/jobs.ts';

/** How a request uses the results that are kept; undefined: not at all. Other directives are ignored. */
export function cacheUse(header: string | undefined, { fingerprint }: ModelInfo): CacheUse | undefined {
  if (fingerprint === undefined || directivesOf(header).includes('no-store')) return undefined;
  return { fingerprint, lookup: mayUseKept(header) };
}

/** Whether a result that is kept may be given. */
export function mayUseKept(header: string | undefined): boolean {
  const directives = directivesOf(header);
  return !directives.includes('no-cache') && !directives.includes('no-store');
}

const directivesOf = (header = ''): string[] => header.split(',').map((directive) => directive.trim().toLowerCase());
