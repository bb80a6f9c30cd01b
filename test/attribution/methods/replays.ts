/** Stochastic methods with the recorded draws of golden cases in place of their own. */

import assert from 'node:assert/strict';
import type { MethodScores } from '../../../src/attribution/method.ts';
import { gradientShapAt } from '../../../src/attribution/methods/gradient_shap.ts';
import { limeAt } from '../../../src/attribution/methods/lime.ts';
import type { ChainDraws } from '../../../src/attribution/methods/parts/importance-chains.ts';
import { reagentAt } from '../../../src/attribution/methods/reagent.ts';
import type { Sequence } from '../../../src/attribution/passes/sequence-features.ts';
import type { ScoreArray } from '../../../src/attribution/scores.ts';
import { numbers } from '../../support/close.ts';
import type { AttributionCase } from '../../support/goldens.ts';
import type { RunPart } from './conformance.ts';

/** @param index - which of the case's sequences is replayed */
type Replay = (golden: AttributionCase, index: number, sequence: Sequence, run: RunPart) => Promise<MethodScores>;

const SIDES = ['source', 'target'] as const;

/** The reference library draws anew at every step: each step is run alone, with its draws. */
async function stepByStep(
  sequence: Sequence,
  one: (part: Sequence, step: number) => Promise<MethodScores>,
): Promise<MethodScores> {
  const steps = sequence.end - sequence.start;
  const whole: Record<(typeof SIDES)[number], ScoreArray | null> = { source: null, target: null };
  let last: MethodScores | null = null;
  for (let t = 0; t < steps; t++) {
    const start = sequence.start + t;
    last = await one({ ...sequence, start, end: start + 1 }, t);
    for (const side of SIDES) {
      const column = last[side];
      if (column === null) continue;
      const [rows, , ...extra] = column.shape;
      const width = extra.reduce((product, size) => product * size, 1);
      const tokens = side === 'source' ? rows : sequence.end;
      whole[side] ??= {
        shape: [tokens, steps, ...extra],
        data: new Float32Array(tokens * steps * width).fill(Number.NaN),
      };
      for (let row = 0; row < rows; row++) {
        whole[side].data.set(column.data.subarray(row * width, (row + 1) * width), (row * steps + t) * width);
      }
    }
  }
  return { ...(last as MethodScores), ...whole };
}

/** Steps of each sequence of a case. */
const stepCounts = ({ sequences }: AttributionCase): number[] =>
  sequences.map(({ source_attributions: source, target_attributions: target }) => (source ?? target)?.shape[1] ?? 0);

const gradientShap: Replay = (golden, _index, sequence, run) =>
  stepByStep(sequence, (part, t) => {
    const draws = golden.rng?.steps?.[t];
    if (draws === undefined) throw new Error(`no draws of step ${t}`);
    const recorded = golden.rng?.noise?.[t];
    const noise = recorded === undefined ? null : Float32Array.from(numbers(recorded).data);
    const alphas = Float64Array.from(draws.rand_coefficient);
    return run(part, (task) => {
      const sides = part.sourceIds === null ? { source: null, target: noise } : { source: noise, target: null };
      return gradientShapAt(task, alphas, noise && sides);
    });
  });

const lime: Replay = (golden, index, sequence, run) => {
  const counts = stepCounts(golden);
  const samples = golden.rng?.samples ?? [];
  const perStep = samples.length / counts.reduce((sum, steps) => sum + steps, 0);
  const before = counts.slice(0, index).reduce((sum, steps) => sum + steps, 0);
  return stepByStep(sequence, (part, t) => {
    const own = samples.slice((before + t) * perStep, (before + t + 1) * perStep);
    const masks = Uint8Array.from(own.flatMap(({ keep }) => [...keep].map(Number)));
    const sides = part.sourceIds === null ? { source: null, target: masks } : { source: masks, target: null };
    return run(part, (task) => limeAt(task, { samples: perStep, ...sides }));
  });
};

/** The library keeps one score a token, repeated over the dimensions of the embedding. */
function repeated(scores: ScoreArray | null, width: number): ScoreArray | null {
  if (scores === null) return null;
  const data = Float32Array.from({ length: scores.data.length * width }, (_, k) => scores.data[Math.floor(k / width)]);
  return { shape: [...scores.shape, width], data };
}

const reagent: Replay = async (golden, _index, sequence, run) => {
  const calls = golden.rng?.calls ?? [];
  const scores = await stepByStep(sequence, (part, t) => {
    const { initial_logit_scores: initial, steps: rounds, converged } = calls[t];
    const draws: ChainDraws = {
      initial: (_, probe) => initial[probe],
      probe: (round, probe) => ({
        replaced: [...rounds[round].probe.mask[probe]].map(Number),
        ids: rounds[round].probe.ids[probe],
      }),
      check: (round, probe) => rounds[round].stop_check.ids[probe],
    };
    return run(part, async (task) => {
      const made = await reagentAt(task, draws);
      const share = converged.filter(Boolean).length / converged.length;
      assert.ok(Math.abs((made.diagnostics?.converged[0] ?? -1) - share) < 1e-6, `convergence of step ${t}`);
      const width = task.passes.targetFeatures.shape[1];
      return { ...made, source: repeated(made.source, width), target: repeated(made.target, width) };
    });
  });
  return { ...scores, kind: 'granular' };
};

/** By method id. */
export const REPLAYS: Record<string, Replay> = { gradient_shap: gradientShap, lime, reagent };
