/** A GPU that goes away: its engine's process ends by itself, and another one computes the job. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { modelDir } from '../support/goldens.ts';
import { eventually, startBench, testRequest } from '../support/jobs.ts';
import { softwareGpu } from '../support/software-gpu.ts';

const { skip } = softwareGpu();

test('a device that is lost costs a job one attempt, and its process ends', { skip }, async (t) => {
  const modelsFile = 'models.json';
  const bench = await startBench(t, { backend: 'webgpu' });
  const [file, log] = [bench.file(modelsFile), bench.file('attempts')];
  writeFileSync(file, JSON.stringify({ models: [{ id: 'gpt2-tiny', path: modelDir('gpt2-tiny') }] }));
  process.env.TEST_LOST = log; // the engine's process inherits it
  t.after(() => delete process.env.TEST_LOST);
  const engineModule = new URL('../support/losing-engine.ts', import.meta.url).href;
  // On a software adapter programs take their time to compile.
  await bench.worker({ engineModule, lockMs: 15_000 }, { modelsFile: file });

  const { generation_args } = testRequest();
  const request = testRequest({}, { model: 'gpt2-tiny', generation_args: { ...generation_args, max_new_tokens: 2 } });
  const { job } = await bench.jobs.submit(request, { pool: bench.config.pool });
  const ended = await bench.jobs.wait(job.id, 60);
  assert.equal(ended?.status, 'succeeded', JSON.stringify(ended?.error));
  const [first, second, ...more] = (await bench.lines(log)).map(Number);
  assert.notEqual(first, second);
  assert.deepEqual(more, [], 'two attempts');
  await eventually(async () => !isAlive(first));
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
