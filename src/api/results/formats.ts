/** The forms in which a client can have a result: chosen by `?format=`, or else by `Accept`. */
import type { FastifyRequest } from 'fastify';
import { ApiProblem } from '../problems.ts';

export const FORMATS = ['json', 'inseq', 'csv', 'text', 'html'] as const;
export type Format = (typeof FORMATS)[number];

/** Media types that `Accept` can name, best first where a client accepts several alike. */
const MEDIA_TYPES = ['application/json', 'text/csv', 'text/plain', 'text/html'] as const;
const BY_TYPE: Record<(typeof MEDIA_TYPES)[number], Format> = {
  'application/json': 'json',
  'text/csv': 'csv',
  'text/plain': 'text',
  'text/html': 'html',
};

/**
 * The format that `Accept` asks for; JSON where it does not say.
 * @throws ApiProblem 406 where it names types and none of ours
 */
export function acceptedFormat(request: FastifyRequest): Format {
  const types = request.accepts().type([...MEDIA_TYPES]);
  const type = MEDIA_TYPES.find((one) => one === (Array.isArray(types) ? types[0] : types));
  if (type !== undefined) return BY_TYPE[type];
  if (!/[\w*]\/[\w*]/.test(request.headers.accept ?? '')) return 'json'; // the header names no type at all
  const detail =
    `A result is given as ${MEDIA_TYPES.join(', ')}, and \`Accept\` takes none of them (it is ` +
    `"${request.headers.accept?.slice(0, 200)}"): name one, or choose by \`?format=\`.`;
  throw new ApiProblem('not-acceptable', 'No acceptable format', 406, detail);
}
