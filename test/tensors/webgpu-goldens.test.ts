/**
 * Attributions on WebGPU against the golden numbers: a sample, for SwiftShader computes 0.4 GFLOP/s. Of every method
 * there are at least three cases for decoder-only and three for encoder-decoder models, as far as there are golden ones,
 * chosen for being short. Methods of many passes are held against the golden column of the first generated token.
 * `npm run test:webgpu` runs all golden cases.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { loadRegistries } from '../../src/attribution/registries.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { caseOptions, optionsOfV040 } from '../attribution/methods/cases.ts';
import { checkCase } from '../attribution/methods/conformance.ts';
import { loadTiny } from '../attribution/tiny-model.ts';
import { asTheLibraryRuns, loadTranslator } from '../models/encoder-decoder.ts';
import { checkTranslation, type TranslationOptions } from '../models/encoder-decoder-conformance.ts';
import { met } from '../support/close.ts';
import { type AttributionCase, attributionCases, attributionCasesV040 } from '../support/goldens.ts';
import { softwareGpu } from '../support/software-gpu.ts';
import { firstStep } from './first-step.ts';
import { OWN_METHODS } from './own-methods.ts';

const { skip } = softwareGpu();

/** Names of cases by model, of Inseq 0.7.1 and of 0.4.0. */
interface Sample {
  current: string[];
  v040: string[];
}

const DECODERS: Record<string, Sample> = {
  'gpt2-tiny': {
    current: [
      ...['attention-a-free', 'attention-b-forced', 'deeplift-local', 'deeplift-b-forced', 'dig-maxcount'],
      ...['discretized_integrated_gradients-b-forced', 'gradient_shap-noise', 'gradient_shap-b-forced'],
      ...['input_x_gradient-b-forced', 'input_x_gradient-a-free', 'ig-gausslegendre-5', 'ig-riemann_left-10'],
      ...[
        'layer1-layer_gradient_x_activation',
        'layer2-layer_gradient_x_activation',
        'lime-b-forced',
        'lime-mask-prob',
      ],
      ...['span0-occlusion', 'eosbase-occlusion', 'reagent-b-forced', 'span0-saliency', 'span2-saliency'],
      ...['sequential_integrated_gradients-b-forced', 'delta-sequential_integrated_gradients'],
      ...['value_zeroing-heads-by-layer', 'span0-value_zeroing'],
    ],
    v040: [
      ...['layer_deeplift-b', 'layer1-layer_deeplift', 'layer_integrated_gradients-b'],
      ...['layer1-layer_integrated_gradients'],
    ],
  },
  'llama-tiny': {
    current: [
      ...['attention-a-free', 'deeplift-local', 'dig-maxcount', 'gradient_shap-noise', 'input_x_gradient-b-forced'],
      ...['ig-gausslegendre-5', 'layer1-layer_gradient_x_activation', 'lime-b-forced', 'span0-occlusion'],
      ...['reagent-b-forced', 'span0-saliency', 'sequential_integrated_gradients-b-forced'],
      ...['value_zeroing-heads-by-layer'],
    ],
    v040: ['layer_deeplift-b', 'layer_integrated_gradients-b'],
  },
  'opt-tiny': { current: ['reagent-b-forced'], v040: [] },
};

const ENCODER_DECODERS: Record<string, Sample> = {
  'marian-tiny': {
    current: [
      ...['attention-a-free', 'attention-b-forced-target', 'fn-logit-deeplift', 'deeplift-local', 'dig-maxcount'],
      ...['discretized_integrated_gradients-b-forced', 'gradient_shap-noise', 'gradient_shap-b-forced'],
      ...['fn-contrast_logits-input_x_gradient', 'fn-logit-input_x_gradient', 'ig-gausslegendre-5'],
      ...['ig-riemann_left-10', 'fn-logit-layer_gradient_x_activation', 'layer0-layer_gradient_x_activation'],
      ...['lime-b-forced', 'lime-mask-prob', 'fn-logit-occlusion', 'fn-crossentropy-occlusion', 'saliency-signed'],
      ...['fn-contrast_logits-saliency', 'sequential_integrated_gradients-b-forced'],
      ...['delta-sequential_integrated_gradients', 'value_zeroing-heads-by-layer', 'value_zeroing-b-forced-target'],
    ],
    v040: [0, 1, 2].flatMap((layer) => [`layer${layer}-layer_deeplift`, `layer${layer}-layer_integrated_gradients`]),
  },
  't5-tiny': {
    current: [
      ...['attention-a-free', 'deeplift-b-forced', 'discretized_integrated_gradients-b-forced'],
      ...['gradient_shap-b-forced', 'fn-contrast_logits-input_x_gradient', 'fn-logit-integrated_gradients'],
      ...['layer_gradient_x_activation-b-forced', 'lime-b-forced', 'occlusion-b-forced', 'fn-contrast_logits-saliency'],
      ...['sequential_integrated_gradients-b-forced', 'value_zeroing-b-forced-target'],
    ],
    v040: [],
  },
};

const COSTLY = [
  ...['integrated_gradients', 'discretized_integrated_gradients', 'sequential_integrated_gradients'],
  ...['layer_integrated_gradients', 'gradient_shap', 'reagent'],
];

/** Recorded noise is that of all steps, and 0.4.0 counts its steps otherwise with encoder-decoder models. */
function short(golden: AttributionCase, { withoutStart }: TranslationOptions): AttributionCase {
  const whole = golden.rng?.noise !== undefined || (withoutStart === true && golden.sequences[0].source.length > 0);
  return COSTLY.includes(golden.method) && !whole ? firstStep(golden) : golden;
}

/** The cases of a sample; `shown` names each as its test does. */
function casesOf(
  name: string,
  { current, v040 }: Sample,
): { shown: string; golden: AttributionCase; options: TranslationOptions }[] {
  const [cases, older] = [attributionCases(name), v040.length > 0 ? attributionCasesV040(name) : new Map()];
  const found = (from: ReadonlyMap<string, AttributionCase>, key: string): AttributionCase => {
    const golden = from.get(key);
    assert.ok(golden, `${name} has a golden case ${key} among ${[...from.keys()].join(' ')}`);
    return golden;
  };
  return [
    ...current.map((key) => ({
      shown: key,
      golden: found(cases, key),
      options: caseOptions(found(cases, key), cases),
    })),
    ...v040.map((key) => ({
      shown: `${key} of 0.4.0`,
      golden: found(older, key),
      options: { ...optionsOfV040(found(older, key), older), withoutStart: true },
    })),
  ];
}

/** `dummy` computes nothing, and the library fails on its own output of `reagent`. */
const WITHOUT_GOLDENS: Record<string, string[]> = {
  'decoder-only': ['dummy', ...OWN_METHODS],
  'encoder-decoder': ['dummy', 'reagent', ...OWN_METHODS],
};

const { methods } = await loadRegistries();

for (const [architecture, models] of [
  ['decoder-only', DECODERS],
  ['encoder-decoder', ENCODER_DECODERS],
] as const) {
  describe(`goldens of ${architecture} models on WebGPU`, { skip }, () => {
    it('are three of every method that has golden cases', () => {
      const counts = new Map<string, number>();
      for (const [name, sample] of Object.entries(models)) {
        for (const { golden } of casesOf(name, sample)) {
          counts.set(golden.method, (counts.get(golden.method) ?? 0) + 1);
        }
      }
      for (const method of methods.values()) {
        if (WITHOUT_GOLDENS[architecture].includes(method.id)) continue;
        assert.ok((counts.get(method.id) ?? 0) >= 3, `${method.id}: ${counts.get(method.id) ?? 0} cases`);
      }
    });

    for (const [name, sample] of Object.entries(models)) {
      describe(name, () => {
        let check: (golden: AttributionCase, options: TranslationOptions) => Promise<void>;
        let dispose = (): void => {};
        let tensors = 0;
        before(async () => {
          await startBackend('webgpu');
          if (architecture === 'decoder-only') {
            const tiny = await loadTiny(name);
            check = (golden, options) => checkCase(tiny, golden, options);
            dispose = () => tiny.dispose();
          } else {
            const translator = asTheLibraryRuns(await loadTranslator(name));
            check = (golden, options) => checkTranslation(translator, golden, options);
            dispose = () => translator.dispose();
          }
          tensors = tf.memory().numTensors;
          met.worst = 0;
        });
        after(() => {
          assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
          dispose();
        });
        for (const { shown, golden, options } of casesOf(name, sample)) {
          it(shown, () => check(short(golden, options), options));
        }
        it('the largest error', (test) => test.diagnostic(`${name}: ${met.worst.toExponential(1)} of the largest`));
      });
    }
  });
}
