/**
 * The Inseq file of every method's result, raw or aggregated, is one that Inseq can aggregate and show: the class says
 * how many axes Inseq reduces, so it is held against the scores' rank, and the layout against a file of Inseq's own.
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AttributeRequest, CompleteCall } from '../../src/contract/attribute-request.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { inseqFormat, modelDir } from '../support/goldens.ts';
import { generation, hooks, request } from './request.ts';
import { startTestEngine, type TestEngine } from './start.ts';

let engine: Engine;
let started: TestEngine;

before(async () => {
  started = await startTestEngine(() =>
    ['gpt2-tiny', 'm2m100-tiny'].map((id) => ({ id, path: modelDir(id), quantization: 'none' })),
  );
  engine = started.engine;
});

after(() => started.close());

interface Saved {
  __instance_type__: [string, string];
  attributes: {
    source: unknown[];
    target: unknown[];
    source_attributions: string | null;
    target_attributions: string | null;
    step_scores: Record<string, string>;
    sequence_scores: Record<string, string>;
    attr_pos_start: number;
    attr_pos_end: number;
    _num_dimensions?: number;
  };
}

interface SavedFile {
  attributes: { info: object; sequence_attributions: Saved[] };
}

/** Shape and numbers of a saved tensor. */
function tensor(base64: string): { shape: number[]; data: Float32Array } {
  const bytes = Buffer.from(base64, 'base64');
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { attribution } = JSON.parse(bytes.toString('utf8', 8, start));
  return { shape: attribution.shape, data: new Float32Array(new Uint8Array(bytes.subarray(start)).buffer) };
}

/** How many of the last axes Inseq reduces by default when it shows a sequence of this class. */
function reducedAxes({ __instance_type__: [, name], attributes }: Saved): number {
  if (name === 'CoarseFeatureAttributionSequenceOutput') return 0;
  if (name === 'GranularFeatureAttributionSequenceOutput') return 1;
  assert.equal(name, 'MultiDimensionalFeatureAttributionSequenceOutput');
  return attributes._num_dimensions ?? 0;
}

/** What Inseq asserts of a sequence that it aggregates, and what its pictures need. */
function check(saved: Saved, label: string): void {
  const { source, target, source_attributions, target_attributions, step_scores, sequence_scores } = saved.attributes;
  const { attr_pos_start: start, attr_pos_end: end } = saved.attributes;
  const sides = [
    { encoded: source_attributions, tokens: source.length },
    { encoded: target_attributions, tokens: Math.min(target.length, end) },
  ];
  for (const { encoded, tokens } of sides) {
    if (encoded === null) continue;
    const { shape, data } = tensor(encoded);
    assert.equal(
      shape.length - reducedAxes(saved),
      2,
      `${label}: ${saved.__instance_type__[1]} of rank ${shape.length}`,
    );
    assert.deepEqual(shape.slice(0, 2), [tokens, end - start], label);
    const width = shape.slice(2).reduce((product, size) => product * size, 1);
    for (let at = 0; at < data.length; at += width) {
      const holes = data.subarray(at, at + width).filter(Number.isNaN).length;
      assert.ok(holes === 0 || holes === width, `${label}: Inseq makes NaN of a cell with ${holes} holes`);
    }
  }
  for (const encoded of Object.values(step_scores)) assert.deepEqual(tensor(encoded).shape, [end - start], label);
  for (const encoded of Object.values(sequence_scores)) {
    if (source_attributions === null && target_attributions === null) continue;
    assert.equal(tensor(encoded).shape.length - reducedAxes(saved), 2, label);
  }
}

const call = (name: string, args: Record<string, unknown> = {}): CompleteCall => ({ name, args });

/** Cheap arguments of each method. */
function argsOf(method: string): Record<string, unknown> {
  if (method === 'lime') return { n_samples: 4 };
  if (method === 'reagent') return { max_probe_steps: 3 };
  const args = /integrated/.test(method) ? { n_steps: 2 } : {};
  return /deeplift|integrated|gradient_shap/.test(method) ? { ...args, return_convergence_delta: true } : args;
}

const AGGREGATIONS: [string, CompleteCall[] | null][] = [
  ['default', null],
  ['raw', []],
  ['one axis', [call('absmax')]],
  ['words', [call('scores'), call('words')]],
  ['words of raw scores', [call('words')]],
];

const TEXTS: [string, Partial<AttributeRequest>][] = [
  ['decoder-only', { model: 'gpt2-tiny', input_texts: ['The engineer argued with the', 'Every cat'] }],
  ['encoder-decoder', { model: 'm2m100-tiny', input_texts: ['The cat'], src_lang: 'en', tgt_lang: 'fr' }],
  [
    'encoder-decoder with its target',
    { model: 'm2m100-tiny', input_texts: ['The cat'], src_lang: 'en', tgt_lang: 'fr', attribute_target: true },
  ],
];

const saved = async (changes: Partial<AttributeRequest>): Promise<SavedFile> => {
  const output = await engine.attribute(request({ generation_args: generation(3), ...changes }), hooks());
  return JSON.parse(output.inseq());
};

describe('the Inseq file', () => {
  for (const [kind, text] of TEXTS) {
    test(`every method, raw and aggregated: ${kind}`, async () => {
      const architecture = kind.startsWith('encoder') ? 'encoder-decoder' : 'decoder-only';
      const methods = engine.catalogue().methods.filter(({ applies_to }) => applies_to.includes(architecture));
      for (const { id: method } of methods) {
        for (const [name, aggregators] of AGGREGATIONS) {
          const file = await saved({ ...text, method, method_args: argsOf(method), aggregators });
          for (const sequence of file.attributes.sequence_attributions) check(sequence, `${method}, ${name}`);
        }
      }
    });

    test(`several layers, of both sides: ${kind}`, async () => {
      const target_layer = text.model === 'gpt2-tiny' ? 'h.*.mlp' : 'model.*.layers.*.fc2';
      for (const method of ['layer_gradient_x_activation', 'layer_integrated_gradients', 'layer_deeplift']) {
        for (const aggregators of [null, [call('mean')]]) {
          const file = await saved({ ...text, method, method_args: { target_layer }, aggregators });
          for (const sequence of file.attributes.sequence_attributions) check(sequence, method);
        }
      }
    });
  }

  test('part of a text, step scores, a contrast', async () => {
    const forced = { input_texts: ['Every cat'], generated_texts: ['Every cat sees a small dog'] };
    const contrast = { contrast_targets: ['Every cat sees a big dog'] };
    const file = await saved({
      ...forced,
      model: 'gpt2-tiny',
      attr_pos_end: -1,
      attributed_fn: call('contrast_prob_diff', contrast),
      step_scores: [call('probability'), call('kl_divergence', contrast), call('probability', { logprob: true })],
    });
    const [sequence] = file.attributes.sequence_attributions;
    check(sequence, 'contrast');
    assert.deepEqual(Object.keys(sequence.attributes.step_scores), ['kl_divergence', 'probability', 'probability_3']);
  });

  test('has the fields of a file that Inseq saved', async () => {
    const theirs: SavedFile = JSON.parse(inseqFormat('gpt2-tiny-attention.json').toString('utf8'));
    const ours = await saved({ model: 'gpt2-tiny', method: 'attention', aggregators: [] });
    const fields = (value: object) => Object.keys(value).sort();
    assert.deepEqual(fields(ours.attributes), fields(theirs.attributes));
    assert.deepEqual(fields(ours.attributes.info), fields(theirs.attributes.info));
    const [[ourSequence], [theirSequence]] = [ours, theirs].map(({ attributes }) => attributes.sequence_attributions);
    assert.deepEqual(ourSequence.__instance_type__, theirSequence.__instance_type__);
    const added = fields(ourSequence.attributes).filter((name) => !(name in theirSequence.attributes));
    assert.deepEqual(added, ['_num_dimensions']);
    assert.equal(ourSequence.attributes._num_dimensions, 2);
  });
});
