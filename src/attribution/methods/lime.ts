/**
 * LIME (Ribeiro et al. 2016): a weighted ridge regression of the score on which tokens are kept, over samples in which
 * random tokens are replaced by their baseline. The samples are shared by all steps: n_samples passes in all.
 *
 * Inseq's variant regresses on the perturbed embeddings, fills dropped tokens with the unknown token's *number*, and
 * weighs a sample by its kept entries. Its features are affine in the mask, so the same fit is done in token space.
 */

import { type Static, Type } from 'typebox';
import { scoped } from '../../tensors/ops.ts';
import { read } from '../../tensors/read.ts';
import { type Tensor2D, tf } from '../../tensors/tf.ts';
import { defineMethod, type MethodScores, type MethodTask } from '../method.ts';
import { evaluateMasked, type Masks } from '../passes/masked-copies.ts';
import type { Passes } from '../passes/passes.ts';
import type { ScoreArray } from '../scores.ts';
import { mapSides, type Sides } from '../sides.ts';
import { baselinesOf, featuresOf, type SideTensors } from './parts/inputs.ts';
import { type RidgeFit, ridge } from './parts/ridge.ts';

const Args = Type.Object(
  {
    n_samples: Type.Integer({
      minimum: 2,
      maximum: 10_000,
      default: 100,
      description: 'Perturbed copies of the text.',
    }),
    mask_prob: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.3,
      description: 'Probability with which a token is replaced.',
    }),
    kernel_width: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1000,
      default: 0.25,
      description:
        'A sample weighs exp(-d² / width²), d being the cosine distance between its mask and the whole text.',
    }),
    alpha: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1e6,
      default: 1,
      description: 'Penalty of the ridge regression.',
    }),
    variant: Type.Union([Type.Literal('tokens'), Type.Literal('inseq')], {
      default: 'tokens',
      description:
        'tokens: one signed score per token. inseq: one score per embedding dimension, as Inseq computes them ' +
        '(constant fill, weight by kept entries; kernel_width is not used).',
    }),
  },
  { additionalProperties: false },
);
type Task = MethodTask<Static<typeof Args>>;

export default defineMethod({
  id: 'lime',
  name: 'LIME',
  description: 'A linear model of how the score depends on each token, fitted to samples with random tokens replaced.',
  paper: {
    title: '"Why Should I Trust You?": Explaining the Predictions of Any Classifier',
    url: 'https://arxiv.org/abs/1602.04938',
  },
  argsSchema: Args,
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,
  passes: { evaluated: 'n_samples' },

  async attribute(task) {
    return limeAt(task, drawMasks(task));
  },
});

/**
 * Seeded masks. With `tokens` the first sample is the sequence itself, as in the paper's code, and tokens that
 * are their own baseline are always kept: they have no share in the fit and score 0.
 */
function drawMasks({ passes, args, random, attributeTarget }: Task): Masks {
  const { sourceIds, sourceBaselineIds, targetIds, targetBaselineIds } = passes.sequence;
  const { n_samples: samples, mask_prob: dropped } = args;
  const inseq = args.variant === 'inseq';
  const draw = (tokens: number, ids: Int32Array, baselines: Int32Array): Uint8Array =>
    Uint8Array.from({ length: samples * tokens }, (_, k) => {
      const kept = random.uniform() >= dropped;
      const fixed = !inseq && (k < tokens || ids[k % tokens] === baselines[k % tokens]);
      return kept || fixed ? 1 : 0;
    });
  return {
    samples,
    source: sourceIds && sourceBaselineIds && draw(passes.sourceLength, sourceIds, sourceBaselineIds),
    target: attributeTarget ? draw(passes.length, targetIds, targetBaselineIds) : null,
  };
}

/** LIME on given masks. */
export async function limeAt(task: Task, masks: Masks): Promise<MethodScores> {
  const { passes, args } = task;
  const inseq = args.variant === 'inseq';
  const fill = inseq ? constantFill(passes) : baselinesOf(passes);
  try {
    // How far a token moves when it is dropped: with `inseq` the regression's scale of that token.
    const { source, target } = featuresOf(passes);
    const moves = inseq
      ? { source: await moveOf(source, fill.source), target: await moveOf(target, fill.target) }
      : null;
    const outputs = await evaluateMasked(task, masks, fill, (done) => task.onProgress(done, masks.samples));
    return await fitColumns(task, masks, outputs, moves);
  } finally {
    if (inseq) mapSides(fill, (constant) => constant?.dispose());
  }
}

/** One regression a column, on the tokens that it sees. */
async function fitColumns(
  { passes, args, onProgress }: Task,
  masks: Masks,
  outputs: Float32Array,
  moves: Sides<Move | null> | null,
): Promise<MethodScores> {
  const { columns, sourceLength, length, lastRead } = passes;
  const { samples } = masks;
  const hidden = passes.targetFeatures.shape[1];
  const empty = (tokens: number): ScoreArray => {
    const shape = moves === null ? [tokens, columns] : [tokens, columns, hidden];
    return { shape, data: new Float32Array(shape.reduce((size, axis) => size * axis, 1)).fill(Number.NaN) };
  };
  const scores = { source: masks.source && empty(sourceLength), target: masks.target && empty(length + 1) };
  const r2 = new Float32Array(columns);
  const fromSource = masks.source === null ? 0 : sourceLength;
  for (let column = 0; column < columns; column++) {
    const tokens = fromSource + (masks.target === null ? 0 : lastRead[column] + 1);
    const kept = (sample: number, token: number): number =>
      token < fromSource
        ? (masks.source?.[sample * sourceLength + token] ?? 0)
        : (masks.target?.[sample * length + token - fromSource] ?? 0);
    const moveAt = (token: number): [Move | null | undefined, number] =>
      token < fromSource ? [moves?.source, token] : [moves?.target, token - fromSource];
    const scale = Float64Array.from({ length: tokens }, (_, token) => {
      const [move, position] = moveAt(token);
      return move ? move.norms[position] : 1;
    });
    const weights = new Float64Array(samples);
    const x = new Float64Array(samples * tokens);
    for (let i = 0; i < samples; i++) {
      let count = 0;
      for (let token = 0; token < tokens; token++) {
        const value = kept(i, token);
        count += value;
        x[i * tokens + token] = value * scale[token];
      }
      weights[i] = moves === null ? kernel(count / tokens, args.kernel_width) : count * hidden;
    }
    const y = Float64Array.from({ length: samples }, (_, i) => outputs[i * columns + column]);
    const fit = ridge(x, y, weights, tokens, args.alpha);
    r2[column] = fit.r2;
    for (let token = 0; token < tokens; token++) {
      const [move, position] = moveAt(token);
      const side = token < fromSource ? scores.source : scores.target;
      if (side !== null) write(side, position * columns + column, fit, token, move ?? null, hidden);
    }
    await onProgress(samples, samples);
  }
  return { kind: moves === null ? 'coarse' : 'granular', ...scores, diagnostics: { r2 } };
}

/** Writes a token's coefficient: as it is, or spread over the dimensions in which the token moves. */
function write(side: ScoreArray, cell: number, fit: RidgeFit, token: number, move: Move | null, hidden: number): void {
  if (move === null) {
    side.data[cell] = fit.coefficients[token];
    return;
  }
  const position = Math.floor(cell / side.shape[1]);
  for (let d = 0; d < hidden; d++) {
    side.data[cell * hidden + d] = move.units[position * hidden + d] * fit.coefficients[token];
  }
}

/** Weight of a sample that keeps this share of the tokens. */
function kernel(share: number, width: number): number {
  const distance = 1 - Math.sqrt(share);
  return Math.exp(-((distance / width) ** 2));
}

/** Each token's delta from its fill: its length [positions], and its direction [positions, hidden]. */
interface Move {
  norms: Float32Array;
  units: Float32Array;
}

/** Shortest length that a delta is divided by. */
const MIN_NORM = 1e-30;

async function moveOf(features: Tensor2D | null, fill: Tensor2D | null): Promise<Move | null> {
  if (features === null || fill === null) return null;
  const delta = (): Tensor2D => tf.sub(features, fill);
  const norms = await read(() => tf.norm(delta(), 2, 1, true));
  const units = await read(() => tf.div(delta(), tf.maximum(tf.norm(delta(), 2, 1, true), MIN_NORM)));
  return { norms, units };
}

/** The unknown token's number in every dimension, for Inseq's variant. */
function constantFill(passes: Passes): SideTensors {
  const { sequence } = passes;
  const number =
    unknownId(sequence.sourceIds, sequence.sourceBaselineIds) ??
    unknownId(sequence.targetIds, sequence.targetBaselineIds) ??
    0;
  return mapSides(
    featuresOf(passes),
    (features): Tensor2D | null => features && scoped(() => tf.keep(tf.fill(features.shape, number))),
  );
}

/** The id that baselines are made of: any that differs from its token. */
function unknownId(ids: Int32Array | null, baselines: Int32Array | null): number | null {
  if (ids === null || baselines === null) return null;
  return baselines.find((baseline, k) => baseline !== ids[k]) ?? null;
}
