/** Step functions of the translation models: golden step scores, and what `contrast_force_inputs` differentiates. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import type { Sequence } from '../../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../../src/attribution/registries.ts';
import type { ScoreArray } from '../../src/attribution/scores.ts';
import { soloTask } from '../../src/attribution/solo.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { completedArgs } from '../attribution/tiny-model.ts';
import { type AttributionCase, assertClose, attributionCases, numbers } from '../support/goldens.ts';
import {
  asTheLibraryRuns,
  ENCODER_DECODERS,
  encodeTarget,
  goldenSequence,
  loadTranslator,
  type Translator,
  translationScores,
} from './encoder-decoder.ts';

const { methods, stepFunctions } = await loadRegistries();

/** 0.7.1's perplexity is 2 to the power of nats. */
const OPTIONS: Record<string, object> = { perplexity: { base: 2 } };
/** Drawn at random, or made by the method. */
const LEFT_OUT = ['mc_dropout_prob_avg', 'deltas'];

function call(id: string, args: Record<string, unknown>) {
  const fn = stepFunctions.get(id);
  assert.ok(fn, id);
  return { fn, args: completedArgs(fn.argsSchema, { ...args, ...OPTIONS[id] }), pointer: '' };
}

async function checkStepScores(translator: Translator, golden: AttributionCase, index: number): Promise<void> {
  const scores = translationScores(translator, goldenSequence(translator, golden, index));
  const { step_scores_args: nested, ...given } = golden.attribute_kwargs;
  for (const [id, expected] of Object.entries(golden.sequences[index].step_scores)) {
    if (LEFT_OUT.includes(id)) continue;
    const args: Record<string, unknown> = { ...given, ...(nested as object) };
    if (id === 'top_p_size') {
      // A count: a cumulative probability may lie on either side of the threshold by rounding.
      const [low, high] = await Promise.all(
        [-1e-6, 1e-6].map((margin) => scores.score(call(id, { ...args, top_p: Number(args.top_p) + margin }))),
      );
      const counts = numbers(expected).data;
      assert.ok(Array.from(low).every((few, t) => few <= counts[t] && counts[t] <= high[t] && high[t] - few <= 1));
      continue;
    }
    const actual = await scores.score(call(id, args));
    // The library multiplies 0 by infinity where a token was filtered out of both distributions.
    if (id === 'kl_divergence' && Number.isNaN(numbers(expected).data[0])) {
      assert.ok(actual.every((value) => value >= 0 && value < 50));
    } else {
      const { step_scores: tolerance } = golden.tolerance;
      // Differences are as exact as what is subtracted: a few units of the last place of logits of 5 to 10, and of
      // log-probabilities of up to 16.
      const atol = { contrast_logits_diff: 4e-6, pcxmi: 8e-6 }[id] ?? tolerance.atol;
      assertClose(actual, expected, { ...tolerance, atol }, id);
    }
  }
  scores.dispose();
}

for (const name of ENCODER_DECODERS) {
  describe(`${name}: step scores`, () => {
    let translator: Translator;
    before(async () => {
      await startBackend('auto');
      translator = asTheLibraryRuns(await loadTranslator(name));
    });
    for (const [key, golden] of attributionCases(name)) {
      const own = Object.keys(golden.sequences[0].step_scores).filter((id) => !LEFT_OUT.includes(id));
      if (own.length === 0) continue;
      it(key, async () => {
        for (const index of golden.sequences.keys()) await checkStepScores(translator, golden, index);
      });
    }
  });
}

/** Equal but for rounding. */
function assertEqual(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const list = Array.from(expected, (value) => (Number.isNaN(value) ? null : value));
  assertClose(actual, list, { rel_to_max: 2e-5 }, 'scores');
}

/** The given columns of scores [tokens, steps, ...]. */
function columns({ shape, data }: ScoreArray, steps: readonly number[]): number[] {
  const width = shape[2] ?? 1;
  return Array.from({ length: shape[0] }, (_, token) =>
    steps.flatMap((step) => {
      const from = (token * shape[1] + step) * width;
      return [...data.subarray(from, from + width)];
    }),
  ).flat();
}

/** Positions of the contrast text in no order, one of them twice. */
const ALIGNMENT: [number, number][] = [
  [1, 4],
  [2, 2],
  [3, 6],
  [4, 2],
  [5, 1],
];

for (const name of ['bart-tiny', 't5-tiny'] as const) {
  describe(`${name}: the contrast side with contrast_force_inputs`, () => {
    let translator: Translator;
    let sequence: Sequence;
    let contrast: Sequence;
    let text: string;
    before(async () => {
      await startBackend('auto');
      translator = await loadTranslator(name);
      const golden = attributionCases(name).get('fn-kl_divergence-saliency');
      assert.ok(golden);
      sequence = { ...goldenSequence(translator, golden, 0), start: 1, end: 6 };
      text = String(golden.attribute_kwargs.contrast_targets);
      const targetIds = encodeTarget(translator, text);
      contrast = { ...sequence, targetIds, targetBaselineIds: targetIds, start: 1, end: targetIds.length };
    });

    const attribute = async (id: string, of: Sequence, fn: string, args: Record<string, unknown>) => {
      const method = methods.get(id);
      assert.ok(method);
      const scores = translationScores(translator, of);
      const own = completedArgs(method.argsSchema, { signed: true, n_steps: 3 });
      const options = { args: own, attributedFn: call(fn, args), attributeTarget: true };
      const { source, target } = await method.attribute(await soloTask(scores, method, options));
      scores.dispose();
      assert.ok(source && target);
      return { source, target };
    };

    const forced = () => ({
      contrast_targets: text,
      contrast_targets_alignments: ALIGNMENT,
      contrast_force_inputs: true,
    });

    for (const method of ['input_x_gradient', 'integrated_gradients', 'occlusion']) {
      it(`${method}: the source counts as for the contrast text itself, the target not at all`, async () => {
        const own = await attribute(method, sequence, 'contrast_logits', forced());
        const alone = await attribute(method, contrast, 'logit', {});
        const read = ALIGNMENT.map(([, at]) => at - contrast.start);
        assertEqual(own.source.data, columns(alone.source, read));
        assert.ok(own.target.data.every((value) => Number.isNaN(value) || value === 0));
      });

      it(`${method}: a difference is that of both sides`, async () => {
        const difference = await attribute(method, sequence, 'contrast_logits_diff', forced());
        const generated = await attribute(method, sequence, 'logit', {});
        const other = await attribute(method, sequence, 'contrast_logits', forced());
        assertEqual(
          difference.source.data,
          generated.source.data.map((value, k) => value - other.source.data[k]),
        );
        assertEqual(difference.target.data, generated.target.data);
      });
    }

    it('another source is a constant', async () => {
      const args = { ...forced(), contrast_sources: 'The small cat' };
      const difference = await attribute('input_x_gradient', sequence, 'contrast_logits_diff', args);
      const generated = await attribute('input_x_gradient', sequence, 'logit', {});
      assertEqual(difference.source.data, generated.source.data);
      await assert.rejects(attribute('saliency', sequence, 'contrast_logits', args), {
        name: 'AttributionError',
        pointer: '/contrast_force_inputs',
        message: /does not depend on the attributed text/,
      });
    });
  });
}
