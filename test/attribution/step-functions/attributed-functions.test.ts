import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Method } from '../../../src/attribution/method.ts';
import { loadRegistries } from '../../../src/attribution/registries.ts';
import type { ScoreArray } from '../../../src/attribution/scores.ts';
import { soloTask } from '../../../src/attribution/solo.ts';
import type { StepFunction } from '../../../src/attribution/step-function.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { tf } from '../../../src/tensors/tf.ts';
import { BACKENDS } from '../../support/backends.ts';
import {
  type AttributionCase,
  assertClose,
  attributionCases,
  attributionCasesV040,
  type Golden,
  type GoldenTensor,
} from '../../support/goldens.ts';
import { decoderContrastAsText } from '../contrast-ids.ts';
import { caseSequence, completedArgs, decoderModels, loadTiny, sequenceScores, type TinyModel } from '../tiny-model.ts';

const OPTIONS_071: Record<string, object> = { perplexity: { base: 2 } };
const OPTIONS_040: Record<string, object> = { crossentropy: { base: 2 } };

/** The models that v0.4.0 was run with. */
const OF_V040 = ['gpt2-tiny', 'llama-tiny'];

const { methods, stepFunctions } = await loadRegistries();
/** The other ones have no cases of functions: they differ in the stored type only. */
const decoders = (await decoderModels()).filter((name) => !/-(f16|bf16|sharded)-/.test(name));

/** The default aggregation of per-dimension scores: L2 norm over dimensions, then each column divided by its L1 norm. */
function aggregate({ shape, data }: ScoreArray): ScoreArray {
  const [tokens, steps, width] = shape;
  const norms = new Float64Array(tokens * steps);
  for (let cell = 0; cell < norms.length; cell++) {
    norms[cell] = Math.hypot(...data.subarray(cell * width, (cell + 1) * width));
  }
  const totals = new Float64Array(steps);
  norms.forEach((value, cell) => {
    if (!Number.isNaN(value)) totals[cell % steps] += value;
  });
  return {
    shape: [tokens, steps],
    data: Float32Array.from(norms, (value, cell) => value / Math.max(totals[cell % steps], 1e-12)),
  };
}

/** Functions that are 0, whatever the input, where the contrast token is the generated one. */
const DIFFERENCES = ['contrast_logits_diff', 'contrast_prob_diff', 'pcxmi', 'in_context_pvi'];

/**
 * The golden scores, with 0 in the columns of a function that is constant there: the reference library divides
 * rounding noise by its sum in some of them.
 */
function withoutNoise(scores: GoldenTensor, golden: AttributionCase): GoldenTensor {
  const { attributed_fn: id, contrast_force_inputs: forced } = golden.attribute_kwargs;
  const { target, attr_pos_start: start } = golden.sequences[0];
  // A token that the library shows alone, and not as "contrast → original", is the same on both sides.
  const same = (step: number): boolean => target[start + step][1] !== -1;
  let constant: (step: number) => boolean;
  if (id === 'kl_divergence' && golden.model === 'llama-tiny' && golden.method !== 'integrated_gradients') {
    // Its texts have equally many tokens, so that both distributions of the first step follow the prompt alone.
    constant = (step) => step === 0;
  } else if (DIFFERENCES.includes(String(id)) && forced !== true) {
    constant = same;
  } else {
    return scores;
  }
  const zero = (value: Golden): Golden =>
    Array.isArray(value) ? value.map(zero) : value === null || Math.abs(Number(value)) > 1 ? value : 0;
  const rows = scores.data as Golden[][];
  return { ...scores, data: rows.map((row) => row.map((value, t) => (constant(t) ? zero(value) : value))) };
}

async function checkCase(tiny: TinyModel, golden: AttributionCase, options: Record<string, object>): Promise<void> {
  const { attributed_fn: id, ...given } = golden.attribute_kwargs;
  const fn = stepFunctions.get(String(id)) as StepFunction;
  const method = methods.get(golden.method) as Method;
  const sequence = caseSequence(tiny.tokenizer, golden);
  const scores = sequenceScores(tiny, sequence);
  const args = completedArgs(fn.argsSchema, { ...given, ...options[fn.id] });
  const task = await soloTask(scores, method, {
    args: completedArgs(method.argsSchema, { ...golden.method_kwargs, ...given }),
    attributedFn: { fn, args, pointer: '/attributed_fn/args' },
    attributeTarget: true,
  });
  const { target } = await method.attribute(task);
  scores.dispose();
  assert.ok(target !== null);
  const { target_attributions: raw, aggregated } = golden.sequences[0];
  if (raw?.data) assertClose(target, withoutNoise(raw, golden), golden.tolerance, 'scores');
  const summary = target.shape.length === 3 ? aggregate(target) : target;
  if (aggregated?.target_attributions) {
    assertClose(summary, withoutNoise(aggregated.target_attributions, golden), golden.tolerance, 'aggregated scores');
  } else {
    assert.ok(raw?.data, 'the case has numbers');
  }
}

for (const backend of BACKENDS) {
  for (const name of backend === 'wasm' ? ['gpt2-tiny'] : decoders) {
    describe(`attributed functions of ${name} on ${backend}`, () => {
      let tiny: TinyModel;
      let tensors: number;
      before(async () => {
        await startBackend(backend);
        tiny = await loadTiny(name);
        tensors = tf.memory().numTensors;
      });
      after(() => {
        assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
        tiny.dispose();
      });

      for (const [key, golden] of attributionCases(name)) {
        if (key.startsWith('fn-')) it(key, () => checkCase(tiny, golden, OPTIONS_071));
      }
      if (!OF_V040.includes(name)) return;
      for (const [key, golden] of attributionCasesV040(name)) {
        if (golden.attribute_kwargs.attributed_fn === undefined) continue;
        it(`v0.4.0 ${key}`, () => checkCase(tiny, decoderContrastAsText(tiny.tokenizer, golden), OPTIONS_040));
      }
    });
  }
}
