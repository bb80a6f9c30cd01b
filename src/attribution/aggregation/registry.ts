/** All aggregators by id: one file each in aggregators/, and `scores` by each function. */

import type { AggregatorInfo } from '../../contract/catalogue.ts';
import type { Aggregator } from './aggregator.ts';
import pair from './aggregators/pair.ts';
import scores, { scoresBy } from './aggregators/scores.ts';
import slices from './aggregators/slices.ts';
import spans from './aggregators/spans.ts';
import split from './aggregators/split.ts';
import subwords from './aggregators/subwords.ts';
import weight from './aggregators/weight.ts';
import { FUNCTION_NAMES } from './functions.ts';
import { segmentAggregator } from './segments.ts';

const MEMBERS: readonly Aggregator[] = [
  scores,
  ...FUNCTION_NAMES.map(scoresBy),
  spans,
  subwords,
  segmentAggregator('word'),
  segmentAggregator('sentence'),
  split,
  slices,
  pair,
  weight,
];

/** Aggregators by the name that a request gives. */
export const AGGREGATORS: ReadonlyMap<string, Aggregator> = new Map(MEMBERS.map((member) => [member.id, member]));

/** What the catalogue says of each aggregator. */
export function listAggregators(): AggregatorInfo[] {
  return MEMBERS.map(({ id, name, description, argsSchema }) => ({
    id,
    name,
    description,
    paper: null,
    applies_to: ['decoder-only', 'encoder-decoder'],
    args_schema: { ...argsSchema },
  }));
}
