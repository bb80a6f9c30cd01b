import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toText } from '../../src/results/text.ts';
import { resultOf, smallSequence, tokensOf } from './support.ts';

test('a result as text: attributed tokens down, generated tokens across, step scores under them', () => {
  assert.equal(
    toText(resultOf(smallSequence())),
    [
      'text 1          is   Paris',
      'The          0.250   0.500',
      'capital      0.750  -0.125',
      'is                   0.375',
      'probability  0.900   0.800',
      '',
    ].join('\n'),
  );
});

test('tokens of the source stand before those of the target; raw scores are norms; small numbers are seen', () => {
  const text = toText(
    resultOf(
      smallSequence({
        source: tokensOf('▁deux'),
        source_attributions: [
          [
            [3, 4],
            [0, 1e-5],
          ],
        ],
        convergence_delta: [0, null],
      }),
    ),
  );
  const lines = text.split('\n').map((line) => line.split(/ {2,}/));
  assert.deepEqual(lines[1], ['deux', '5.000', '1.0e-5']);
  assert.deepEqual(lines[2].slice(0, 2), ['→ The', '0.250']);
  assert.deepEqual(lines.at(-2), ['convergence_delta', '0.000']);
});
