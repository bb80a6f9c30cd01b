/** generation_config.json is followed as `model.generate(do_sample=False)` of transformers follows it. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { readGenerationConfig } from '../../src/checkpoints/generation-config.ts';
import type { GenerationArgs } from '../../src/contract/attribute-request.ts';
import { soloDecoder } from '../../src/generation/decoder-state.ts';
import { generate } from '../../src/generation/generate.ts';
import { effectiveArgs, resolveGeneration } from '../../src/generation/resolve.ts';
import { type LoadedModel, loadModel } from '../../src/models/load.ts';
import { Random } from '../../src/random.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { temporaryDir } from '../checkpoints/write-safetensors.ts';
import { modelDir } from '../support/goldens.ts';

interface Case {
  model: string;
  case: string;
  file: Record<string, unknown>;
  args: Partial<GenerationArgs>;
  prompt: number[];
  ids: number[];
}

const CASES: Case[] = JSON.parse(
  fs.readFileSync(new URL('../fixtures/generation/cases.json', import.meta.url), 'utf8'),
);

/** What the file says, read from a directory of its own. */
function configOf(t: Parameters<typeof temporaryDir>[0], model: string, file: Record<string, unknown>) {
  const dir = temporaryDir(t);
  fs.copyFileSync(path.join(modelDir(model), 'config.json'), path.join(dir, 'config.json'));
  fs.writeFileSync(path.join(dir, 'generation_config.json'), JSON.stringify(file));
  return readGenerationConfig(dir);
}

for (const model of new Set(CASES.map((one) => one.model))) {
  describe(`generation_config.json of ${model}`, () => {
    let loaded: LoadedModel;
    before(async () => {
      await startBackend('auto');
      const options = { quantization: 'none', rule: { threshold: 6, outliers: 'row' } } as const;
      loaded = await loadModel(modelDir(model), options);
    });
    after(() => loaded.dispose());

    for (const { case: name, file, args, prompt, ids } of CASES.filter((one) => one.model === model)) {
      test(`${name}, ${prompt.length} tokens`, async (t) => {
        const config = configOf(t, model, file);
        const source = loaded.model.encoder === null ? null : Int32Array.from(prompt);
        const start = source === null ? prompt : [config.decoderStartTokenId ?? -1];
        const asked = { do_sample: false, ...args };
        const prompts = { sourceIds: source, targetIds: Int32Array.from(start) };
        const place = { promptLength: start.length, room: Number.POSITIVE_INFINITY, languageId: null };
        const resolved = resolveGeneration(config, asked, place);
        const found = await generate(soloDecoder(loaded.model), prompts, resolved.options, new Random(1), () => {});
        assert.deepEqual(Array.from(found), ids.slice(0, found.length));
        assert.ok(
          ids.slice(found.length).every((id) => id === ids.at(-1)),
          'only padding follows',
        );
        const again = resolveGeneration(config, effectiveArgs(asked, resolved), place);
        assert.deepEqual(again.options, resolved.options, 'what is told asks for the same');
      });
    }
  });
}

describe('what of generation_config.json is followed', () => {
  const place = { promptLength: 5, room: Number.POSITIVE_INFINITY, languageId: null };
  const greedy = { do_sample: false };

  test('is told, and so is what is not, with the reason', (t) => {
    const file = {
      _from_model_config: true,
      transformers_version: '5.18.0',
      use_cache: true,
      eos_token_id: [2, 5],
      do_sample: true,
      temperature: 0.7,
      num_beams: 4,
      repetition_penalty: 1.5,
      min_length: 3,
      max_length: 512,
      guidance_scale: 1.5,
      num_return_sequences: 1,
      some_day: 'yes',
    };
    const { options, report } = resolveGeneration(configOf(t, 'llama-tiny', file), { ...greedy, num_beams: 2 }, place);
    assert.equal(report.file, 'generation_config.json');
    assert.deepEqual(report.applied, { eos_token_id: [2, 5], min_length: 3, repetition_penalty: 1.5 });
    const reasons = Object.entries(report.ignored).map(([name, { value, reason }]) => [name, value, reason]);
    assert.deepEqual(reasons.sort(), [
      ['do_sample', true, 'a request alone switches sampling on'],
      ['guidance_scale', 1.5, 'it is not followed'],
      ['max_length', 512, 'it would raise the default of 20 new tokens'],
      ['num_beams', 4, 'the request has its own'],
      ['some_day', 'yes', 'it is not followed'],
      ['temperature', 0.7, 'sampling alone reads it'],
    ]);
    assert.equal(options.numBeams, 2);
    assert.equal(options.doSample, false);
    assert.equal(options.maxNewTokens, 20);
  });

  test('are its temperature, top_k and top_p where the request samples', (t) => {
    const config = configOf(t, 'llama-tiny', { temperature: 0.7, top_k: 20, top_p: 0.8, min_p: 0.1 });
    const { options, report } = resolveGeneration(config, { do_sample: true, top_k: 3 }, place);
    assert.deepEqual([options.temperature, options.topK, options.topP], [0.7, 3, 0.8]);
    assert.deepEqual(report.applied, { temperature: 0.7, top_p: 0.8 });
    assert.deepEqual(Object.keys(report.ignored).sort(), ['min_p', 'top_k']);
  });

  test('is shortened to the room that the model has, and then found anew for each text', (t) => {
    const config = configOf(t, 'llama-tiny', { max_new_tokens: 9 });
    const short = resolveGeneration(config, greedy, { ...place, room: 4 });
    assert.equal(short.options.maxNewTokens, 4);
    assert.ok(!('max_new_tokens' in effectiveArgs(greedy, short)));
    const roomy = resolveGeneration(config, greedy, place);
    assert.equal(effectiveArgs(greedy, roomy).max_new_tokens, 9);
    const asked = { ...greedy, max_new_tokens: 12 };
    assert.equal(resolveGeneration(config, asked, { ...place, room: 4 }).options.maxNewTokens, 12);
  });

  test('is never more beams than a request may have', (t) => {
    const { options, report } = resolveGeneration(configOf(t, 'llama-tiny', { num_beams: 100 }), greedy, place);
    assert.equal(options.numBeams, 1);
    assert.deepEqual(report.ignored.num_beams, { value: 100, reason: 'there are at most 16 beams' });
  });

  test("is no first token where the request's language forces another", (t) => {
    const { options, report } = resolveGeneration(configOf(t, 'm2m100-tiny', { forced_bos_token_id: 9 }), greedy, {
      ...place,
      languageId: 12,
    });
    assert.deepEqual(options.forcedBosIds, [12]);
    assert.equal(report.ignored.forced_bos_token_id.value, 9);
  });
});
