/** Texts alone, in a batch and beside other jobs, whose results are to be the same bytes. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { tf } from '../../src/tensors/tf.ts';
import { modelDir } from '../support/goldens.ts';
import { generation, hooks, request } from './request.ts';
import { startTestEngine, type TestEngine } from './start.ts';

const TEXTS = [
  'The',
  'Every small cat sees',
  'The doctor visits the old town because it',
  'A green garden',
  'Every small cat sees a green garden! The engineer argued with',
];

/** What the requests of one model differ in. */
export const CASES: readonly [string, Partial<AttributeRequest>][] = [
  ['input_x_gradient of generated texts', {}],
  ['sampled texts', { generation_args: generation(6, { do_sample: true, top_k: 20 }), method: 'saliency' }],
  ['beams', { generation_args: generation(6, { num_beams: 3 }), method: 'saliency' }],
  ['integrated_gradients', { method: 'integrated_gradients', method_args: { n_steps: 7 } }],
  ['occlusion', { method: 'occlusion' }],
  ['lime', { method: 'lime', method_args: { n_samples: 12 } }],
  ['var_grad', { method: 'var_grad', method_args: { n_samples: 6 } }],
  ['kernel_shap', { method: 'kernel_shap', method_args: { n_samples: 12 } }],
  ['attention', { method: 'attention' }],
  ['information_flow_routes', { method: 'information_flow_routes' }],
  ['spans', { target_spans: { unit: 'words', spans: null, locale: null } }],
  [
    'spans occluded',
    {
      method: 'occlusion',
      target_spans: { unit: 'sequence', spans: null, locale: null },
    },
  ],
  ['deeplift', { method: 'deeplift' }],
  ['a layer', { method: 'layer_gradient_x_activation' }],
  [
    'faithfulness metrics',
    {
      method: 'saliency',
      metrics: [call('aopc_comprehensiveness'), call('insertion', { points: 3 }), call('soft_sufficiency')],
    },
  ],
  [
    'step scores, Monte Carlo dropout among them',
    { step_scores: [call('entropy'), call('mc_dropout_prob_avg', { n_mcd_steps: 4 })] },
  ],
];

function call(name: string, args: Record<string, unknown> = {}) {
  return { name, args };
}

/** Models by id: checkpoint and quantization. */
const MODELS = {
  gpt2: ['gpt2-tiny', 'none'],
  'gpt2-int8': ['gpt2-tiny', 'int8'],
  llama: ['llama-tiny', 'none'],
  marian: ['marian-tiny', 'none'],
  t5: ['t5-tiny', 'int8'],
} as const;

type ModelId = keyof typeof MODELS;

export const MODEL_IDS = Object.keys(MODELS) as ModelId[];

/** Describes what is to hold of these models in these cases. */
export function describeBatching(models: readonly ModelId[], cases: typeof CASES): void {
  describe('results of texts that run together', () => {
    let engine: Engine;
    let started: TestEngine;

    before(async () => {
      started = await startTestEngine(() =>
        models.map((id) => ({ id, path: modelDir(MODELS[id][0]), quantization: MODELS[id][1] })),
      );
      engine = started.engine;
    });
    after(() => started.close());

    /** The sequences of a result as they are sent, and the passes that its info counts. */
    const run = async (model: string, texts: string[], changes: Partial<AttributeRequest>) => {
      const asked = request({ generation_args: generation(6), model, input_texts: texts, ...changes });
      const { result } = await engine.attribute(asked, hooks());
      const { forward_passes, backward_passes } = result.info;
      return {
        sequences: result.sequences.map((sequence) => JSON.stringify(sequence)),
        forward_passes,
        backward_passes,
      };
    };

    for (const model of models) {
      for (const [title, changes] of cases) {
        // It is for decoder-only models.
        if (changes.method === 'information_flow_routes' && ['marian', 't5'].includes(model)) continue;
        test(`${model}, ${title}: alone, in a batch and beside other jobs`, async () => {
          const alone: string[] = [];
          let forward = 0;
          for (const text of TEXTS) {
            const { sequences, forward_passes } = await run(model, [text], changes);
            alone.push(...sequences);
            forward += forward_passes as number;
          }
          const batch = await run(model, TEXTS, changes);
          assert.deepEqual(batch.sequences, alone);
          assert.equal(batch.forward_passes, forward, 'passes are counted as of one by one');
          const beside = await Promise.all([
            run(model, [TEXTS[2], TEXTS[0]], changes),
            ...TEXTS.map((text) => run(model, [text], changes)),
            run(model, [TEXTS[1]], { method: 'saliency' }),
            run(model, [TEXTS[4]], { method: 'occlusion' }),
          ]);
          assert.deepEqual(beside[0].sequences, [alone[2], alone[0]]);
          assert.deepEqual(
            beside.slice(1, 1 + TEXTS.length).map(({ sequences: [sequence] }) => sequence),
            alone,
          );
        });
      }
    }

    test('nothing is left on the device', async () => {
      await run('gpt2', TEXTS, {});
      const { numTensors } = tf.memory();
      await run('gpt2', TEXTS, {});
      assert.equal(tf.memory().numTensors, numTensors);
    });
  });
}
