/** Steps that read the same ids in both texts: both sides of a contrast come from the same logits there. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MethodScores } from '../../../../src/attribution/method.ts';
import type { Sequence } from '../../../../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../../../../src/attribution/registries.ts';
import type { ScoreArray } from '../../../../src/attribution/scores.ts';
import type { SequenceScores } from '../../../../src/attribution/sequence-scores.ts';
import { soloTask } from '../../../../src/attribution/solo.ts';
import { startBackend } from '../../../../src/tensors/backend.ts';
import { tf } from '../../../../src/tensors/tf.ts';
import { encodeSource, encodeTarget, loadTranslator, translationScores } from '../../../models/encoder-decoder.ts';
import { BACKENDS } from '../../../support/backends.ts';
import { completedArgs, decoderSequence, loadTiny, sequenceScores } from '../../tiny-model.ts';

const { methods, stepFunctions } = await loadRegistries();

const call = (id: string, args: Record<string, unknown>) => {
  const fn = stepFunctions.get(id);
  assert.ok(fn, id);
  return { fn, args: completedArgs(fn.argsSchema, args), pointer: '#/attributed_fn/args' };
};

/** Values of one step: over all tokens and what comes after [tokens, steps]. */
function column({ shape, data }: ScoreArray, t: number): number[] {
  const [, steps, width = 1] = shape;
  return [...data].filter((value, k) => Math.floor(k / width) % steps === t && !Number.isNaN(value));
}

interface Setting {
  scores(): SequenceScores;
  /** Contrast text whose first tokens are those of the generated one. */
  contrast: string;
  /** Steps that read the same ids. */
  shared: number;
  steps: number;
  /** Tokens after the first that both texts have. */
  paired: number;
  dispose(): void;
}

async function decoder(name: string): Promise<Setting> {
  const tiny = await loadTiny(name);
  const text = 'Every small cat sees a green garden!';
  const contrast = 'Every small cat sees a quiet little house';
  const sequence = decoderSequence(tiny.tokenizer, 'Every small cat', text);
  const ids = tiny.tokenizer.encode(contrast).ids;
  return { scores: () => sequenceScores(tiny, sequence), contrast, ...lengths(sequence, ids), dispose: tiny.dispose };
}

async function translation(name: string): Promise<Setting> {
  const translator = await loadTranslator(name);
  const targetIds = encodeTarget(translator, 'Every small cat sees a green garden!');
  const contrast = 'Every small cat sees a quiet little house';
  const sourceIds = encodeSource(translator, 'The large dog likes cats');
  const sequence: Sequence = {
    sourceIds,
    sourceBaselineIds: sourceIds.map(() => 3),
    targetIds,
    targetBaselineIds: targetIds.map(() => 3),
    start: 1,
    end: targetIds.length,
  };
  const found = lengths(sequence, encodeTarget(translator, contrast));
  return { scores: () => translationScores(translator, sequence), contrast, ...found, dispose: translator.dispose };
}

/** How many steps there are, and how many of them, the first ones, read what both texts begin with. */
function lengths({ targetIds, start, end }: Sequence, contrastIds: Int32Array) {
  const common = targetIds.findIndex((id, at) => id !== contrastIds[at]);
  assert.ok(common > start && common < end - 1, 'some steps are shared');
  const paired = Math.min(targetIds.length, contrastIds.length) - 1;
  return { shared: common + 1 - start, steps: end - start, paired };
}

const SETTINGS: [string, (name: string) => Promise<Setting>][] = [
  ['gpt2-tiny', decoder],
  ['llama-tiny', decoder],
  ['marian-tiny', translation],
  ['t5-tiny', translation],
];

for (const backend of BACKENDS) {
  for (const [name, load] of SETTINGS) {
    describe(`steps that both texts share, ${name} on ${backend}`, () => {
      let setting: Setting;
      let tensors: number;
      /** Position by position, so that shared steps are those before the texts differ. */
      let args: Record<string, unknown>;
      before(async () => {
        await startBackend(backend);
        setting = await load(name);
        tensors = tf.memory().numTensors;
        const pairs = Array.from({ length: setting.paired }, (_, at) => [at + 1, at + 1]);
        args = { contrast_targets: setting.contrast, contrast_targets_alignments: pairs };
      });
      after(() => {
        assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
        setting.dispose();
      });

      const score = async (id: string, more = {}): Promise<number[]> => {
        const scores = setting.scores();
        const values = await scores.score(call(id, { ...args, ...more }));
        scores.dispose();
        return [...values];
      };
      const attribute = async (id: string, method: string, attributeTarget: boolean): Promise<MethodScores> => {
        const scores = setting.scores();
        const own = methods.get(method);
        assert.ok(own);
        const task = await soloTask(scores, own, {
          args: completedArgs(own.argsSchema, { n_steps: 4 }),
          attributedFn: call(id, { ...args, contrast_force_inputs: true }),
          attributeTarget,
        });
        const found = await own.attribute(task);
        scores.dispose();
        return found;
      };
      /** The largest attribution of each step. */
      const largest = ({ source, target }: MethodScores): number[] =>
        Array.from({ length: setting.steps }, (_, t) =>
          Math.max(...[source, target].flatMap((side) => (side ? column(side, t) : [])).map(Math.abs)),
        );

      it('step scores are those of one prediction', async () => {
        const divergence = await score('kl_divergence');
        divergence.forEach((value, t) => {
          if (t < setting.shared) assert.equal(value, 0, `step ${t}`);
          else assert.ok(value > 1e-6, `step ${t}: ${value}`);
        });
        const pcxmi = await score('pcxmi');
        const pvi = await score('in_context_pvi');
        const logits = await score('contrast_logits_diff');
        // The last shared step is the first whose tokens differ.
        for (let t = 0; t < setting.shared - 1; t++)
          assert.deepEqual([pcxmi[t], pvi[t], logits[t]].map(Math.abs), [0, 0, 0]);
        const difference = await score('contrast_prob_diff');
        const [own, other] = [await score('probability'), await score('contrast_prob')];
        for (let t = 0; t < setting.shared; t++) assert.equal(difference[t], Math.fround(own[t] - other[t]));
      });

      for (const method of ['saliency', 'input_x_gradient', 'deeplift']) {
        it(`${method} of the divergence is exactly 0`, async () => {
          for (const attributeTarget of load === decoder ? [true] : [true, false]) {
            largest(await attribute('kl_divergence', method, attributeTarget)).forEach((value, t) => {
              if (t < setting.shared) assert.equal(value, 0, `step ${t}`);
              else assert.ok(value > 1e-7, `step ${t}: ${value}`);
            });
          }
        });
      }

      it('the divergence of a changed input is not 0', async () => {
        const found = largest(await attribute('kl_divergence', 'occlusion', load === decoder));
        found.forEach((value, t) => {
          // What both sides read of the source changes both alike.
          if (load === translation && t < setting.shared) assert.equal(value, 0, `step ${t}`);
          else assert.ok(value > 1e-6, `step ${t}: ${value}`);
        });
      });

      if (load === translation) {
        it('differences of one token have no source attributions', async () => {
          const found = largest(await attribute('pcxmi', 'saliency', false));
          found.forEach((value, t) => {
            if (t < setting.shared - 1) assert.equal(value, 0, `step ${t}`);
            else assert.ok(value > 1e-6, `step ${t}: ${value}`);
          });
        });
      }
    });
  }
}
