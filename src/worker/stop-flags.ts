/**
 * Stop signals that reach an engine while it computes.
 *
 * tfjs-node computes synchronously, so that a message on the engine's channel is read only when a pass has ended, which
 * takes seconds on large models. Beside the channel the worker has a pipe to a small thread of the engine's process:
 * each byte that it writes names the slot of a job that is to stop, and the thread sets the slot's flag in memory that
 * the engine looks at between ops.
 */

import type { Readable } from 'node:stream';
import { Worker } from 'node:worker_threads';

/** Jobs that a flag can be told apart for: a slot is used again after so many others. */
export const STOP_SLOTS = 256;

/** File descriptor of the pipe in the engine's process, after standard streams and the channel. */
export const STOP_PIPE = 4;

/** Plain JavaScript, so that no compiler has to reach the thread. */
const LISTENER = `
const { workerData } = require('node:worker_threads');
const { Socket } = require('node:net');
const flags = new Int32Array(workerData.flags);
const pipe = new Socket({ fd: workerData.pipe, readable: true, writable: false });
pipe.on('data', (slots) => { for (const slot of slots) Atomics.store(flags, slot, 1); });
pipe.on('error', () => {});
`;

export class StopFlags {
  readonly #flags = new Int32Array(new SharedArrayBuffer(STOP_SLOTS * Int32Array.BYTES_PER_ELEMENT));

  /** Listens to the pipe, in a thread that does not keep the process alive. */
  listen(pipe = STOP_PIPE): void {
    const thread = new Worker(LISTENER, { eval: true, execArgv: [], workerData: { flags: this.#flags.buffer, pipe } });
    thread.unref();
  }

  /** Makes a slot ready for another job. */
  clear(slot: number): void {
    Atomics.store(this.#flags, slot, 0);
  }

  isSet(slot: number): boolean {
    return Atomics.load(this.#flags, slot) === 1;
  }
}

/** The worker's end: `pipe` is the engine process's stream at STOP_PIPE. */
export function writeStop(pipe: Readable | NodeJS.WritableStream | null | undefined, slot: number): void {
  if (pipe != null && 'write' in pipe) pipe.write(Uint8Array.of(slot));
}
