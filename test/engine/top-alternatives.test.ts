/** `top_alternatives`: what else the model might have said at each step, with the probabilities that it gives. */

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { StepEvent } from '../../src/contract/events.ts';
import { PROJECT } from '../support/up.ts';
import { generation, hooks, request } from './request.ts';
import { startTestEngine, type TestEngine } from './start.ts';

const PROBABILITY = { name: 'probability', args: {} };

for (const backend of ['tensorflow', 'wasm'] as const) {
  describe(`top_alternatives on ${backend}`, () => {
    let started: TestEngine;
    before(async () => {
      const path = (id: string): string => join(PROJECT, 'models', id);
      started = await startTestEngine(
        () => [
          { id: 'facts', path: path('facts-gpt2') },
          { id: 'numbers', path: path('numbers-m2m100') },
        ],
        { backend },
      );
    });
    after(() => started.close());

    const attribute = async (changes: Partial<AttributeRequest>, steps: StepEvent[] = []) => {
      const asked = request({ model: 'facts', input_texts: ['The capital of France is'], ...changes });
      const { result } = await started.engine.attribute(asked, hooks({ step: (step) => steps.push(step) }));
      return result;
    };

    it('greedy search took the first; the others have the probability that they get when they are forced', async () => {
      const steps: StepEvent[] = [];
      const generated = { generation_args: generation(2), step_scores: [PROBABILITY], top_alternatives: 4 };
      const { sequences, info } = await attribute(generated, steps);
      const [{ target, attr_pos_start: start, top_alternatives: likely = [], step_scores }] = sequences;
      assert.equal(info.request.top_alternatives, 4);
      assert.deepEqual(
        likely.map(({ length }) => length),
        [4, 4],
      );
      for (const [t, step] of likely.entries()) {
        assert.equal(step[0].id, target[start + t].id);
        assert.equal(step[0].token, target[start + t].token);
        assert.ok(Math.abs(step[0].probability - Number(step_scores.probability[t])) < 1e-6);
        const probabilities = step.map(({ probability }) => probability);
        assert.deepEqual(
          probabilities,
          probabilities.toSorted((a, b) => b - a),
        );
      }
      assert.deepEqual(
        steps.map(({ top_alternatives }) => top_alternatives),
        likely,
      );
      for (const { token, probability } of likely[0]) {
        const forced = await attribute({
          generated_texts: [`The capital of France is${token.replace('Ġ', ' ')}`],
          step_scores: [PROBABILITY],
        });
        assert.equal(forced.sequences[0].top_alternatives, undefined);
        const score = Number(forced.sequences[0].step_scores.probability[0]);
        assert.ok(Math.abs(score - probability) < 1e-5, `${token}: ${probability}, forced ${score}`);
      }
    });

    it('a merged word has those of its first token; a translation has its own', async () => {
      const asked: Partial<AttributeRequest> = {
        model: 'numbers',
        input_texts: ['two hundred forty-three'],
        src_lang: 'en',
        tgt_lang: 'de',
        generation_args: generation(12),
        top_alternatives: 2,
      };
      const plain = (await attribute(asked)).sequences[0];
      const words = (
        await attribute({
          ...asked,
          aggregators: [
            { name: 'vnorm', args: {} },
            { name: 'words', args: {} },
          ],
        })
      ).sequences[0];
      assert.ok(words.target.length < plain.target.length, 'some word has several tokens');
      assert.equal(words.top_alternatives?.length, words.attr_pos_end - words.attr_pos_start);
      words.top_alternatives?.forEach((step, t) => {
        const { start, end } = words.target[words.attr_pos_start + t];
        if (start === end) return;
        const first = plain.target.findIndex((token, at) => at >= plain.attr_pos_start && token.start === start);
        assert.deepEqual(step, plain.top_alternatives?.[first - plain.attr_pos_start]);
      });
    });

    it('there are none where none are asked for', async () => {
      const [one] = (await attribute({ generation_args: generation(1) })).sequences;
      assert.equal('top_alternatives' in one, false);
    });
  });
}
