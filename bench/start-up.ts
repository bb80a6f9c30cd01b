/**
 * CPU seconds (user and system) that each process of `npm start` takes until the service is ready, and their sum: medians
 * of some runs. Linux only.
 *
 *   npm run bench:start -- [RUNS]
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../src/supervisor/redis.ts';

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const TICKS_PER_SECOND = 100;
const NAMES: [RegExp, string][] = [
  [/redis-server|valkey-server/, 'Redis'],
  [/engine-child/, 'engine'],
  [/main\.\S+ api$/, 'API'],
  [/main\.\S+ worker$/, 'worker'],
  [/ up$/, 'supervisor'],
];

/** Seconds by name of every process below `pid`; what ended already counts for its parent. */
function cpuSeconds(pid: number, found: Map<string, number> = new Map()): Map<string, number> {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  const name = NAMES.find(([pattern]) => pattern.test(args))?.[1] ?? 'npm and setup';
  found.set(name, (found.get(name) ?? 0) + ticks / TICKS_PER_SECOND);
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  for (const child of children.split(' ').filter(Boolean)) cpuSeconds(Number(child), found);
  return found;
}

async function measure(): Promise<Map<string, number>> {
  const dir = mkdtempSync(join(tmpdir(), 'whence-start-'));
  const port = await freePort();
  const env = { ...process.env, WHENCE_PORT: String(port), WHENCE_DATA_DIR: dir };
  const child = spawn('npm', ['start'], { cwd: PROJECT, env, stdio: 'ignore', detached: true });
  try {
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null);
      if (response?.ok) return cpuSeconds(child.pid as number);
      if (child.exitCode !== null) throw new Error(`npm start ended with exit code ${child.exitCode}`);
      await sleep(100);
    }
  } finally {
    const exited = once(child, 'exit');
    process.kill(-(child.pid as number), 'SIGTERM');
    await exited;
    rmSync(dir, { recursive: true, force: true });
  }
}

const runs: Map<string, number>[] = [];
for (let run = 0; run < Number(process.argv[2] ?? 5); run++) runs.push(await measure());
const medianOf = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];
for (const name of runs[0].keys()) {
  const seconds = medianOf(runs.map((run) => run.get(name) ?? 0));
  console.log(`${name.padEnd(14)} ${seconds.toFixed(2)} s`);
}
const sums = runs.map((run) => [...run.values()].reduce((sum, seconds) => sum + seconds, 0));
console.log(`${'all'.padEnd(14)} ${medianOf(sums).toFixed(2)} s`);
