/** Columns leave as they are finished, in their order, and add up to the result. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { StepEvent } from '../../src/contract/events.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { generation, hooks, request } from './request.ts';
import { longModel, startTestEngine, type TestEngine } from './start.ts';

/** Long enough for several blocks of steps and of copies. */
const PROMPT = Array.from({ length: 20 }, () => 'every small cat sees a green garden').join(' ');
const NEW_TOKENS = 24;

describe('step events', () => {
  let engine: Engine;
  let started: TestEngine;

  before(async () => {
    started = await startTestEngine((folder) => [longModel(folder)]);
    engine = started.engine;
  });
  after(() => started.close());

  // Not occlusion: a step's column is done when its last token was replaced, which is near the end for all steps.
  const cases: [string, Partial<AttributeRequest>][] = [
    ['saliency', { method: 'saliency' }],
    ['layers', { method: 'layer_gradient_x_activation' }],
    ['raw scores with step scores', { aggregators: [], step_scores: [{ name: 'entropy', args: {} }] }],
  ];
  for (const [title, changes] of cases) {
    test(`${title}: the first columns leave before the last are computed`, async () => {
      const steps: StepEvent[] = [];
      /** How many had left when the event loop had its next turn. */
      const seen = new Set<number>();
      const timer = setInterval(() => seen.add(steps.length), 0);
      const asked = request({
        model: 'long',
        input_texts: [PROMPT],
        generation_args: generation(NEW_TOKENS),
        aggregators: null,
        ...changes,
      });
      const { result } = await engine.attribute(asked, hooks({ step: (step) => steps.push(step) }));
      clearInterval(timer);
      const [sequence] = result.sequences;
      assert.deepEqual(
        steps.map(({ position }) => position),
        Array.from({ length: steps.length }, (_, t) => sequence.attr_pos_start + t),
      );
      assert.equal(steps.length, sequence.attr_pos_end - sequence.attr_pos_start);
      assert.ok(
        [...seen].some((count) => count > 0 && count < steps.length),
        `columns that had left: ${[...seen].join(', ')} of ${steps.length}`,
      );
      const { source, target, attr_pos_start } = sequence;
      assert.deepEqual(steps[0].text, { source, target, attr_pos_start });
      for (const [t, step] of steps.entries()) {
        assert.equal(step.text !== undefined, t === 0);
        assert.equal(step.token.id, sequence.target[step.position].id);
        for (const [name, values] of Object.entries(sequence.step_scores)) {
          assert.equal(step.step_scores[name], values[t], name);
        }
        if (changes.aggregators === undefined) {
          assert.deepEqual(
            step.target_attributions,
            sequence.target_attributions?.map((row) => row[t]),
            `column ${t}`,
          );
        }
      }
    });
  }
});
