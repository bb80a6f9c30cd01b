/** Shapley values from one run of the model for every coalition, by the definition: what Shapley methods are held to. */

import assert from 'node:assert/strict';
import type { Method } from '../../../src/attribution/method.ts';
import type { Counters } from '../../../src/attribution/passes/passes.ts';
import type { Sequence } from '../../../src/attribution/passes/sequence-features.ts';
import { soloScores, soloTask } from '../../../src/attribution/solo.ts';
import probability from '../../../src/attribution/step-functions/probability.ts';
import { Random } from '../../../src/random.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { completedArgs, decoderSequence, loadTiny } from '../tiny-model.ts';

const PROMPT = 'Every small cat';
const TEXT = 'Every small cat sees a green garden!';

interface Setting {
  model: 'gpt2-tiny' | 'marian-tiny';
  attributeTarget: boolean;
  /** Tokens of a unit. */
  window: number;
  /** Tokens of the text that are run; left out: all. */
  tokens?: number;
}

/** What a method says, and what the definition says: a value for each side's visible token and step. */
interface Compared {
  cells: { actual: number; expected: number; side: string; token: number; step: number }[];
  /** Scores of the steps with everything kept, less those with everything replaced. */
  changes: number[];
  counters: Counters;
  units: number;
}

/** Runs a method with windows as units, and enumerates the coalitions of the units that each step sees. */
export async function compareShapley(
  method: Method,
  { model: name, attributeTarget, window, tokens }: Setting,
  args: Record<string, unknown> = {},
): Promise<Compared> {
  await startBackend('tensorflow');
  const tiny = await loadTiny(name);
  const all = decoderSequence(tiny.tokenizer, PROMPT, TEXT);
  const cut = (ids: Int32Array): Int32Array => ids.slice(0, tokens);
  const targetIds = cut(all.targetIds);
  const forced = { ...all, targetIds, targetBaselineIds: cut(all.targetBaselineIds), end: targetIds.length };
  const sourceIds = name === 'marian-tiny' ? forced.targetIds : null;
  const sequence: Sequence = { ...forced, sourceIds, sourceBaselineIds: sourceIds && forced.targetBaselineIds };
  const counters = { forward: 0, backward: 0 };
  using scores = soloScores({ model: tiny.model, sequence, counters, memoryBudget: 2 ** 26 });
  const task = await soloTask(scores, method, {
    args: completedArgs(method.argsSchema, { units: 'windows', window_size: window, ...args }) as never,
    attributedFn: { fn: probability, args: { logprob: false }, pointer: '' },
    attributeTarget,
    random: new Random(3),
  });
  const result = await method.attribute(task);
  const { forward, backward } = counters;
  const { passes, objective } = task;
  const windows = (length: number): [number, number][] =>
    Array.from({ length: Math.ceil(length / window) }, (_, k) => [k * window, Math.min(length, (k + 1) * window)]);
  const units = [
    ...(sourceIds === null ? [] : windows(passes.sourceLength).map((span) => ({ side: 'source' as const, span }))),
    ...(attributeTarget ? windows(passes.length).map((span) => ({ side: 'target' as const, span })) : []),
  ];
  // Every coalition as a text of its own, with the ids replaced.
  const known = new Map<number, Float32Array>();
  const worth = async (coalition: number): Promise<Float32Array> => {
    const before = known.get(coalition);
    if (before !== undefined) return before;
    const ids = { source: sourceIds?.slice() ?? null, target: sequence.targetIds.slice() };
    const baselines = { source: sequence.sourceBaselineIds, target: sequence.targetBaselineIds };
    units.forEach(({ side, span: [start, end] }, unit) => {
      if ((coalition >> unit) & 1) return;
      for (let token = start; token < end; token++) {
        const own = ids[side];
        if (own !== null) own[token] = baselines[side]?.[token] ?? own[token];
      }
    });
    const inputs = { ...sequence, sourceIds: ids.source, targetIds: ids.target };
    using replaced = soloScores({ model: tiny.model, sequence: inputs, memoryBudget: 2 ** 26 });
    const { sourceFeatures, targetFeatures } = replaced.passes;
    const values = await objective.evaluate({ segments: 1, source: sourceFeatures, target: targetFeatures });
    known.set(coalition, values);
    return values;
  };
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const cells: Compared['cells'] = [];
  const changes: number[] = [];
  for (let step = 0; step < passes.steps; step++) {
    const visible = { source: passes.sourceLength, target: passes.read[step] + 1 };
    const seen = units.flatMap(({ side, span: [start] }, unit) => (start < visible[side] ? [unit] : []));
    const whole = seen.reduce((sum, unit) => sum | (1 << unit), 0);
    changes.push((await worth(whole))[step] - (await worth(0))[step]);
    for (const unit of seen) {
      let expected = 0;
      for (let coalition = 0; coalition < 2 ** units.length; coalition++) {
        if ((coalition & ~whole) !== 0 || (coalition >> unit) & 1) continue;
        const size = seen.filter((other) => (coalition >> other) & 1).length;
        const share = (factorial(size) * factorial(seen.length - size - 1)) / factorial(seen.length);
        expected += share * ((await worth(coalition | (1 << unit)))[step] - (await worth(coalition))[step]);
      }
      const { side, span } = units[unit];
      for (let token = span[0]; token < Math.min(span[1], visible[side]); token++) {
        const actual = result[side]?.data[token * passes.steps + step] ?? Number.NaN;
        cells.push({ actual, expected, side, token, step });
      }
    }
  }
  for (const side of ['source', 'target'] as const) {
    const written = result[side]?.data.filter((value) => !Number.isNaN(value)).length ?? 0;
    assert.equal(cells.filter((cell) => cell.side === side).length, written, `cells of the ${side}`);
  }
  tiny.dispose();
  return { cells, changes, counters: { forward, backward }, units: units.length };
}

/** Largest difference between method and definition, relative to the largest value. */
export function largestError({ cells }: Compared): number {
  const largest = Math.max(...cells.map(({ expected }) => Math.abs(expected)));
  assert.ok(largest > 0);
  return Math.max(...cells.map(({ actual, expected }) => Math.abs(actual - expected))) / largest;
}

/** Pearson's correlation of method and definition. */
export function correlation({ cells }: Compared): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [a, b] = [cells.map(({ actual }) => actual), cells.map(({ expected }) => expected)];
  const covariance = (x: number[], y: number[]): number =>
    mean(x.map((value, k) => (value - mean(x)) * (y[k] - mean(y))));
  return covariance(a, b) / Math.sqrt(covariance(a, a) * covariance(b, b));
}

/** Asserts that the values of each step add up to the change of its score; units of one token. */
export function assertEfficient({ cells, changes }: Compared): void {
  changes.forEach((change, t) => {
    const sum = cells.filter(({ step }) => step === t).reduce((total, { actual }) => total + actual, 0);
    assert.ok(
      Math.abs(sum - change) <= 1e-5 * Math.max(1e-3, ...changes.map(Math.abs)),
      `step ${t}: ${sum}, ${change}`,
    );
  });
}
