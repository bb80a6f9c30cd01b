/** Every change of a batch is one Lua script, as with jobs; their heads in `lua/` say what they take and return. */
import { NAMES as JOBS } from '../jobs/keys.ts';
import { type Scripted, ScriptSet } from '../jobs/script-set.ts';
import { MARKS, NAMES } from './keys.ts';

const SCRIPTS = ['create', 'read', 'list', 'cancel', 'remove', 'settle', 'feed', 'purge'] as const;

export type BatchRedis = Scripted<'whence_batch', (typeof SCRIPTS)[number]>;

export const batchScripts = new ScriptSet({
  prefix: 'whence_batch',
  names: SCRIPTS,
  folder: new URL('./lua/', import.meta.url),
  tables: { NAMES, JOBS, MARKS, WEIGHTS: { key: JOBS.weights } },
  shared: ['../../jobs/lua/time', '../../jobs/lua/weights', 'prelude'],
});
