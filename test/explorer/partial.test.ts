/** Columns that have arrived, as a sequence. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { StepEvent } from '../../src/contract/events.ts';
import type { ResultSequence } from '../../src/contract/result.ts';
import { partialSequence } from '../../src/explorer/partial.ts';
import { matrixOf } from '../../src/view/model/matrix.ts';
import { smallSequence } from '../results/support.ts';

/** The events of a text. */
function stepsOf(sequence: ResultSequence, index: number): StepEvent[] {
  const { source, target, attr_pos_start, attr_pos_end, source_attributions, target_attributions } = sequence;
  return Array.from({ length: attr_pos_end - attr_pos_start }, (_, t) => ({
    sequence: index,
    position: attr_pos_start + t,
    token: target[attr_pos_start + t],
    source_attributions: source_attributions?.map((row) => row[t]) ?? null,
    target_attributions: target_attributions?.map((row) => row[t]) ?? null,
    step_scores: {},
    ...(t === 0 && { text: { source, target, attr_pos_start } }),
  }));
}

it('is drawn as the result will be, column by column, of the text that is being attributed', () => {
  const sequence = smallSequence();
  const options = { granularity: 'token', shares: false } as const;
  const steps = [...stepsOf(sequence, 0), ...stepsOf(sequence, 1)];
  const whole = matrixOf(sequence, options);
  const width = whole.columns.length;
  assert.ok(width > 1);
  const found = partialSequence(steps);
  assert.ok(found);
  assert.deepEqual(matrixOf(found, options), whole);
  const first = partialSequence(steps.slice(0, width + 1));
  assert.ok(first);
  const matrix = matrixOf(first, options);
  assert.deepEqual(matrix.columns, whole.columns.slice(0, 1));
  for (const [row, { unit }] of matrix.rows.entries()) {
    assert.equal(unit.text, whole.rows[row].unit.text);
    assert.equal(matrix.values[row], whole.values[row * width]);
  }
  assert.equal(partialSequence([]), null);
  assert.equal(partialSequence(steps.slice(1, 2)), null, 'the tokens are not known');
});
