/** Which golden cases of methods are left out, and why; and what others need to be told. */

import type { AggregatorCall } from '../../../src/attribution/aggregation/aggregate.ts';
import type { AttributionCase } from '../../support/goldens.ts';
import type { CaseOptions } from './conformance.ts';

/** Why a case is not held against the methods; null: it is. */
export function leftOut(key: string, golden: AttributionCase): string | null {
  const { method } = golden;
  if (method === 'dummy') return 'step scores alone: step-functions/step-scores.test.ts';
  if (key.startsWith('fn-')) return 'step-functions/attributed-functions.test.ts';
  if (['layer_integrated_gradients', 'layer_deeplift'].includes(method)) {
    return 'zeros or rounding noise in 0.7.1; v0.4.0 computes them properly (v040.test.ts)';
  }
  if (golden.model === 'gptneox-tiny' && key === 'value_zeroing-u-forced') {
    return "a distance of 9.91e-6, which counts as noise below 1e-5, was above it in the library's float32";
  }
  return null;
}

/** What a golden case needs besides its own arguments. `cases`: those of its model. */
export function caseOptions(golden: AttributionCase, cases: ReadonlyMap<string, AttributionCase>): CaseOptions {
  const { method, attribute_kwargs: args, sequences } = golden;
  if (golden.generated_texts === null && sequences.length > 1) {
    // The library pads the shorter prompts of a batch on the left, which shifts their positions.
    const prompts = sequences.map(({ attr_pos_start: start }) => start);
    return { only: prompts.indexOf(Math.max(...prompts)) };
  }
  if (method === 'discretized_integrated_gradients') return { swappedEnds: true };
  if (method === 'lime') return { args: { variant: 'inseq' } };
  if (method !== 'value_zeroing') return {};
  const options: CaseOptions = {};
  const units = args.decoder_zeroed_units_indices;
  // Recorded as a list, but given as a pair: the range of its heads.
  if (Array.isArray(units)) options.args = { decoder_zeroed_units_indices: { start: units[0], end: units[1] } };
  // 1 - cosine in float32 keeps few digits where outputs nearly agree. The tolerance knows it only where the departure
  // from float64 was measured: the model's first case stands for the others.
  const measured = cases.get('value_zeroing-b-forced');
  if (golden.float64_deviation === undefined && measured) options.tolerance = measured.tolerance;
  return options;
}

/** v0.4.0 takes heads and layers inside the method: means of all heads, of the last layer, if nothing else is said. */
function attentionChain({ heads, layers, ...functions }: AttributionCase['attribute_kwargs']): AggregatorCall[] {
  const stage = (units: unknown, fn: unknown, otherwise: number | null): AggregatorCall => ({
    name: fn === undefined || fn === 'average' ? 'mean' : String(fn),
    args: { select_idx: units ?? otherwise, normalize: false },
  });
  return [
    stage(heads, functions.aggregate_heads_fn, null),
    stage(
      layers,
      functions.aggregate_layers_fn,
      layers === undefined && functions.aggregate_layers_fn === undefined ? -1 : null,
    ),
  ];
}

/** The same for cases of v0.4.0. */
export function optionsOfV040(golden: AttributionCase, cases: ReadonlyMap<string, AttributionCase>): CaseOptions {
  const options = caseOptions(golden, cases);
  if (golden.method === 'attention')
    return { ...options, chain: attentionChain(golden.attribute_kwargs), chainOfRaw: true };
  // Occlusion was normalized like the others.
  if (golden.method === 'occlusion') return { ...options, chain: [{ name: 'mean' }] };
  return options;
}
