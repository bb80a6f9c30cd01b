/**
 * Reads a body within the limits of bytes, values and nesting, each checked while the body arrives.
 *
 * What is over a limit is no longer kept, but still received, within bounds: clients that write all before they read
 * (Python's urllib, Node's fetch) would otherwise see a broken connection in place of the answer.
 */
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { LIMITS } from '../../contract/limits.ts';
import { JsonStructure } from '../../requests/structure.ts';
import { ApiProblem } from '../problems.ts';

/** Bytes and milliseconds for which a refused body is received before it is answered. */
const DRAIN_BYTES = 16 * LIMITS.bodyBytes;
const DRAIN_MS = 10_000;

/**
 * The text of a body.
 * @throws ApiProblem 413 over a limit, 400 where it is not UTF-8 or ends early
 */
export async function readBody(stream: Readable): Promise<string> {
  const bytes = await receive(stream);
  if (!isUtf8(bytes)) {
    throw new ApiProblem(
      'broken-json',
      'The body is not UTF-8',
      400,
      'The body holds bytes that are not UTF-8, the encoding of JSON: encode the text as UTF-8 and send it again.',
    );
  }
  return bytes.toString('utf8');
}

function receive(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const structure = new JsonStructure();
    const chunks: Buffer[] = [];
    let received = 0;
    let refusal: ApiProblem | null = null;
    let drain: NodeJS.Timeout | undefined;

    const end = (settle: () => void): void => {
      clearTimeout(drain);
      stream.off('data', onData).off('end', onEnd).off('close', onClose);
      stream.resume(); // what still comes is dropped, until the time for a request is over
      settle();
    };
    const refuse = (problem: ApiProblem): void => {
      refusal = problem;
      chunks.length = 0;
      drain = setTimeout(() => end(() => reject(problem)), DRAIN_MS);
    };
    const onData = (chunk: Buffer): void => {
      received += chunk.length;
      if (refusal !== null) {
        if (received > DRAIN_BYTES) end(() => reject(refusal));
        return;
      }
      if (received <= LIMITS.bodyBytes) structure.push(chunk);
      const problem = overLimit(received, structure);
      if (problem === null) chunks.push(chunk);
      else refuse(problem);
    };
    const onEnd = (): void => end(() => (refusal === null ? resolve(Buffer.concat(chunks)) : reject(refusal)));
    const onClose = (): void => end(() => reject(refusal ?? cutOff()));

    stream.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  });
}

function overLimit(bytes: number, { count, deepest }: JsonStructure): ApiProblem | null {
  if (bytes > LIMITS.bodyBytes) {
    return new ApiProblem(
      'body-too-large',
      'Body too large',
      413,
      `The body is larger than ${LIMITS.bodyBytes} bytes: split the request.`,
    );
  }
  if (count > LIMITS.bodyValues) {
    return tooComplex(`holds more than ${LIMITS.bodyValues} values and keys: split the request`);
  }
  if (deepest > LIMITS.bodyDepth) {
    return tooComplex(`is nested more than ${LIMITS.bodyDepth} levels deep: no request needs that many`);
  }
  return null;
}

function tooComplex(what: string): ApiProblem {
  return new ApiProblem('body-too-complex', 'Body too complex', 413, `The body ${what}.`);
}

function cutOff(): ApiProblem {
  return new ApiProblem('bad-request', 'The request is not understood', 400, 'The body ended before it was complete.');
}
