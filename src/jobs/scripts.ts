/**
 * Every change of a job's record is one Lua script, so that its status, the indexes and the events change together or not
 * at all. The keys that a script touches follow from the record, so they are built inside the script: this needs a plain
 * Redis (or Valkey) server, not a cluster.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { PREFIX } from './keys.ts';

export type Argument = string | number | Buffer;

const prelude = readLua('prelude').replace('@PREFIX@', PREFIX);

const sources = {
  submit: readLua('submit'),
  start: readLua('start'),
  report: readLua('report'),
  finish: readLua('finish'),
  requeue: readLua('requeue'),
  abandon: readLua('abandon'),
  cancel: readLua('cancel'),
  remove: readLua('remove'),
  read: readLua('read'),
  list: readLua('list'),
  counts: readLua('counts'),
};

export type ScriptName = keyof typeof sources;

const scripts = new Map(
  Object.entries(sources).map(([name, source]) => {
    const text = `${prelude}\n${source}`;
    return [name, { text, sha: createHash('sha1').update(text).digest('hex') }];
  }),
);

/** Runs a script of `lua/`; its head says what it takes and returns. */
export async function runScript(redis: Redis, name: ScriptName, args: Argument[]): Promise<unknown> {
  const script = scripts.get(name);
  if (script === undefined) throw new Error(`no script is called ${name}`);
  try {
    return await redis.evalsha(script.sha, 0, ...args);
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
    return redis.eval(script.text, 0, ...args); // a server that has just started does not know the script yet
  }
}

function readLua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}
