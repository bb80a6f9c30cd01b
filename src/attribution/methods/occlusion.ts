/**
 * Occlusion (Zeiler & Fergus 2014, section 4.1): the change of the score when the embeddings of one token, or of one unit
 * of tokens, are replaced by their baselines. Each unit is replaced once for all steps: n passes, not n x T. Of a span whose
 * scores are summed it is the change of the sum.
 */

import { Type } from 'typebox';
import { defineMethod, type MethodTask } from '../method.ts';
import { evaluateMasked } from '../passes/masked-copies.ts';
import type { ReplacedScores } from '../passes/objective.ts';
import type { ScoreArray } from '../scores.ts';
import type { Span } from '../spans.ts';
import { Quote } from './parts/quote.ts';
import { spreadOverTokens, UNIT_ARGS, unitsOf } from './parts/units.ts';

export default defineMethod({
  id: 'occlusion',
  name: 'Occlusion',
  description: 'The change of the score when a token, word, sentence or window is replaced by unknown tokens.',
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
      ...UNIT_ARGS,
    },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,
  passes: { evaluated: ['+', 1, 'source_units', ['*', 'attribute_target', 'target_units']] },

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

type Change = (difference: number) => number;
type Task = MethodTask<Parameters<typeof unitsOf>[0]['args']>;

/** Replaces each unit that a step may see; columns of decoder-only models leave as their last unit is done. */
async function occludeTarget(task: Task, change: Change): Promise<{ clean: Float32Array; scores: ScoreArray }> {
  const { passes, objective, onSteps } = task;
  const units = unitsOf(task, 'target');
  const rows = rowsBefore(units, passes.length);
  const quote = new Quote(task, units.length, rows[units.length]);
  const replaced = await objective.replaceTarget(units, passes.targetBaseline, async (done, soFar) => {
    const columns = passes.lastRead.filter((position) => position < (units[done]?.start ?? passes.length)).length;
    if (passes.sourceFeatures === null && columns > 0) {
      onSteps(columns, { kind: 'coarse', source: null, target: targetScores(passes, units, soFar, change) });
    }
    await quote.progress(rows[done]);
  });
  return { clean: replaced.clean, scores: targetScores(passes, units, replaced, change) };
}

/** Positions that the copies of the units before each are run at, and of all: [units + 1] */
function rowsBefore(units: readonly Span[], length: number): number[] {
  const rows = [0];
  for (const { start } of units) rows.push((rows.at(-1) ?? 0) + length - start);
  return rows;
}

/** [target tokens, columns]; NaN for tokens that a column does not see, and the last token is never seen. */
function targetScores(
  { length, lastRead, columns }: MethodTask['passes'],
  units: readonly Span[],
  { clean, replaced }: ReplacedScores,
  change: Change,
): ScoreArray {
  const data = new Float32Array((length + 1) * columns).fill(Number.NaN);
  data.set(
    spreadOverTokens(
      replaced.map((score, cell) => change(clean[cell % columns] - score)),
      units,
    ),
  );
  for (let column = 0; column < columns; column++)
    for (let token = lastRead[column] + 1; token < length; token++) data[token * columns + column] = Number.NaN;
  return { shape: [length + 1, columns], data };
}

async function occludeSource(task: Task, clean: Float32Array, change: Change): Promise<ScoreArray> {
  const { passes, objective } = task;
  const { sourceBaseline, sourceLength, columns, length } = passes;
  const units = unitsOf(task, 'source');
  // Copy i of the source lacks unit i.
  const source = new Uint8Array(units.length * sourceLength).fill(1);
  units.forEach(({ start, end }, unit) => void source.fill(0, unit * sourceLength + start, unit * sourceLength + end));
  const rows = sourceLength + length;
  const quote = new Quote(task, units.length, units.length * rows);
  const masks = { samples: units.length, source, target: null };
  const fill = { source: sourceBaseline, target: null };
  const occluded = await evaluateMasked({ passes, objective }, masks, fill, (done) => quote.progress(done * rows));
  const changes = occluded.map((score, cell) => change(clean[cell % columns] - score));
  return { shape: [sourceLength, columns], data: spreadOverTokens(changes, units) };
}
