import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toText } from '../../src/results/text.ts';
import { failedSequence, resultOf, smallSequence, tokensOf } from './support.ts';

test('a result as text: attributed tokens down, generated tokens across, step scores under them', () => {
  assert.equal(
    toText(resultOf(smallSequence())),
    [
      'text 1          is   Paris',
      'The          0.250   0.500',
      'capital      0.750  -0.125',
      'is                   0.375',
      '',
      'probability  0.900   0.800',
      '',
    ].join('\n'),
  );
});

test('alternatives stand below, a row for each rank', () => {
  const likely = (token: string, probability: number) => ({ id: 1, token, probability });
  const text = toText(
    resultOf(
      smallSequence({ top_alternatives: [[likely(' is', 0.9)], [likely(' Rome', 0.25), likely(' Bern', 0.1)]] }),
    ),
  );
  assert.deepEqual(text.split('\n').slice(-4), [
    '',
    'likely 1     is 0.900  Rome 0.250',
    'likely 2               Bern 0.100',
    '',
  ]);
});

test('metrics stand below, beside those of a random ranking', () => {
  const values = [
    { name: 'comprehensiveness', better: 'higher' as const, value: 0.25, random: 0.1 },
    { name: 'soft_sufficiency', better: 'higher' as const, value: null, random: null },
  ];
  const metrics = { unchanged: 0.9, units: 3, copies: 4, forward_passes: 5, values };
  assert.deepEqual(
    toText(resultOf(smallSequence({ metrics })))
      .split('\n')
      .slice(-4),
    [
      '',
      'comprehensiveness 0.250, random 0.100 (higher is better)',
      'soft_sufficiency -, random - (higher is better)',
      '',
    ],
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
  assert.deepEqual(lines.at(-4), ['convergence_delta', '0.000']);
  assert.match(text, /\n\nEach number is the norm of the scores over the dimensions; format=json has them all\.\n$/);
});

test('a norm over layers is said to be one', () => {
  const target_attributions = [[[1, 2]], [[2, 1]], [[0, 3]], [[null, null]]];
  const layers = { axes: ['layer'], layers: ['h.0', 'h.1'], attr_pos_start: 3, target_attributions };
  assert.match(
    toText(resultOf(smallSequence({ ...layers, step_scores: {} }))),
    /the norm .* over layers \(2 of them\)/,
  );
});

test('tables that are wider than asked for continue in blocks, each with the names', () => {
  const wide = toText(resultOf(smallSequence()), { width: 20 });
  assert.equal(
    wide,
    [
      'text 1          is',
      'The          0.250',
      'capital      0.750',
      'is',
      '',
      'probability  0.900',
      '',
      'text 1        Paris',
      'The           0.500',
      'capital      -0.125',
      'is            0.375',
      '',
      'probability   0.800',
      '',
    ].join('\n'),
  );
  assert.equal(toText(resultOf(smallSequence()), { width: 1_000 }), toText(resultOf(smallSequence())));
  const narrow = toText(resultOf(smallSequence()), { width: 5 });
  assert.equal(narrow, wide, 'a block has one column at least');
});

test('what a token was compared with stands under it', () => {
  const sequence = smallSequence({ step_scores: {} });
  sequence.target[3] = { ...sequence.target[3], contrast: { id: 9, token: 'ĠRome', position: 3 } };
  const [, second] = toText(resultOf(sequence)).split('\n');
  assert.match(second, /^compared with +ĠRome$/);
});

test('a text that failed says why in the place of its table', () => {
  const text = toText(resultOf(failedSequence(), smallSequence()));
  assert.match(text, /^text 1\n\nfailed: It is, "well", too long\.\n\ntext 2 /);
});
