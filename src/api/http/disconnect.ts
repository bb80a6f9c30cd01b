/** Notices clients that leave before they are answered. */
import type { FastifyReply } from 'fastify';

/** Aborts when the connection closes before the answer has been sent. (`request.signal` follows the request's body instead.) */
export function disconnected(reply: FastifyReply): AbortSignal {
  const controller = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) controller.abort();
  });
  return controller.signal;
}
