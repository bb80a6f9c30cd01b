/** The file that results are written to, and beside it what is needed to go on after a break. */

import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { UnusableError } from '../../unusable.ts';
import type { Sink } from './client.ts';
import type { DatasetOptions } from './options.ts';

/** What a run that is not finished leaves beside its output. */
export interface RunState {
  url: string;
  /** Sent with the lines, so that they are one batch however often they are sent. */
  idempotency_key: string;
  /** Null: not known to be accepted. */
  batch: string | null;
  /** The file and what was asked: another run has no use for this state. */
  run: string;
}

const NEWLINE = 0x0a;
const READ_BYTES = 1024 * 1024;

const statePath = (output: string): string => `${output}.state.json`;

/** What tells one run from another: the options, and the file as it is now. */
export async function fingerprint({ file, fields, body, output }: DatasetOptions): Promise<string> {
  const { size, mtimeMs } = await stat(file).catch(() => {
    throw new UnusableError(`${file}: there is no such file`);
  });
  return JSON.stringify({ file, size, mtimeMs, fields, body, output });
}

/** The state of an unfinished run; null where there is none. @throws {UnusableError} where it is that of another run */
export async function readState(output: string, run: string): Promise<RunState | null> {
  const path = statePath(output);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return null;
  const state = JSON.parse(text) as RunState;
  if (state.run === run) return state;
  throw new UnusableError(
    `${path} is of a run with another file or other options: give the same ones to go on, another --output, or --overwrite`,
  );
}

export async function writeState(output: string, state: RunState): Promise<void> {
  const draft = `${statePath(output)}.draft`;
  await writeFile(draft, `${JSON.stringify(state, null, 2)}\n`);
  await rename(draft, statePath(output));
}

export async function removeState(output: string): Promise<void> {
  await rm(statePath(output), { force: true });
}

/** Opens a file of lines behind its last whole one. */
export async function openLines(path: string): Promise<Sink> {
  const file = await open(path, 'a+');
  const buffer = Buffer.alloc(READ_BYTES);
  let lines = 0;
  let whole = 0;
  for (let at = 0; ; ) {
    const { bytesRead } = await file.read(buffer, 0, READ_BYTES, at);
    if (bytesRead === 0) break;
    for (let i = buffer.indexOf(NEWLINE); i >= 0 && i < bytesRead; i = buffer.indexOf(NEWLINE, i + 1)) {
      lines += 1;
      whole = at + i + 1;
    }
    at += bytesRead;
  }
  await file.truncate(whole);
  return sinkOf(file, lines);
}

/** Opens a file that is written whole or not at all: beside its place, until it is `finished`. */
export async function openWhole(path: string): Promise<Sink> {
  return sinkOf(await open(partPath(path), 'w'), 0);
}

/** Puts a file that was written whole into its place. */
export async function finishWhole(path: string): Promise<void> {
  await rename(partPath(path), path);
}

const partPath = (path: string): string => `${path}.part`;

function sinkOf(file: FileHandle, lines: number): Sink {
  return {
    lines,
    write: async (bytes) => void (await file.write(bytes)),
    close: () => file.close(),
  };
}

/** Makes room for a new run. @throws {UnusableError} where there is a file and it must not be overwritten */
export async function makeRoom(path: string, overwrite: boolean): Promise<void> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere && !overwrite) {
    throw new UnusableError(`${path} is there already: give another --output, or --overwrite`);
  }
  await rm(path, { force: true });
}
