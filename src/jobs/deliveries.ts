/** Deliveries of webhooks as BullMQ's jobs: tried until they succeed, are refused, or were tried often enough. */
import type { Job as BullJob } from 'bullmq';
import type { Logger } from 'pino';
import type { WorkerStore } from './worker-store.ts';

/** Posts the webhook of an ended job. @throws when it should be tried again */
export type Deliver = (id: string, store: WorkerStore) => Promise<void>;

/** Processes one of BullMQ's deliveries. @throws what tells BullMQ to try it again */
export async function runDelivery(
  job: BullJob,
  { deliver, store, log }: { deliver: Deliver; store: WorkerStore; log: Logger },
): Promise<void> {
  const id = job.id ?? '';
  try {
    await deliver(id, store);
  } catch (error) {
    const last = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
    const message = error instanceof Error ? error.message : String(error);
    log.warn({ job: id, error: message }, last ? 'webhook abandoned' : 'webhook failed');
    if (!last) throw error;
  }
  await store.settleWebhook(id);
}
