/** Which golden cases of methods are left out, and why; and what others need to be told. */

import type { AttributionCase } from '../../support/goldens.ts';
import type { CaseOptions } from './conformance.ts';

/** Why a case is not held against the methods; null: it is. */
export function leftOut(key: string, golden: AttributionCase): string | null {
  const { method, attribute_kwargs: args } = golden;
  if (method === 'dummy') return 'step scores alone: step-functions/step-scores.test.ts';
  if (args.attributed_fn !== undefined) return 'step-functions/attributed-functions.test.ts';
  if (['layer_integrated_gradients', 'layer_deeplift'].includes(method)) {
    return 'zeros or rounding noise in 0.7.1; v0.4.0 computes them properly (v040.test.ts)';
  }
  if (key.startsWith('batch2-free')) return 'left padding shifts the positions of the shorter prompt (18.8)';
  return null;
}

/** What a golden case needs besides its own arguments. */
export function caseOptions(_golden: AttributionCase): CaseOptions {
  return {};
}
