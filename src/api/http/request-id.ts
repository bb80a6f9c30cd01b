/** What a request is called in answers, problems, logs and records of jobs. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { LIMITS } from '../../contract/limits.ts';

/** What can stand in a header and a log as it is. */
const USABLE = new RegExp(`^[\\w.:+/=@~-]{1,${LIMITS.requestIdCharacters}}$`);

/** The client's or proxy's own `X-Request-Id`, where it can be used, else a new one. */
export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && USABLE.test(given) ? given : randomUUID();
}
