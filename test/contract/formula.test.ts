/** The formulas that members of the catalogue declare. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Formula } from '../../src/contract/catalogue.ts';
import { evaluate } from '../../src/contract/formula.ts';

const QUANTITIES = {
  steps: 3,
  source: 0,
  positions: 7,
  attribute_target: 1,
  source_units: 0,
  target_units: 5,
  players: 4,
  layers_asked: 1,
};
const ARGS = { n_steps: 9, flag: true, off: false, none: null, kind: 'mean' };

const CASES: [Formula, number, string[]][] = [
  [2, 2, []],
  ['n_steps', 9, []],
  ['steps', 3, ['steps']],
  [['+', 1, 'n_steps', 'flag', 'off', 'none'], 11, []],
  [['*', 'n_steps', 'positions'], 63, ['positions']],
  [['max', 'flag', 'off'], 1, []],
  [['^', 2, 'players'], 16, ['players']],
  [['half', 'n_steps'], 4, []],
  [['if', ['at_most', 'players', 10], 'steps', 'target_units'], 3, ['players', 'steps']],
  [['if', ['at_most', 'n_steps', 8], 1, 2], 2, []],
  [['is', 'kind', 'mean'], 1, []],
  [['is', 'kind', 'z_score'], 0, []],
];

for (const [formula, value, used] of CASES) {
  test(`${JSON.stringify(formula)} is ${value}`, () => {
    const found = evaluate(formula, QUANTITIES, ARGS);
    assert.equal(found.value, value);
    assert.deepEqual([...found.used], used);
  });
}

test('a name or an operation that is not known is told', () => {
  assert.throws(() => evaluate('n_stops', QUANTITIES, ARGS), /names "n_stops"/);
  assert.throws(() => evaluate(['-', 1, 2], QUANTITIES, ARGS), /operation "-"/);
});
