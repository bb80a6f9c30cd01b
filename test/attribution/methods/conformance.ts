/** Runs a method on a decoder-only golden case as the engine does, and holds every number of it against the golden ones. */

import assert from 'node:assert/strict';
import { type AggregatorCall, aggregate } from '../../../src/attribution/aggregation/aggregate.ts';
import type { Method, MethodScores, MethodTask } from '../../../src/attribution/method.ts';
import type { Sequence } from '../../../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../../../src/attribution/registries.ts';
import type { ScoreArray, SequenceAttribution } from '../../../src/attribution/scores.ts';
import { soloTask } from '../../../src/attribution/solo.ts';
import type { StepFunction } from '../../../src/attribution/step-function.ts';
import { baselineIds } from '../../../src/tokenizers/baseline.ts';
import { type AttributionCase, assertClose, type GoldenSequence } from '../../support/goldens.ts';
import { CONTEXT } from '../aggregation/support.ts';
import { completedArgs, forcedIds, sequenceScores, type TinyModel } from '../tiny-model.ts';
import { REPLAYS } from './replays.ts';

const { methods, stepFunctions } = await loadRegistries();

/** What the golden arguments are called in requests, or mean there. */
export interface CaseOptions {
  /** Arguments that reproduce the reference library where Whence's default differs. */
  args?: Record<string, unknown>;
  /** The same for the attributed function. */
  functionArgs?: Record<string, unknown>;
  /** The reference library's default aggregation; null: Whence's own default. */
  chain?: AggregatorCall[] | null;
  /** The one sequence of the case that is compared; all without it. */
  only?: number;
  /** In place of the case's own. */
  tolerance?: AttributionCase['tolerance'];
  /** The golden raw scores are those after the chain. */
  chainOfRaw?: boolean;
  /** The library takes the ends of the path the wrong way round: its delta is the sum of both, not the difference. */
  swappedEnds?: boolean;
}

/** The i-th sequence of a case, by its recorded texts. */
function goldenSequence({ model, tokenizer }: TinyModel, golden: AttributionCase, i: number): Sequence {
  const { skip_special_tokens: skip, include_eos_baseline: includeEos } = golden.attribute_kwargs;
  const { attr_pos_start: start, attr_pos_end: end, target } = golden.sequences[i];
  const options = { addSpecialTokens: skip !== true };
  const targetIds = forcedIds(tokenizer, golden.info.generated_texts[i], options);
  target.forEach(([, id], position) => {
    // -1: a token that the library shows as "contrast → original".
    if (id !== -1) assert.equal(targetIds[position], id, `token ${position} of the target`);
  });
  assert.ok(end <= targetIds.length && start < end && model.architecture === 'decoder-only');
  return {
    sourceIds: null,
    sourceBaselineIds: null,
    targetIds,
    targetBaselineIds: baselineIds(targetIds, tokenizer.special, includeEos === true),
    start,
    end,
    specialIds: tokenizer.specialIds,
  };
}

/** Runs `body` with the task of a sequence and frees what it used. */
async function withTask<T>(
  tiny: TinyModel,
  sequence: Sequence,
  golden: AttributionCase,
  method: Method,
  options: CaseOptions,
  body: (task: MethodTask<never>) => Promise<T>,
): Promise<T> {
  const { attributed_fn: id, attribution_args: own, ...given } = golden.attribute_kwargs;
  const fn = stepFunctions.get(String(id ?? 'probability')) as StepFunction;
  const scores = sequenceScores(tiny, sequence);
  const call = { fn, args: completedArgs(fn.argsSchema, given), pointer: '/attributed_fn/args' };
  try {
    const args = { ...golden.method_kwargs, ...given, ...(own as object), ...options.args };
    let ticks = 0;
    const task = await soloTask(scores, method, {
      args: completedArgs(method.argsSchema, args) as never,
      attributedFn: call,
      attributeTarget: true,
      onProgress: async (completed, total) => {
        ticks++;
        assert.ok(completed <= total && ticks < 10_000, `tick ${completed} of ${total}`);
      },
    });
    return await body(task);
  } finally {
    scores.dispose();
  }
}

/** What a replay gets: a task for any part of the sequence, with arguments of the method's own type. */
export type RunPart = <T>(sequence: Sequence, body: (task: MethodTask<never>) => Promise<T>) => Promise<T>;

export async function checkCase(tiny: TinyModel, golden: AttributionCase, options: CaseOptions = {}): Promise<void> {
  const method = methods.get(golden.method);
  assert.ok(method, `there is a method ${golden.method}`);
  for (const [i, expected] of golden.sequences.entries()) {
    if (options.only !== undefined && options.only !== i) continue;
    const sequence = goldenSequence(tiny, golden, i);
    const run: RunPart = (part, body) => withTask(tiny, part, golden, method, options, body);
    const replay = REPLAYS[golden.method];
    const scores =
      replay === undefined
        ? await run(sequence, (task) => method.attribute(task))
        : await replay(golden, i, sequence, run);
    checkScores(scores, expected, golden, sequence, options);
  }
}

function checkScores(
  scores: MethodScores,
  expected: GoldenSequence,
  golden: AttributionCase,
  sequence: Sequence,
  options: CaseOptions,
): void {
  const tolerance = options.tolerance ?? golden.tolerance;
  const { target_attributions: raw, aggregated, sequence_scores: extra = {} } = expected;
  let compared = 0;
  const summary = aggregate([attribution(scores, sequence)], options.chain ?? null, [CONTEXT])[0];
  if (raw?.data) {
    const own = options.chainOfRaw === true ? summary.targetAttributions : scores.target;
    assert.ok(own !== null);
    assertClose(own, raw, tolerance, 'scores');
    compared++;
  }
  if (aggregated?.target_attributions) {
    assert.ok(summary.targetAttributions !== null);
    assertClose(summary.targetAttributions, aggregated.target_attributions, tolerance, 'aggregated scores');
    compared++;
  }
  for (const [name, tensor] of Object.entries(extra)) {
    assertClose(scores.sequenceScores?.[name] as ScoreArray, tensor, tolerance, name);
  }
  if ('deltas' in expected.step_scores) {
    assertClose(deltasOf(scores, options), expected.step_scores.deltas, tolerance.step_scores.deltas, 'deltas');
  }
  assert.ok(compared > 0, 'the case has numbers');
}

/** Convergence deltas as the library reports them: [steps] */
export function deltasOf({ convergenceDelta: delta, source, target }: MethodScores, options: CaseOptions) {
  assert.ok(delta);
  if (options.swappedEnds !== true) return delta;
  const sums = new Float64Array(delta.length);
  for (const scores of [source, target]) {
    const hidden = scores?.shape[2] ?? 1;
    scores?.data.forEach((value, k) => {
      if (!Number.isNaN(value)) sums[Math.floor(k / hidden) % sums.length] += value;
    });
  }
  return sums.map((total, t) => 2 * total - delta[t]);
}

function attribution(scores: MethodScores, { start, end }: Sequence): SequenceAttribution {
  return {
    kind: scores.kind,
    source: [],
    target: [],
    attrPosStart: start,
    attrPosEnd: end,
    sourceAttributions: null,
    targetAttributions: scores.target,
    stepScores: {},
    sequenceScores: scores.sequenceScores ?? {},
    convergenceDelta: null,
    ...(scores.axes && { axes: scores.axes }),
  };
}
