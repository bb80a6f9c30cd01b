/** Tells the receiver that a request named how its job ended. */
import type { Logger } from 'pino';
import type { Webhook } from '../contract/attribute-request.ts';
import { isFinal, type Job, jobLinks } from '../contract/job.ts';
import type { Deliver } from '../jobs/deliveries.ts';
import { type PostOptions, post, WebhookRefusedError } from './post.ts';
import { sign } from './signature.ts';

export interface WebhookOptions extends PostOptions {
  /** Where the world sees the service; then the links of a delivered job lead there, otherwise they are paths. */
  publicUrl: string | null;
}

/** Delivers once. @throws WebhookRefusedError, or an Error that says why the delivery failed and may be repeated */
export async function postWebhook(job: Job, webhook: Webhook, options: WebhookOptions): Promise<void> {
  const body = JSON.stringify({ ...job, links: jobLinks(job.id, options.publicUrl ?? '') });
  const timestamp = Math.floor(Date.now() / 1_000);
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'user-agent': 'whence',
    'webhook-id': job.id,
    'webhook-timestamp': String(timestamp),
  };
  if (webhook.secret !== undefined) headers['webhook-signature'] = sign(webhook.secret, job.id, timestamp, body);
  await post(webhook.url, headers, body, options);
}

/** Posts the webhook of an ended job, if it asked for one and still exists. */
export function deliverer(options: WebhookOptions, log: Logger): Deliver {
  return async (id, store) => {
    const [request, record] = await Promise.all([store.request(id), store.record(id)]);
    if (!request?.webhook || record === null || !isFinal(record.job.status)) return;
    try {
      await postWebhook(record.job, request.webhook, options);
      log.info({ job: id }, 'webhook delivered');
    } catch (error) {
      if (!(error instanceof WebhookRefusedError)) throw error;
      log.warn({ job: id, error: error.message }, 'webhook refused');
    }
  };
}
