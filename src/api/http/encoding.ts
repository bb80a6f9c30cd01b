/** `Content-Encoding` of bodies. */
import { showName } from '../../validation/show.ts';
import { ApiProblem } from '../problems.ts';

/** Compressed bodies are not unpacked: their size is known only afterwards. @throws ApiProblem 415 */
export function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || encoding.toLowerCase() === 'identity') return;
  throw new ApiProblem(
    'unsupported-media-type',
    'Unsupported content encoding',
    415,
    `The body is sent with \`Content-Encoding: ${showName(encoding)}\`, and only uncompressed bodies are read: ` +
      'send it as it is, without this header.',
    { headers: { 'accept-encoding': 'identity' } },
  );
}
