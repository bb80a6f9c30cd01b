/** The largest difference of two results, by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceOf } from '../../src/results/difference.ts';
import { smallSequence } from './support.ts';

const of = (...overrides: Parameters<typeof smallSequence>[0][]) => ({
  sequences: overrides.map((override) => smallSequence(override)),
});
const NOTHING = { absolute: 0, relative: 0 };

test('equal results differ by nothing, nulls included', () => {
  assert.deepEqual(differenceOf(of({}, {}), of({}, {})), { same_text: true, scores: NOTHING, step_scores: NOTHING });
});

test('the largest absolute and the largest relative difference may be of different numbers', () => {
  const original = of({
    source_attributions: null,
    target_attributions: [
      [10, 0.001],
      [null, -1],
      [2, 2],
    ],
  });
  const again = of({
    source_attributions: null,
    target_attributions: [
      [10.5, 0.002],
      [null, -1],
      [2, 2],
    ],
  });
  assert.deepEqual(differenceOf(original, again).scores, { absolute: 0.5, relative: 0.5 });
  assert.deepEqual(differenceOf(again, original).scores, { absolute: 0.5, relative: 0.5 });
});

test('a change of sign is more than a relative 1, and nothing beside something is 1', () => {
  const scored = (value: number) => of({ convergence_delta: [value] });
  assert.deepEqual(differenceOf(scored(1), scored(-1)).scores, { absolute: 2, relative: 2 });
  assert.deepEqual(differenceOf(scored(0), scored(1e-30)).scores, { absolute: 1e-30, relative: 1 });
});

test('step scores are told apart', () => {
  const scored = (value: number) => of({ step_scores: { probability: [0.5, value] } });
  assert.deepEqual(differenceOf(scored(0.25), scored(0.5)), {
    same_text: true,
    scores: NOTHING,
    step_scores: { absolute: 0.25, relative: 0.5 },
  });
});

test('other texts, and other things that are scored, cannot be paired', () => {
  const [token] = smallSequence().target;
  const unpaired = (same_text: boolean) => ({ same_text, scores: null, step_scores: null });
  assert.deepEqual(differenceOf(of({}), of({ target: [token] })), unpaired(false));
  assert.deepEqual(differenceOf(of({}), of({}, {})), unpaired(false));
  assert.deepEqual(differenceOf(of({}), of({ attr_pos_start: 0 })), unpaired(true));
  assert.deepEqual(differenceOf(of({}), of({ step_scores: { entropy: [1, 1] } })), unpaired(true));
  assert.deepEqual(differenceOf(of({}), of({ target_attributions: [[null, null]] })), unpaired(true));
});

test('results about documents: the answer is their text', () => {
  const about = (answer: string, score: number) => ({
    context: null,
    sources: { answer, units: [], citations: [], scores: [[score]] },
  });
  assert.deepEqual(differenceOf(about('a', 4), about('a', 3)).scores, { absolute: 1, relative: 0.25 });
  assert.equal(differenceOf(about('a', 4), about('b', 4)).same_text, false);
});
