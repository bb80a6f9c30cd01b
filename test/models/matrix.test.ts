/**
 * Every family by every method and step function that `GET /models/{id}` offers for it, float and int8, on tiny random
 * models: each runs, gives numbers of the right shape, none of them NaN where a token can count, and frees its tensors.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { applies, type Method } from '../../src/attribution/method.ts';
import type { Sequence } from '../../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../../src/attribution/registries.ts';
import type { ScoreArray } from '../../src/attribution/scores.ts';
import type { SequenceScores, StepCall } from '../../src/attribution/sequence-scores.ts';
import { soloScores, soloTask } from '../../src/attribution/solo.ts';
import type { StepFunction } from '../../src/attribution/step-function.ts';
import { families, type LoadedModel, loadModel } from '../../src/models/load.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { completedArgs } from '../attribution/tiny-model.ts';
import { caseOfType, FAMILY_CASES } from './family-cases.ts';
import { writeCheckpoint } from './generated-checkpoint.ts';

const { methods, stepFunctions } = await loadRegistries();

/** Types that are built as another one of the list is. */
const SAME_AS: Record<string, string> = { mt5: 't5', umt5: 't5', gemma3: 'gemma3_text' };

/** Few samples: enough to go through all of the code. */
const SMALL: Record<string, unknown> = {
  n_steps: 2,
  n_samples: 3,
  n_neighbors: 4,
  max_probe_steps: 2,
  num_probes: 2,
  n_mcd_steps: 2,
  top_p: 0.8,
  contrast_targets: 'contrast',
};

const TARGET = Int32Array.of(3, 17, 8, 25, 1);
const CONTRAST = Int32Array.of(3, 17, 12, 25, 6);
const SOURCE = Int32Array.of(9, 4, 21);
const START = 3;

function sequenceOf(model: LoadedModel['model']): Sequence {
  const sourceIds = model.encoder === null ? null : SOURCE;
  return {
    sourceIds,
    sourceBaselineIds: sourceIds?.map(() => 2) ?? null,
    targetIds: TARGET,
    targetBaselineIds: TARGET.map((id, k) => (k === 0 ? id : 2)),
    start: START,
    end: TARGET.length,
    specialIds: new Set([0, 1]),
  };
}

function scoresOf({ model }: LoadedModel): SequenceScores {
  return soloScores({
    model,
    sequence: sequenceOf(model),
    texts: {
      encodeTarget: () => CONTRAST,
      encodeSource: model.encoder === null ? null : () => SOURCE,
      align: null,
      index: 0,
      count: 1,
      maxPositions: model.maxPositions,
    },
    memoryBudget: 2 ** 28,
  });
}

const callOf = (fn: StepFunction): StepCall => ({ fn, args: completedArgs(fn.argsSchema, SMALL), pointer: '#' });

/** Numbers for every token that a step can see, NaN for the rest. */
function checkScores(scores: ScoreArray, causal: boolean, label: string): void {
  const [tokens, steps, ...axes] = scores.shape;
  assert.equal(steps, TARGET.length - START, label);
  const width = axes.reduce((product, size) => product * size, 1);
  assert.equal(scores.data.length, tokens * steps * width, label);
  for (let token = 0; token < tokens; token++) {
    for (let step = 0; step < steps; step++) {
      const at = (token * steps + step) * width;
      const seen = !causal || token < START + step;
      const numbers = scores.data.subarray(at, at + width);
      assert.ok(
        numbers.every((value) => (seen ? Number.isFinite(value) : Number.isNaN(value))),
        `${label}: token ${token}, step ${step}: ${numbers}`,
      );
    }
  }
}

async function checkMethod(loaded: LoadedModel, method: Method, fn: StepFunction): Promise<void> {
  const scores = scoresOf(loaded);
  const args = completedArgs(method.argsSchema, SMALL);
  const label = `${method.id} of ${fn.id}`;
  try {
    const task = await soloTask(scores, method, { args, attributedFn: callOf(fn), attributeTarget: true });
    const { source, target } = await method.attribute(task);
    if (method.id === 'dummy') return;
    assert.equal(source !== null, loaded.model.encoder !== null, label);
    if (source) checkScores(source, false, `${label}, source`);
    if (target) checkScores(target, true, `${label}, target`);
    else assert.ok(loaded.model.encoder !== null, label);
  } finally {
    scores.dispose();
  }
}

const types = [...(await families()).keys()].filter((type) => !(type in SAME_AS));
/** Models whose embeddings are wider or narrower than their layers, beside the first case of each type. */
const WIDTHS = FAMILY_CASES.filter(({ name }) => name === 'opt-350m' || name === 'opt-wide');
const models = new Set([...types.map(caseOfType), ...WIDTHS]);

for (const { name, config, tensors } of models) {
  for (const quantization of ['none', 'int8'] as const) {
    describe(`${name}, ${quantization}`, () => {
      const dir = mkdtempSync(join(tmpdir(), 'whence-matrix-'));
      let loaded: LoadedModel;
      before(async () => {
        await startBackend('auto');
        writeCheckpoint(join(dir, 'model'), config, tensors);
        loaded = await loadModel(join(dir, 'model'), { quantization, rule: { threshold: 6, outliers: 'row' } });
      });
      after(() => {
        loaded.dispose();
        rmSync(dir, { recursive: true, force: true });
      });

      it('every method that applies', async () => {
        const probability = stepFunctions.get('probability');
        assert.ok(probability);
        for (const method of methods.values()) {
          if (!applies(method, loaded.model)) continue;
          const tensors = tf.memory().numTensors;
          await checkMethod(loaded, method, probability);
          assert.equal(tf.memory().numTensors, tensors, `${method.id} leaves tensors behind`);
        }
      });

      it('every step function, as a score and attributed', async () => {
        for (const fn of stepFunctions.values()) {
          const tensors = tf.memory().numTensors;
          const scores = scoresOf(loaded);
          const values = await scores.score(callOf(fn));
          scores.dispose();
          assert.equal(values.length, TARGET.length - START, fn.id);
          // Without dropout in the network the z-score of Monte Carlo dropout is 0 / 0.
          if (fn.id !== 'mc_dropout_prob_avg') assert.ok(values.every(Number.isFinite), `${fn.id}: ${values}`);
          const method = methods.get(fn.differentiable ? 'saliency' : 'occlusion');
          assert.ok(method);
          // A divergence from a contrast that was read already has nothing to differ in without the contrast's inputs.
          const forced = fn.id === 'kl_divergence';
          if (!forced && fn.id !== 'mc_dropout_prob_avg') await checkMethod(loaded, method, fn);
          assert.equal(tf.memory().numTensors, tensors, `${fn.id} leaves tensors behind`);
        }
      });
    });
  }
}
