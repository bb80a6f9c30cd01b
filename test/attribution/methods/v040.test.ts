/** Methods against the numbers of Inseq 0.4.0: its own aggregation, and the layer methods that 0.7.1 broke. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AggregatorCall } from '../../../src/attribution/aggregation/aggregate.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { tf } from '../../../src/tensors/tf.ts';
import { type AttributionCase, attributionCasesV040 } from '../../support/goldens.ts';
import { loadTiny, type TinyModel } from '../tiny-model.ts';
import { caseOptions } from './cases.ts';
import { type CaseOptions, checkCase } from './conformance.ts';

const MODELS = ['gpt2-tiny', 'llama-tiny'];

function leftOut(golden: AttributionCase): string | null {
  const { attributed_fn: fn, contrast_ids: ids } = golden.attribute_kwargs;
  if (ids !== undefined) return 'contrast by ids has no counterpart in requests';
  if (fn !== undefined) return 'step-functions/attributed-functions.test.ts';
  const { target_attributions: raw, aggregated } = golden.sequences[0];
  if (!raw?.data && aggregated?.error !== undefined) return 'no numbers: raw ones too large, the aggregation failed';
  return null;
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

function optionsOf(golden: AttributionCase, cases: ReadonlyMap<string, AttributionCase>): CaseOptions {
  const options = caseOptions(golden, cases);
  if (golden.method === 'attention')
    return { ...options, chain: attentionChain(golden.attribute_kwargs), chainOfRaw: true };
  // Occlusion was normalized like the others.
  if (golden.method === 'occlusion') return { ...options, chain: [{ name: 'mean' }] };
  return options;
}

for (const name of MODELS) {
  describe(`methods of v0.4.0 on ${name}`, () => {
    let tiny: TinyModel;
    let tensors: number;
    before(async () => {
      await startBackend('tensorflow');
      tiny = await loadTiny(name);
      tensors = tf.memory().numTensors;
    });
    after(() => {
      assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
      tiny.dispose();
    });
    const cases = attributionCasesV040(name);
    for (const [key, golden] of cases) {
      if (leftOut(golden) === null) it(key, () => checkCase(tiny, golden, optionsOf(golden, cases)));
    }
  });
}
