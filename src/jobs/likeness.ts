/** What requests have in common, as hashes: whether two are the same, and whether two are computed alike. */
import { createHash } from 'node:crypto';
import type { JobRequest } from '../contract/job-kinds.ts';

/**
 * What may differ between jobs that share passes: texts, and what each text has of its own. Results never depend on what
 * ran beside them, so jobs that this takes for alike wrongly gain nothing and lose nothing.
 */
const OWN = new Set([
  'input_texts',
  'messages',
  'generated_texts',
  'input_context_text',
  'input_current_text',
  'output_context_text',
  'output_current_text',
  'documents',
  'query',
  'answer_spans',
  'target_spans',
  'contrast_sources',
  'contrast_targets',
  'seed',
  'priority',
  'webhook',
  'metadata',
]);

/** The same for requests that ask for the same. @param replayOf - the job that is to be repeated */
export function requestHash(request: JobRequest, replayOf?: string): string {
  return digest(canonical(replayOf === undefined ? request : { ...request, replayOf }));
}

/** The same for requests of one model, method and arguments, whatever their texts. */
export function likeness(request: JobRequest): string {
  return digest(canonical(request, OWN)).slice(0, 32);
}

/**
 * What a result is kept under for requests of the tenant that ask for the same: everything that it depends on.
 * @param fingerprint - of the model (contract/catalogue.ts)
 */
export function cacheKey(request: JobRequest, tenant: string, fingerprint: string): string {
  const { priority: _priority, webhook: _webhook, metadata: _metadata, ...asked } = request;
  return digest(`${tenant}\0${fingerprint}\0${canonical(asked)}`);
}

/** What an idempotency key is known by: each tenant has its own. Neither of both can hold the character between them. */
export function idempotencyDigest(tenant: string, key: string): string {
  return digest(tenant === '' ? key : `${tenant}\0${key}`);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with sorted keys: the same value always gives the same text. */
function canonical(value: unknown, omitted = new Set<string>()): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(
          Object.entries(inner)
            .filter(([name]) => !omitted.has(name))
            .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)),
        )
      : inner,
  );
}
