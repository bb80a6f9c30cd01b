/** Baselines are made of the special tokens that Inseq takes, and scores hold where a probability is nearly 1. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import type { Engine } from '../../src/engine/engine.ts';
import { baselineIds, baselineSpecials } from '../../src/tokenizers/baseline.ts';
import { modelDir, trainedModelDir } from '../support/goldens.ts';
import { hooks, request } from './request.ts';
import { editedCheckpoint, startTestEngine, type TestEngine, type TestModel } from './start.ts';

interface Case {
  /** Fields that the checkpoint's files have otherwise. */
  edits: Record<string, Record<string, unknown>>;
  prompt: string;
  text: string;
  ids: number[];
  baseline_ids: number[];
  attr_pos_start: number;
  probability: number[];
  /** By method: `[step][token]`. */
  columns: Record<string, number[][]>;
}

const CASES: Record<string, Case> = JSON.parse(
  readFileSync(new URL('../fixtures/baselines/scores.json', import.meta.url), 'utf8'),
);
const SOURCES: Record<string, string> = {
  stories: trainedModelDir('stories260K'),
  eos_of_config: modelDir('gpt2-nounk-tiny'),
  pad_of_config: modelDir('gpt2-nounk-tiny'),
};

let engine: Engine;
let started: TestEngine;

before(async () => {
  const models = (folder: string): TestModel[] =>
    Object.entries(CASES).map(([id, { edits }]) => ({
      id,
      path: editedCheckpoint(folder, id, SOURCES[id], edits),
      quantization: 'none',
    }));
  started = await startTestEngine(models, { threads: 1 });
  engine = started.engine;
});

after(() => started.close());

for (const [model, golden] of Object.entries(CASES)) {
  describe(`baselines of ${model}`, () => {
    for (const [method, columns] of Object.entries(golden.columns)) {
      test(`${method} is that of float64`, async () => {
        const { result } = await engine.attribute(
          request({
            model,
            input_texts: [golden.prompt],
            generated_texts: [golden.text],
            method,
            step_scores: [{ name: 'probability', args: {} }],
            method_args: method === 'integrated_gradients' ? { n_steps: 50 } : {},
          }),
          hooks(),
        );
        const [sequence] = result.sequences;
        assert.deepEqual(
          sequence.target.map(({ id }) => id),
          golden.ids,
        );
        assert.equal(sequence.attr_pos_start, golden.attr_pos_start);
        sequence.step_scores.probability.forEach((p, step) => {
          assert.ok(Math.abs(Number(p) - golden.probability[step]) < 1e-5, `p of step ${step}: ${p}`);
        });
        const rows = sequence.target_attributions ?? [];
        columns.forEach((column, step) => {
          const largest = Math.max(...column);
          column.forEach((right, token) => {
            const error = Math.abs(Number(rows[token][step]) - right);
            assert.ok(
              error < 1e-5 * largest + 1e-8,
              `step ${step}, token ${token}: ${rows[token][step]}, not ${right}`,
            );
          });
        });
      });
    }
  });
}

describe('special tokens of baselines', () => {
  const none = { unk: null, pad: null, eos: null };
  const ids = Int32Array.of(0, 1, 2, 7);

  test("come from the tokenizer, and where it has none from config.json, in Inseq's order", () => {
    assert.deepEqual(baselineSpecials({ unk: 3, pad: 4, eos: 2 }, { eos: 1, pad: 7 }), { unk: 3, pad: 4, eos: 1 });
    assert.deepEqual(baselineSpecials({ ...none, eos: 2 }, { eos: 1, pad: 7 }), { unk: null, pad: 7, eos: 1 });
    assert.deepEqual(baselineSpecials({ ...none, eos: 2 }, { eos: 1, pad: null }), { unk: null, pad: 1, eos: 1 });
    assert.deepEqual(baselineSpecials({ ...none, pad: 4, eos: 2 }, { eos: null, pad: 7 }), {
      unk: null,
      pad: 4,
      eos: 4,
    });
    assert.deepEqual(baselineSpecials({ ...none, eos: 2 }, { eos: null, pad: null }), { ...none, eos: 2 });
  });

  test('make every id the unknown one, but for the end of the sequence unless it is asked for', () => {
    const special = baselineSpecials({ ...none, eos: 2 }, { eos: 1, pad: 7 });
    assert.deepEqual(Array.from(baselineIds(ids, special, false)), [7, 1, 7, 7]);
    assert.deepEqual(Array.from(baselineIds(ids, special, true)), [7, 7, 7, 7]);
  });
});
