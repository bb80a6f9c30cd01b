/**
 * Every method, step function and aggregator has numbers that it is held against: in the golden files, or in a test of
 * its own name beside those of its kind (methods/NAME.test.ts and so on). A new one without numbers fails here.
 */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { AGGREGATORS } from '../../src/attribution/aggregation/registry.ts';
import { loadRegistries } from '../../src/attribution/registries.ts';
import {
  type AttributionCase,
  aggregationCases,
  attributionCases,
  attributionCasesV040,
  attributionModels,
} from '../support/goldens.ts';
import { leftOut } from './methods/cases.ts';

const { methods, stepFunctions } = await loadRegistries();

const current = attributionModels().flatMap((model) => [...attributionCases(model)]);
/** The models of v0.4.0 whose cases v040.test.ts holds. */
const older = ['gpt2-tiny', 'llama-tiny'].flatMap((model) => [...attributionCasesV040(model)]);
const aggregated = ['gpt2-tiny', 'marian-tiny'].flatMap((model) => aggregationCases(model).cases);

const hasNumbers = ({ sequences }: AttributionCase): boolean =>
  sequences.some(({ target_attributions: raw, aggregated }) => raw?.data || aggregated?.target_attributions);

const golden = {
  methods: new Set([
    ...current.filter(([key, test]) => leftOut(key, test) === null && hasNumbers(test)).map(([, test]) => test.method),
    ...older.filter(([, test]) => hasNumbers(test)).map(([, test]) => test.method),
    // It computes nothing.
    'dummy',
  ]),
  'step-functions': new Set(
    [...current, ...older]
      .flatMap(([, { sequences }]) => Object.keys(sequences[0].step_scores))
      // Drawn at random: the golden numbers are those of another generator.
      .filter((id) => id !== 'mc_dropout_prob_avg'),
  ),
  aggregation: new Set([
    ...aggregated.filter(({ result }) => result).flatMap(({ kwargs }) => [kwargs?.aggregator ?? []].flat().map(String)),
    // The cases 'pair' and 'weight_attributions' of aggregation/goldens.test.ts.
    'pair',
    'weight',
  ]),
};

/** Whether there is a test of that name which compares numbers. */
function hasOwnTest(kind: keyof typeof golden, id: string): boolean {
  const file = new URL(`./${kind}/${id}.test.ts`, import.meta.url);
  return existsSync(file) && /assertClose\(|assert\.deepEqual\(.*\d/.test(readFileSync(file, 'utf8'));
}

describe('numbers to be held against', () => {
  const members: [keyof typeof golden, Iterable<string>][] = [
    ['methods', methods.keys()],
    ['step-functions', stepFunctions.keys()],
    ['aggregation', AGGREGATORS.keys()],
  ];
  for (const [kind, ids] of members) {
    it(`has every member of ${kind}`, () => {
      const without = [...ids].filter((id) => !golden[kind].has(id) && !hasOwnTest(kind, id));
      assert.deepEqual(without, [], `without numbers; add test/attribution/${kind}/NAME.test.ts`);
    });
  }
});
