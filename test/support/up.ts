/** A real `whence up`: embedded Redis, API and worker as processes of their own, on a free port with its own data. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const READY_MS = 120_000;

export interface Up {
  url: string;
  process: ChildProcess;
  dataDir: string;
  /** What it has printed so far, standard output and errors apart. */
  output(): { out: string; err: string };
  /** Ends it as Ctrl-C does and gives its exit code. */
  stop(): Promise<number | null>;
}

/** Starts it and waits for its welcome. */
export async function startUp(settings: Record<string, string> = {}): Promise<Up> {
  const data = mkdtempSync(join(tmpdir(), 'whence-up-'));
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('WHENCE_'));
  const env = { ...Object.fromEntries(inherited), WHENCE_PORT: '0', WHENCE_DATA_DIR: data, ...settings };
  const child = spawn(process.execPath, ['bin/whence.mjs', 'up'], {
    cwd: PROJECT,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  const ready = new Promise<void>((done, fail) => {
    const timer = setTimeout(() => fail(new Error(`not ready after ${READY_MS} ms:\n${out}\n${err}`)), READY_MS);
    child.stdout.on('data', (chunk) => {
      out += chunk;
      if (out.includes('Ctrl-C stops everything')) done();
    });
    child.once('exit', (code) => fail(new Error(`ended with exit code ${code}:\n${out}\n${err}`)));
    void Promise.resolve().then(() => child.once('close', () => clearTimeout(timer)));
  });
  const exited = once(child, 'exit');
  const stop = async (): Promise<number | null> => {
    child.kill('SIGINT');
    const [code] = await exited;
    rmSync(data, { recursive: true, force: true });
    return code as number | null;
  };
  try {
    await ready;
  } catch (error) {
    if (child.exitCode === null) await stop();
    else rmSync(data, { recursive: true, force: true });
    throw error;
  }
  const url = /API +(http\S+)/.exec(out)?.[1] ?? '';
  return { url, process: child, dataDir: data, output: () => ({ out, err }), stop };
}
