/** The examples of operators' own modules, through the engine: offered, computed, and refused where they do not apply. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Engine, startEngine } from '../../src/engine/engine.ts';
import { modelDir } from '../support/goldens.ts';
import { hooks, request } from './request.ts';

describe('plug-ins in the engine', () => {
  let folder: string;
  let engine: Engine;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'whence-plugins-'));
    const modelsFile = join(folder, 'models.json');
    writeFileSync(
      modelsFile,
      JSON.stringify({ models: [{ id: 'gpt2', path: modelDir('gpt2-tiny'), quantization: 'none' }] }),
    );
    const plugins = ['examples/plugins/recency.ts', 'examples/plugins/token_rank.ts'];
    engine = await startEngine({
      modelsFile,
      backend: 'auto',
      threads: 0,
      pool: 'default',
      memoryBudgetMb: 512,
      plugins,
    });
  });
  after(async () => {
    await engine.close();
    rmSync(folder, { recursive: true });
  });

  it('are in the catalogue, with the schema of their arguments', () => {
    const { methods, step_functions: functions } = engine.catalogue();
    const recency = methods.find(({ id }) => id === 'recency');
    assert.ok(recency && functions.some(({ id }) => id === 'token_rank'));
    assert.ok('decay' in (recency.args_schema.properties as object));
  });

  it('compute, with their defaults filled in', async () => {
    const { result } = await engine.attribute(
      request({ method: 'recency', step_scores: [{ name: 'token_rank', args: {} }] }),
      hooks(),
    );
    const [{ target_attributions: scores, attr_pos_start: start, step_scores: steps }] = result.sequences;
    assert.deepEqual(result.info.method_args, { decay: 0.5 });
    const column = (scores as (number | null)[][]).map((row) => row[1]);
    assert.deepEqual(column.slice(start - 2, start + 3), [0.25, 0.5, 1, null, null]);
    // Greedy search takes the first choice.
    assert.deepEqual(steps.token_rank, [1, 1, 1, 1, 1]);
    assert.equal(result.info.backward_passes, 0);
  });

  it('are an attributed function of perturbation methods, and of no gradient method', async () => {
    const attributed = { attributed_fn: { name: 'token_rank', args: {} } };
    const { result } = await engine.attribute(request({ method: 'occlusion', ...attributed }), hooks());
    assert.ok((result.sequences[0].target_attributions as (number | null)[][]).flat().some((drop) => (drop ?? 0) > 0));
    await assert.rejects(engine.attribute(request({ method: 'saliency', ...attributed }), hooks()), /no gradient/);
  });

  it('have their arguments checked', async () => {
    const wrong = engine.attribute(request({ method: 'recency', method_args: { decay: 2 } }), hooks());
    await assert.rejects(wrong, { name: 'AttributionError', pointer: '#/method_args/decay' });
  });
});
