/** Every change of a batch is one Lua script, as with jobs; their heads in `lua/` say what they take and return. */
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';
import { NAMES as JOBS } from '../jobs/keys.ts';
import { type Argument, luaTable } from '../jobs/scripts.ts';
import { MARKS, NAMES } from './keys.ts';

const SCRIPTS = ['create', 'read', 'list', 'cancel', 'remove', 'settle', 'feed', 'purge'] as const;

/** Its head in `lua/` says what it takes and returns. */
type ScriptName = (typeof SCRIPTS)[number];

/** A connection that has the scripts as methods. */
export type BatchRedis = Redis & {
  [Name in ScriptName as `whence_batch_${Name}`]: (...args: Argument[]) => Promise<unknown>;
};

const prelude = [
  `local NAMES = ${luaTable(NAMES)}`,
  `local JOBS = ${luaTable(JOBS)}`,
  `local MARKS = ${luaTable(MARKS)}`,
  readLua('prelude'),
].join('\n');

export function defineBatchScripts(redis: Redis): BatchRedis {
  for (const name of SCRIPTS) {
    redis.defineCommand(`whence_batch_${name}`, { lua: `${prelude}\n${readLua(name)}`, numberOfKeys: 0 });
  }
  return redis as BatchRedis;
}

export function runBatchScript(redis: BatchRedis, name: ScriptName, args: Argument[]): Promise<unknown> {
  return redis[`whence_batch_${name}`](...args);
}

function readLua(name: string): string {
  return readFileSync(new URL(`./lua/${name}.lua`, import.meta.url), 'utf8');
}
