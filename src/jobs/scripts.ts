/**
 * Every change of a job's record is one Lua script, so that its status, the indexes and the events change together or
 * not at all. The keys that a script touches follow from the record, so they are built inside the script: this needs a
 * plain Redis (or Valkey) server, not a cluster.
 */
import { isFinal, JOB_STATUSES } from '../contract/job.ts';
import { NAMES } from './keys.ts';
import { type Scripted, ScriptSet } from './script-set.ts';
import { BOUNDS } from './totals.ts';
import { USAGE_DAYS } from './usage.ts';

const SCRIPTS = [
  'submit',
  'take',
  'report',
  'save',
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
  'queues',
  'places',
  'sweep',
] as const;

/** Its head in `lua/` says what it takes and returns. */
export type ScriptName = (typeof SCRIPTS)[number];

export type ScriptedRedis = Scripted<'whence', ScriptName>;

export const scripts = new ScriptSet({
  prefix: 'whence',
  names: SCRIPTS,
  folder: new URL('./lua/', import.meta.url),
  tables: {
    NAMES,
    BOUNDS: Object.fromEntries(Object.entries(BOUNDS).map(([name, bounds]) => [name, bounds.join(' ')])),
    WEIGHTS: { key: NAMES.weights },
    USAGE: { days: String(USAGE_DAYS) },
    FINAL: Object.fromEntries(JOB_STATUSES.filter(isFinal).map((status) => [status, status])),
  },
  shared: ['time', 'weights', 'prelude', 'totals', 'usage', 'scheduler', 'results', 'records', 'running'],
});
