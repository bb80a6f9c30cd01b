/**
 * Occlusion (Zeiler & Fergus 2014, section 4.1): the change of the score when one token's embedding is replaced by its
 * baseline. Each token is replaced once for all steps: n passes, not n x T.
 */

import { Type } from 'typebox';
import { defineMethod, type MethodTask } from '../method.ts';
import { evaluateMasked } from '../passes/masked-copies.ts';
import type { ReplacedScores } from '../passes/objective.ts';
import type { ScoreArray } from '../scores.ts';

export default defineMethod({
  id: 'occlusion',
  name: 'Occlusion',
  description: 'The change of the score when a token is replaced by the unknown token.',
  paper: {
    title: 'Visualizing and Understanding Convolutional Networks',
    url: 'https://arxiv.org/abs/1311.2901',
  },
  argsSchema: Type.Object(
    {
      signed: Type.Boolean({
        default: false,
        description: 'Keep the sign: positive where the token supports the score. Inseq reports absolute changes.',
      }),
    },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,

  async attribute(task) {
    const { passes, objective, args, attributeTarget } = task;
    const change = args.signed ? (difference: number) => difference : Math.abs;
    const target = attributeTarget ? await occludeTarget(task, change) : null;
    const clean = target?.clean ?? (await objective.evaluate(passes.clean));
    return {
      kind: 'coarse',
      source: passes.sourceFeatures === null ? null : await occludeSource(task, clean, change),
      target: target?.scores ?? null,
    };
  },
});

/** Replaces each token that a step may see; columns of decoder-only models leave as their last token is done. */
async function occludeTarget(
  { passes, objective, onProgress, onSteps }: MethodTask<unknown>,
  change: (difference: number) => number,
): Promise<{ clean: Float32Array; scores: ScoreArray }> {
  const positions = Int32Array.from({ length: passes.length }, (_, p) => p);
  const replaced = await objective.replaceTarget(positions, passes.targetBaseline, async (done, soFar) => {
    const steps = passes.read.filter((position) => position < done).length;
    if (passes.sourceFeatures === null && steps > 0) {
      onSteps(steps, { kind: 'coarse', source: null, target: targetScores(passes, soFar, change) });
    }
    await onProgress(done, positions.length);
  });
  return { clean: replaced.clean, scores: targetScores(passes, replaced, change) };
}

/** [target tokens, steps]; the last token is never seen. */
function targetScores(
  { length, steps }: MethodTask['passes'],
  { clean, replaced }: ReplacedScores,
  change: (difference: number) => number,
): ScoreArray {
  const data = new Float32Array((length + 1) * steps).fill(Number.NaN);
  replaced.forEach((score, cell) => {
    data[cell] = change(clean[cell % steps] - score);
  });
  return { shape: [length + 1, steps], data };
}

async function occludeSource(
  { passes, objective, onProgress }: MethodTask<unknown>,
  clean: Float32Array,
  change: (difference: number) => number,
): Promise<ScoreArray> {
  const { sourceBaseline, sourceLength, steps } = passes;
  // Copy i of the source lacks token i.
  const source = Uint8Array.from({ length: sourceLength ** 2 }, (_, cell) => (cell % (sourceLength + 1) === 0 ? 0 : 1));
  const masks = { samples: sourceLength, source, target: null };
  const fill = { source: sourceBaseline, target: null };
  const occluded = await evaluateMasked({ passes, objective }, masks, fill, (done) => onProgress(done, sourceLength));
  const data = occluded.map((score, cell) => change(clean[cell % steps] - score));
  return { shape: [sourceLength, steps], data };
}
