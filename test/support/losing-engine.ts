/**
 * The real engine on WebGPU, whose device goes away at the first step of the first job: as when a driver is reset. The
 * file that `TEST_LOST` names gets a line for each attempt, the process that makes it.
 */

import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import type { Engine, EngineConfig } from '../../src/engine/engine.ts';
import { startEngine as startReal } from '../../src/engine/engine.ts';
import { tf } from '../../src/tensors/tf.ts';
import { useSoftwareGpu } from './software-gpu.ts';

export async function startEngine(config: EngineConfig): Promise<Engine> {
  assert.equal(useSoftwareGpu(), null);
  const log = process.env.TEST_LOST;
  assert.ok(log !== undefined);
  const engine = await startReal(config);
  return {
    ...engine,
    attribute: async (request, hooks) => {
      appendFileSync(log, `${process.pid}\n`);
      const isFirst = readFileSync(log, 'utf8').trim().split('\n').length === 1;
      return engine.attribute(request, {
        ...hooks,
        progress: (progress) => {
          hooks.progress(progress);
          if (isFirst && progress.phase !== 'loading') loseDevice();
        },
      });
    },
  };
}

function loseDevice(): void {
  (tf.backend() as unknown as { device: GPUDevice }).device.destroy();
}
