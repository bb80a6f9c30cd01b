/** Stochastic methods with the recorded draws of golden cases in place of their own. */

import assert from 'node:assert/strict';
import type { ChainDraws } from '../../../src/attribution/importance-chains.ts';
import type { MethodScores } from '../../../src/attribution/method.ts';
import { gradientShapAt } from '../../../src/attribution/methods/gradient_shap.ts';
import { limeAt } from '../../../src/attribution/methods/lime.ts';
import { reagentAt } from '../../../src/attribution/methods/reagent.ts';
import type { ScoreArray } from '../../../src/attribution/output.ts';
import type { Sequence } from '../../../src/attribution/passes.ts';
import { numbers } from '../../support/close.ts';
import type { AttributionCase } from '../../support/goldens.ts';
import type { RunPart } from './conformance.ts';

type Replay = (golden: AttributionCase, sequence: Sequence, run: RunPart) => Promise<MethodScores>;

/** The reference library draws anew at every step: each step is run alone, with its draws. */
async function stepByStep(
  sequence: Sequence,
  one: (part: Sequence, step: number) => Promise<MethodScores>,
): Promise<MethodScores> {
  const steps = sequence.end - sequence.start;
  let scores: MethodScores | null = null;
  let target: ScoreArray | null = null;
  for (let t = 0; t < steps; t++) {
    const start = sequence.start + t;
    scores = await one({ ...sequence, start, end: start + 1 }, t);
    const column = scores.target as ScoreArray;
    const [rows, , ...extra] = column.shape;
    const width = extra.reduce((product, size) => product * size, 1);
    target ??= {
      shape: [sequence.end, steps, ...extra],
      data: new Float32Array(sequence.end * steps * width).fill(Number.NaN),
    };
    for (let row = 0; row < rows; row++) {
      target.data.set(column.data.subarray(row * width, (row + 1) * width), (row * steps + t) * width);
    }
  }
  return { ...(scores as MethodScores), target };
}

const gradientShap: Replay = (golden, sequence, run) =>
  stepByStep(sequence, (part, t) => {
    const draws = golden.rng?.steps?.[t];
    if (draws === undefined) throw new Error(`no draws of step ${t}`);
    const recorded = golden.rng?.noise?.[t];
    const noise = recorded === undefined ? null : Float32Array.from(numbers(recorded).data);
    return run(part, (task) =>
      gradientShapAt(task, Float64Array.from(draws.rand_coefficient), noise && { source: null, target: noise }),
    );
  });

const lime: Replay = (golden, sequence, run) => {
  const samples = golden.rng?.samples ?? [];
  const perStep = samples.length / (sequence.end - sequence.start);
  return stepByStep(sequence, (part, t) => {
    const own = samples.slice(t * perStep, (t + 1) * perStep);
    const target = Uint8Array.from(own.flatMap(({ keep }) => [...keep].map(Number)));
    return run(part, (task) => limeAt(task, { samples: perStep, source: null, target }));
  });
};

/** The library keeps one score a token, repeated over the dimensions of the embedding. */
function repeated(scores: ScoreArray, width: number): ScoreArray {
  const data = Float32Array.from({ length: scores.data.length * width }, (_, k) => scores.data[Math.floor(k / width)]);
  return { shape: [...scores.shape, width], data };
}

const reagent: Replay = async (golden, sequence, run) => {
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
      return { ...made, target: repeated(made.target as ScoreArray, task.passes.targetFeatures.shape[1]) };
    });
  });
  return { ...scores, kind: 'granular' };
};

/** By method id. */
export const REPLAYS: Record<string, Replay> = { gradient_shap: gradientShap, lime, reagent };
