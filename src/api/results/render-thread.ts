/** A thread of the Renderer: unpacks a stored result, renders it and sends it piece by piece, as pieces are asked for. */

import { parentPort } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import type { JobResult } from '../../contract/job-kinds.ts';
import { type RenderOptions, render, TooLargeError } from '../../results/render.ts';

/** What the thread is sent: the packed result in pieces, what to make of it, and later that there is room for a piece. */
export type ToThread =
  | { kind: 'data'; bytes: Uint8Array }
  | { kind: 'render'; options: RenderOptions; room: number }
  | { kind: 'room' };

/** What it answers. */
export type FromThread =
  | { kind: 'piece'; bytes: Uint8Array }
  | { kind: 'end' }
  | { kind: 'failed'; message: string; tooLarge: boolean };

const encoder = new TextEncoder();
let packed: Uint8Array[] = [];
let pieces: Iterator<string> | null = null;
let room = 0;

function send(): void {
  while (pieces !== null && room > 0) {
    const next = pieces.next();
    if (next.done) {
      pieces = null;
      parentPort?.postMessage({ kind: 'end' } satisfies FromThread);
    } else {
      const bytes = encoder.encode(next.value);
      parentPort?.postMessage({ kind: 'piece', bytes } satisfies FromThread, [bytes.buffer]);
      room--;
    }
  }
}

function unpacked(): JobResult {
  const text = gunzipSync(Buffer.concat(packed)).toString();
  packed = [];
  return JSON.parse(text);
}

function receive(message: ToThread): void {
  if (message.kind === 'data') {
    packed.push(message.bytes);
    return;
  }
  if (message.kind === 'render') {
    pieces = render(unpacked(), message.options);
    room = message.room;
  } else {
    room++;
  }
  send();
}

parentPort?.on('message', (message: ToThread) => {
  try {
    receive(message);
  } catch (error) {
    [packed, pieces] = [[], null];
    const { message: text } = error instanceof Error ? error : new Error(String(error));
    const tooLarge = error instanceof TooLargeError;
    parentPort?.postMessage({ kind: 'failed', message: text, tooLarge } satisfies FromThread);
  }
});
