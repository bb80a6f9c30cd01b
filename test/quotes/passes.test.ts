/**
 * What a quote says of a request before it is computed, beside what came of it: passes to the number, and bytes that were
 * not exceeded, for every method on both architectures.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AttributeContextRequest } from '../../src/contract/attribute-context-request.ts';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import { lookAhead } from '../../src/quotes/quote.ts';
import { tf } from '../../src/tensors/tf.ts';
import { LocalTokenizers } from '../../src/tokenizers/local-tokenizers.ts';
import { documentsRequest } from '../engine/context/documents-request.ts';
import { textsRequest } from '../engine/context/tiny-context.ts';
import { generation, request } from '../engine/request.ts';
import { startTestEngine, type TestEngine } from '../engine/start.ts';
import { modelDir } from '../support/goldens.ts';

const MODELS = ['gpt2-tiny', 'm2m100-tiny'];

const DECODER: Partial<AttributeRequest> = {
  model: 'gpt2-tiny',
  input_texts: ['Every cat'],
  generated_texts: ['Every cat sees a small dog'],
};
const TRANSLATION: Partial<AttributeRequest> = {
  model: 'm2m100-tiny',
  input_texts: ['The small cat'],
  generated_texts: ['Le petit chat dort'],
  src_lang: 'en',
  tgt_lang: 'fr',
  attribute_target: true,
};
const SCORED: Partial<AttributeRequest> = {
  step_scores: [
    { name: 'probability', args: { logprob: false } },
    { name: 'entropy', args: {} },
  ],
  top_alternatives: 3,
};
/** Methods with arguments of their own; the others are run as they are. */
const ARGS: Record<string, Record<string, unknown>[]> = {
  integrated_gradients: [{ n_steps: 7 }, { n_steps: 3, return_convergence_delta: true }],
  layer_integrated_gradients: [{ n_steps: 5, return_convergence_delta: true }],
  sequential_integrated_gradients: [{ n_steps: 4 }],
  discretized_integrated_gradients: [{ n_steps: 6 }],
  gradient_shap: [{ n_samples: 4, return_convergence_delta: true }],
  deeplift: [{}, { return_convergence_delta: true }],
  lime: [{ n_samples: 30 }],
  smooth_grad: [{ n_samples: 9 }],
  occlusion: [{}, { units: 'windows', window_size: 2 }, { units: 'spans', target_spans: [1, 3] }],
  value_zeroing: [{}, { output_decoder_self_scores: false }],
  kernel_shap: [{ n_samples: 33 }, { units: 'windows', window_size: 3 }],
  shapley_sampling: [{ n_samples: 3 }, { units: 'windows', window_size: 1000 }],
  reagent: [{ max_probe_steps: 3, num_probes: 2 }],
};

let engine: TestEngine;
let tokens: LocalTokenizers;

before(async () => {
  let modelsFile = '';
  engine = await startTestEngine((folder) => {
    modelsFile = `${folder}/models.json`;
    return MODELS.map((id) => ({ id, path: modelDir(id), quantization: 'none' }));
  });
  tokens = new LocalTokenizers(modelsFile);
});

after(async () => {
  await tokens.close();
  await engine.close();
});

const look = (complete: AttributeRequest | AttributeContextRequest) => {
  const catalogue = engine.engine.catalogue();
  const model = catalogue.models.find(({ id }) => id === complete.model);
  assert.ok(model);
  return lookAhead(complete, model, catalogue, (id, question) => tokens.sizes(id, question));
};

/** Arguments with the defaults of their schema, as the API completes them. */
function completed(method: string, given: Record<string, unknown>): Record<string, unknown> {
  const schema = engine.engine.catalogue().methods.find(({ id }) => id === method)?.args_schema as {
    properties: Record<string, { default: unknown }>;
  };
  const defaults = Object.entries(schema.properties).map(([name, property]) => [name, property.default]);
  return { ...Object.fromEntries(defaults), ...given };
}

async function compare(changes: Partial<AttributeRequest>): Promise<{ exact: boolean; because: string[] }> {
  const complete = request({ method_args: completed(changes.method ?? 'input_x_gradient', {}), ...changes });
  const { passes, memory } = await look(complete);
  assert.ok(passes && memory);
  const before = tf.memory().numBytes;
  let peak = 0;
  const stopped = (): boolean => {
    peak = Math.max(peak, tf.memory().numBytes);
    return false;
  };
  const { result, usage } = await engine.engine.attribute(complete, {
    progress: () => {},
    step: () => {},
    signal: new AbortController().signal,
    stopped,
  });
  const { forward_passes: forward, backward_passes: backward } = result.info;
  const quoted = { forward: passes.forward, backward: passes.backward };
  if (passes.exact) assert.deepEqual(quoted, { forward, backward }, complete.method);
  else {
    assert.ok(
      forward <= passes.forward && backward <= passes.backward,
      `${JSON.stringify(quoted)} for ${forward}, ${backward}`,
    );
    assert.notEqual(passes.because.length, 0);
  }
  assert.equal(usage.passes, forward + backward);
  assert.ok(
    peak - before <= memory.bytes - memory.weight_bytes,
    `${peak - before} bytes, quoted ${JSON.stringify(memory)}`,
  );
  return passes;
}

describe('a quote', () => {
  before(async () => {
    for (const id of MODELS) await engine.engine.warm(id);
  });

  test('counts the passes of every method, and holds its memory, where the answer is given', async () => {
    for (const { id, applies_to: kinds } of engine.engine.catalogue().methods) {
      for (const [kind, text] of [
        ['decoder-only', DECODER],
        ['encoder-decoder', TRANSLATION],
      ] as const) {
        if (!kinds.includes(kind)) continue;
        for (const given of ARGS[id] ?? [{}]) {
          const args = completed(id, given);
          const { exact, because } = await compare({ ...text, ...SCORED, method: id, method_args: args });
          assert.equal(exact, id !== 'reagent', `${id} ${kind}: ${because}`);
        }
      }
    }
  });

  test('counts without step scores, of the source alone, of part of a text, and of several texts', async () => {
    for (const method of ['saliency', 'occlusion', 'value_zeroing', 'shapley_sampling']) {
      const args = completed(method, ARGS[method]?.[0] ?? {});
      assert.ok((await compare({ ...TRANSLATION, attribute_target: false, method, method_args: args })).exact);
      assert.ok((await compare({ ...DECODER, attr_pos_start: -2, attr_pos_end: -1, method, method_args: args })).exact);
      const two = {
        input_texts: ['Every cat', 'The dog'],
        generated_texts: ['Every cat sees', 'The dog sees a big cat'],
      };
      assert.ok((await compare({ ...DECODER, ...two, method, method_args: args })).exact);
    }
  });

  test('tells at most what is needed where the model generates, words are units or texts are compared', async () => {
    const generated = { input_texts: ['Every cat'], generated_texts: null, generation_args: generation(6) };
    const words = completed('occlusion', { units: 'words' });
    const contrast = {
      contrast_targets: 'Every cat sees a big old dog',
      contrast_sources: null,
      contrast_targets_alignments: null,
      contrast_force_inputs: false,
      skip_special_tokens: false,
      logprob: false,
    };
    const other = { name: 'contrast_prob_diff', args: contrast };
    for (const changes of [
      { ...DECODER, ...generated, method: 'occlusion', method_args: completed('occlusion', {}) },
      { ...DECODER, ...generated, method: 'kernel_shap', method_args: completed('kernel_shap', {}) },
      { ...DECODER, method: 'occlusion', method_args: words },
      { ...DECODER, step_scores: [other] },
      { ...DECODER, attributed_fn: { name: 'contrast_prob_diff', args: { ...contrast, contrast_force_inputs: true } } },
    ]) {
      assert.equal((await compare(changes)).exact, false);
    }
    assert.equal((await compare({ ...DECODER, attributed_fn: other })).exact, true);
    assert.equal((await compare({ ...DECODER, ...generated })).exact, true, 'a gradient costs the same for all steps');
  });

  test('counts each run of an ensemble', async () => {
    const dropout = { name: 'mc_dropout_prob_avg', args: { n_mcd_steps: 4, estimand: 'mean', logprob: false } };
    for (const method of ['saliency', 'integrated_gradients', 'occlusion', 'deeplift']) {
      const args = completed(method, ARGS[method]?.[0] ?? {});
      await compare({ ...DECODER, method, method_args: args, attributed_fn: dropout });
    }
  });
});

/** What was quoted, beside what came of it. */
async function compareContext(complete: AttributeContextRequest): Promise<{ exact: boolean }> {
  const { passes, effort } = await look(complete);
  assert.ok(passes && effort);
  const signal = new AbortController().signal;
  const { result, measured } = await engine.engine.attribute(complete, { progress: () => {}, step: () => {}, signal });
  const found = { forward: result.info.forward_passes, backward: result.info.backward_passes };
  const label = `${complete.model} ${complete.approach}: ${JSON.stringify(found)} of ${JSON.stringify(passes)}`;
  if (passes.exact) {
    assert.deepEqual({ forward: passes.forward, backward: passes.backward }, found, label);
    const { rows = 0, cells = 0 } = measured.effort ?? {};
    assert.ok(Math.abs(effort.rows / rows - 1) < 0.2, `${label}: ${rows} rows, quoted were ${effort.rows}`);
    if (complete.output_current_text !== null) assert.ok(Math.abs(effort.cells / cells - 1) < 0.5, label);
  } else {
    assert.ok(found.forward <= passes.forward && found.backward <= passes.backward, label);
    assert.notEqual(passes.because.length, 0);
  }
  return passes;
}

describe('a quote of a context', () => {
  const models = [
    { model: 'gpt2-tiny' },
    { model: 'm2m100-tiny', src_lang: 'en', tgt_lang: 'fr', output_current_text: 'Le petit chat dort.' },
  ];

  test('counts the changed copies of documents', async () => {
    for (const changes of models) {
      assert.ok((await compareContext(documentsRequest(changes))).exact);
      assert.ok((await compareContext(documentsRequest({ ...changes, output_current_text: null }))).exact);
      for (const unit of ['sentence', 'paragraph', 'document', [{ document: 0, start: 4, end: 7 }]] as const) {
        const leaving = {
          ...changes,
          approach: 'leave_one_out',
          unit: typeof unit === 'string' ? unit : [...unit],
        } as const;
        assert.ok((await compareContext(documentsRequest(leaving))).exact, JSON.stringify(unit));
      }
      const tokens = { ...changes, approach: 'leave_one_out', unit: 'token' } as const;
      assert.equal((await compareContext(documentsRequest(tokens))).exact, false);
    }
  });

  test('tells at most what PECoRe and the scores of tokens take', async () => {
    for (const changes of models) {
      for (const approach of ['tokens', 'pecore'] as const) {
        for (const method of ['saliency', 'integrated_gradients', 'occlusion']) {
          const args = completed(method, ARGS[method]?.[0] ?? {});
          await compareContext(documentsRequest({ ...changes, approach, method, method_args: args }));
        }
      }
    }
    const args = { input_context_text: 'The old dog sees a house.', input_current_text: 'The student' };
    const texts = textsRequest({ model: 'gpt2-tiny', args: { ...args, output_current_text: 'visits the garden.' } });
    for (const output_current_text of [texts.output_current_text, null]) {
      await compareContext({ ...texts, output_current_text });
    }
  });
});
