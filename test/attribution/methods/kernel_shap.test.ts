/** kernel_shap against the enumeration of all coalitions: exact for few units, near it and efficient for more. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import kernelShap from '../../../src/attribution/methods/kernel_shap.ts';
import { assertEfficient, compareShapley, correlation, largestError } from './shapley.ts';

describe('kernel_shap', () => {
  for (const setting of [
    { model: 'gpt2-tiny', attributeTarget: true, window: 3 },
    { model: 'marian-tiny', attributeTarget: false, window: 2 },
    { model: 'marian-tiny', attributeTarget: true, window: 3 },
  ] as const) {
    it(`is exact for up to 10 units: ${JSON.stringify(setting)}`, async () => {
      const compared = await compareShapley(kernelShap, setting);
      assert.ok(compared.units > 2 && compared.units <= 10, `${compared.units} units`);
      assert.deepEqual(largestError(compared) < 1e-4, true, `${largestError(compared)}`);
    });
  }

  it('comes near the definition for more units, adds up, and costs what it says', async () => {
    const setting = { model: 'gpt2-tiny', attributeTarget: true, window: 1, tokens: 12 } as const;
    const few = 64;
    const rough = await compareShapley(kernelShap, setting, { n_samples: few });
    const { units } = rough;
    assert.ok(units > 10 && units <= 16, `${units} units`);
    assert.equal(rough.counters.forward, few + 2);
    assertEfficient(rough);
    const fine = await compareShapley(kernelShap, setting, { n_samples: 8000 });
    assertEfficient(fine);
    assert.ok(correlation(fine) > 0.99, `${correlation(fine)}`);
    assert.ok(largestError(fine) < 0.1 && largestError(fine) < largestError(rough), `${largestError(fine)}`);
  });
});
