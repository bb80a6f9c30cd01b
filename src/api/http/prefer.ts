/** The `Prefer` header (RFC 7240). */
import { LIMITS } from '../../contract/limits.ts';
import { badRequest } from '../problems.ts';

/**
 * Seconds of `Prefer: wait=N`, or null where the header does not ask to wait. Other preferences are ignored.
 * @throws ApiProblem 400 for a value that is not a number of seconds within the limit
 */
export function waitPreference(header: string | undefined): number | null {
  for (const preference of header?.split(',') ?? []) {
    const [name, value = ''] = preference
      .split(';')[0]
      .split('=')
      .map((part) => part.trim());
    if (name.toLowerCase() !== 'wait') continue;
    const seconds = /^"?(\d{1,6})"?$/.exec(value)?.[1];
    if (seconds !== undefined && Number(seconds) <= LIMITS.waitSeconds) return Number(seconds);
    const detail = `wait must be a whole number of seconds from 0 to ${LIMITS.waitSeconds}, got "${value}": follow GET /jobs/{id}/events to wait longer.`;
    throw badRequest([{ pointer: '#/header/prefer', detail }]);
  }
  return null;
}
