/**
 * Every change of a job's record is one Lua script, so that its status, the indexes and the events change together or
 * not at all. The keys that a script touches follow from the record, so they are built inside the script: this needs a
 * plain Redis (or Valkey) server, not a cluster.
 */
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { isFinal, JOB_STATUSES } from '../contract/job.ts';
import { NAMES } from './keys.ts';

export type Argument = string | number | Buffer;

const SCRIPTS = [
  'submit',
  'take',
  'report',
  'finish',
  'requeue',
  'abandon',
  'adopt',
  'turns',
  'cancel',
  'remove',
  'read',
  'list',
  'counts',
  'sweep',
] as const;

/** Its head in `lua/` says what it takes and returns. */
export type ScriptName = (typeof SCRIPTS)[number];

/** A connection that has the scripts as methods: ioredis sends their text once, and then their hash. */
export type ScriptedRedis = Redis & {
  [Name in ScriptName as `whence_${Name}`]: (...args: Argument[]) => Promise<unknown>;
};

const prelude = [
  `local NAMES = ${luaTable(NAMES)}`,
  `local FINAL = ${luaTable(Object.fromEntries(JOB_STATUSES.filter(isFinal).map((status) => [status, status])))}`,
  ...['prelude', 'scheduler', 'records'].map(readLua),
].join('\n');

export function defineScripts(redis: Redis): ScriptedRedis {
  for (const name of SCRIPTS) {
    redis.defineCommand(`whence_${name}`, { lua: `${prelude}\n${readLua(name)}`, numberOfKeys: 0 });
  }
  return redis as ScriptedRedis;
}

export function runScript(redis: ScriptedRedis, name: ScriptName, args: Argument[]): Promise<unknown> {
  return redis[`whence_${name}`](...args);
}

/** A table of texts, as Lua writes it. */
export function luaTable(entries: Record<string, string>): string {
  return `{ ${Object.entries(entries)
    .map(([name, value]) => `${name} = '${value}'`)
    .join(', ')} }`;
}

function readLua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}
