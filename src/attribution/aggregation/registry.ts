/** All aggregators by id: one file each in aggregators/, and `scores` under the name of each function. */

import type { AggregatorInfo } from '../../contract/catalogue.ts';
import { loadFolder, type RegistryKind, registerMembers, wrongField } from '../load-members.ts';
import type { Aggregator } from './aggregator.ts';
import { scoresBy } from './aggregators/scores.ts';
import { FUNCTION_NAMES } from './functions.ts';

const AGGREGATOR: RegistryKind<Aggregator> = {
  noun: 'aggregator',
  marker: 'apply',
  check: (value) =>
    wrongField(value, { name: 'string', description: 'string', argsSchema: 'object', apply: 'function' }),
};

const folder = await loadFolder(new URL('./aggregators/', import.meta.url));
const byFunction = FUNCTION_NAMES.map((fn) => ({ file: `aggregators/scores.ts (${fn})`, value: scoresBy(fn) }));

/** Aggregators by the name that a request gives, sorted. */
export const AGGREGATORS: ReadonlyMap<string, Aggregator> = registerMembers(AGGREGATOR, folder, byFunction);

/** What the catalogue says of each aggregator. */
export function listAggregators(): AggregatorInfo[] {
  return Array.from(AGGREGATORS.values(), ({ id, name, description, argsSchema }) => ({
    id,
    name,
    description,
    paper: null,
    applies_to: ['decoder-only', 'encoder-decoder'],
    args_schema: { ...argsSchema },
  }));
}
