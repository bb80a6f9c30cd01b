/** Contrast texts aligned by the models file's aligner, from request to result: the numbers of the reference library. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import { type Engine, type EngineConfig, startEngine } from '../../src/engine/engine.ts';
import { assertClose, autoAlignment, type Golden, modelDir } from '../support/goldens.ts';
import { hooks, request } from './request.ts';

interface AutoCase {
  model: string;
  input_texts: string;
  generated_texts: string;
  contrast_targets: string;
  /** What the library failed with. */
  error?: string;
  alignments: [number, number][][];
  target: [string, number][];
  step_scores: Record<string, number[]>;
  /** Aggregated attributions of contrast_prob_diff. */
  aggregated: Golden[][];
}

const TOLERANCE = { rtol: 1e-3, atol: 1e-9 };
const cases = autoAlignment().cases as unknown as AutoCase[];

let folder: string;
const config = (modelsFile: string): EngineConfig => ({
  modelsFile,
  backend: 'auto',
  threads: 0,
  pool: 'default',
  memoryBudgetMb: 1024,
  plugins: [],
});
const models = ['gpt2-tiny', 'marian-tiny'].map((id) => ({ id, path: modelDir(id), quantization: 'none' }));

function start(name: string, extra: object): Promise<Engine> {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify({ models, ...extra }));
  return startEngine(config(file));
}

const ARGS = (golden: AutoCase) => ({
  contrast_targets: golden.contrast_targets,
  contrast_targets_alignments: 'auto',
});

function requestOf(golden: AutoCase): AttributeRequest {
  const args = ARGS(golden);
  return request({
    model: golden.model,
    input_texts: [golden.input_texts],
    generated_texts: [golden.generated_texts],
    method: 'saliency',
    attributed_fn: { name: 'contrast_prob_diff', args },
    step_scores: ['contrast_prob', 'contrast_prob_diff'].map((name) => ({ name, args })),
  });
}

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'whence-auto-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

describe('contrast_targets_alignments: "auto"', () => {
  let engine: Engine;
  before(async () => {
    engine = await start('models.json', { aligner: { path: modelDir('aligner-tiny') } });
  });
  after(() => engine.close());

  for (const golden of cases.filter(({ error }) => error === undefined)) {
    it(`${golden.model}: "${golden.contrast_targets}"`, async () => {
      const { result } = await engine.attribute(requestOf(golden), hooks());
      const [sequence] = result.sequences;
      const contrasts = result.info.contrasts ?? [];
      assert.deepEqual(
        contrasts.map(({ step_function, role }) => [step_function, role]),
        [
          ['contrast_prob_diff', 'attributed_fn'],
          ['contrast_prob', 'step_score'],
          ['contrast_prob_diff', 'step_score'],
        ],
      );
      for (const { alignments, contrast_tokens: tokens } of contrasts) {
        assert.deepEqual(alignments, golden.alignments[0]);
        // The library shows "contrast → original" where they differ.
        const shown = tokens.map((token, t) => {
          const { token: original } = sequence.target[sequence.attr_pos_start + t];
          return token === original ? token : `${token} → ${original}`;
        });
        assert.deepEqual(
          shown,
          golden.target.slice(sequence.attr_pos_start).map(([token]) => token),
        );
      }
      // The library scales Marian's target embeddings twice: its numbers are those of another model.
      if (golden.model === 'marian-tiny') return;
      for (const [name, scores] of Object.entries(golden.step_scores)) {
        assertClose(sequence.step_scores[name] as number[], scores, TOLERANCE, name);
      }
      const own = sequence.source_attributions ?? sequence.target_attributions ?? [];
      assertClose(
        own.flat().map((value) => (typeof value === 'number' ? value : Number.NaN)),
        golden.aggregated.flat(),
        { rel_to_max: 1e-4 },
        'attributions',
      );
    });
  }

  it('works where the library cannot join the words to the tokens', async () => {
    const golden = cases.find(({ error }) => error !== undefined);
    assert.ok(golden);
    const { result } = await engine.attribute(requestOf(golden), hooks());
    const { target } = result.sequences[0];
    const pairs = result.info.contrasts?.[0]?.alignments ?? [];
    assert.equal(pairs.length, target.length - 1);
    assert.deepEqual(pairs[0], [1, 1]);
  });
});

describe('without an aligner', () => {
  it('"auto" is refused with what to do', async () => {
    const engine = await start('plain.json', {});
    try {
      await assert.rejects(engine.attribute(requestOf(cases[0]), hooks()), {
        name: 'AttributionError',
        pointer: '#/attributed_fn/args/contrast_targets_alignments',
        message: /models file of this service names none: give pairs of positions, or have "aligner"/,
      });
    } finally {
      await engine.close();
    }
  });

  it('the engine does not start with a model that is none', async () => {
    const aligner = { path: modelDir('gpt2-tiny') };
    await assert.rejects(start('wrong.json', { aligner }), /model_type "gpt2" is no aligner/);
  });
});
