/** What is planned grows as what is kept: with rows where our own op attends, with their square where attention has maps. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { MemoryPlan } from '../../../src/attribution/passes/memory-plan.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { disableKernels, kernelBackend } from '../../../src/tensors/kernels.ts';
import { loadTiny } from '../tiny-model.ts';

describe('memory plan', () => {
  before(() => startBackend('tensorflow'));

  it('counts attention maps only where they are kept', async (t) => {
    if (kernelBackend() === null) return t.skip('the kernels are not built here');
    const { model, dispose } = await loadTiny('gpt2-tiny');
    // The rows that are read are the same, so that what differs grows with the length.
    const read = Int32Array.of(0);
    const bytes = (length: number): number =>
      new MemoryPlan(model, { length, sourceLength: 0, read, lastRead: read }, 2 ** 30).bytesRecorded();
    const ofLogits = bytes(0);
    const growth = (): number => (bytes(2000) - ofLogits) / (bytes(1000) - ofLogits);
    assert.equal(growth(), 2);
    const restore = disableKernels();
    assert.ok(growth() > 3.5, `part by part it grows ${growth()} times`);
    restore();
    dispose();
  });
});
