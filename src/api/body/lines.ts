/**
 * A body's lines, one by one as they arrive: no more of it is held than the line that is not complete yet. What comes
 * faster than it is taken waits in the client.
 */
import { isUtf8 } from 'node:buffer';
import type { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { LIMITS } from '../../contract/limits.ts';
import { REQUEST_MS } from '../http/slow-requests.ts';
import { ApiProblem } from '../problems.ts';

const NEWLINE = 0x0a;

/** For how long a body that was refused is received before it is answered: see read.ts. */
const DRAIN_MS = 10_000;

export interface BodyLine {
  /** From 1, empty lines counted, as an editor shows it. */
  number: number;
  text: string;
}

/** @throws ApiProblem 413 over a limit of bytes, 400 where a line is not UTF-8 or the body ends early, 408 where it stops */
export async function* bodyLines(stream: Readable): AsyncGenerator<BodyLine> {
  let number = 0;
  let received = 0;
  let open: Buffer[] = [];
  let openBytes = 0;
  const take = (bytes: Buffer): void => {
    openBytes += bytes.length;
    if (openBytes > LIMITS.bodyBytes) throw tooLarge(`line ${number + 1} is`, LIMITS.bodyBytes, 'split its request');
    open.push(bytes);
  };
  const close = (): BodyLine => {
    number += 1;
    const bytes = Buffer.concat(open, openBytes);
    open = [];
    openBytes = 0;
    if (!isUtf8(bytes)) throw notUtf8(number);
    return { number, text: bytes.toString() };
  };
  for await (const chunk of chunks(stream)) {
    received += chunk.length;
    if (received > LIMITS.batchBytes) throw tooLarge('the lines are', LIMITS.batchBytes, 'split the batch');
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      take(chunk.subarray(from, at));
      yield close();
      from = at + 1;
    }
    if (from < chunk.length) take(chunk.subarray(from));
    await setImmediate(); // others have their turn
  }
  if (openBytes > 0) yield close();
}

/** The pieces of a body; the next is not received before this one was taken. */
async function* chunks(stream: Readable): AsyncGenerator<Buffer> {
  const waiting: Buffer[] = [];
  let ended = stream.readableEnded;
  let broken = false;
  let wake = (): void => {};
  const onData = (chunk: Buffer): void => {
    waiting.push(chunk);
    stream.pause();
    wake();
  };
  const onEnd = (): void => {
    ended = true;
    wake();
  };
  const onClose = (): void => {
    broken = true;
    wake();
  };
  stream.on('data', onData).on('end', onEnd).on('close', onClose).on('error', onClose);
  try {
    for (;;) {
      const chunk = waiting.shift();
      if (chunk !== undefined) yield chunk;
      else if (ended) return;
      else if (broken) throw cutOff();
      else {
        let timer: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve, reject) => {
          wake = resolve;
          timer = setTimeout(() => reject(stopped()), REQUEST_MS);
          stream.resume();
        }).finally(() => clearTimeout(timer));
      }
    }
  } finally {
    stream.off('data', onData).off('end', onEnd).off('close', onClose).off('error', onClose);
    stream.on('error', () => {}); // nobody listens any more
  }
}

/** Receives what a client still sends of a body that was refused: many clients read no answer before they have sent all. */
export async function drain(stream: Readable): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, DRAIN_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve();
    };
    stream.once('end', end).once('close', end).once('error', end).resume();
  });
}

function tooLarge(what: string, bytes: number, remedy: string): ApiProblem {
  return new ApiProblem(
    'body-too-large',
    'Body too large',
    413,
    `In the body ${what} larger than ${bytes} bytes: ${remedy}.`,
  );
}

function notUtf8(number: number): ApiProblem {
  const detail = `Line ${number} holds bytes that are not UTF-8, the encoding of JSON: encode the text as UTF-8 and send it again.`;
  return new ApiProblem('broken-ndjson', 'The body is not newline-delimited JSON', 400, detail);
}

function cutOff(): ApiProblem {
  return new ApiProblem('bad-request', 'The request is not understood', 400, 'The body ended before it was complete.');
}

function stopped(): ApiProblem {
  const detail = `No more of the body came for ${REQUEST_MS / 1000} s: send it again, without stopping.`;
  return new ApiProblem('request-timeout', 'Request timeout', 408, detail, { headers: { connection: 'close' } });
}
