/** The tiny models of the golden files, loaded as the engine does, and their golden cases as sequences. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import type { Sequence } from '../../src/attribution/passes/sequence-features.ts';
import type { SequenceScores } from '../../src/attribution/sequence-scores.ts';
import { soloScores } from '../../src/attribution/solo.ts';
import type { ContrastTexts } from '../../src/attribution/step-functions/parts/contrast-inputs.ts';
import type { ModelConfig } from '../../src/checkpoints/config.ts';
import { openCheckpoint } from '../../src/checkpoints/safetensors.ts';
import type { Family } from '../../src/models/family.ts';
import { families } from '../../src/models/load.ts';
import type { LanguageModel } from '../../src/models/model.ts';
import { Weights } from '../../src/models/weights.ts';
import { Random } from '../../src/random.ts';
import { loadTokenizer, type Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import { type AttributionCase, attributionModels, modelDir } from '../support/goldens.ts';

export interface TinyModel {
  model: LanguageModel;
  tokenizer: Tokenizer;
  dispose(): void;
}

/** Loads a model of the golden files in float32, with `changes` to its config. */
export async function loadTiny(name: string, changes: Record<string, unknown> = {}): Promise<TinyModel> {
  const dir = modelDir(name);
  const stored = JSON.parse(readFileSync(join(dir, 'config.json'), 'utf8')) as ModelConfig;
  const config = { ...stored, ...changes };
  const family = (await import(`../../src/models/families/${config.model_type}.ts`)) as { default: Family };
  const weights = new Weights(openCheckpoint(dir), { quantization: 'none', rule: { threshold: 0, outliers: 'row' } });
  const model = family.default.build(config, weights);
  return { model, tokenizer: loadTokenizer(dir), dispose: () => weights.dispose() };
}

/** The models with golden attributions whose family is decoder-only. */
export async function decoderModels(): Promise<string[]> {
  const known = await families();
  const typeOf = (name: string): string =>
    (JSON.parse(readFileSync(join(modelDir(name), 'config.json'), 'utf8')) as { model_type: string }).model_type;
  return attributionModels().filter((name) => known.get(typeOf(name))?.architecture === 'decoder-only');
}

/**
 * The ids of a recorded text. The reference library drops the first of two start tokens: the one that the text shows, or
 * the tokenizer's own.
 */
export function forcedIds(
  tokenizer: Tokenizer,
  text: string,
  options: { addSpecialTokens?: boolean } = {},
): Int32Array {
  return tokenizer.encode(text, { ...options, oneBos: true }).ids;
}

/** The decoder-only sequence of forced texts: what follows the prompt is attributed. */
export function decoderSequence(tokenizer: Tokenizer, prompt: string, text: string): Sequence {
  const targetIds = forcedIds(tokenizer, text);
  const start = tokenizer.encode(prompt).ids.length;
  const { unk, pad, eos } = tokenizer.special;
  const nothing = unk ?? pad ?? eos ?? 0;
  const targetBaselineIds = targetIds.map((id) => (id === eos ? id : nothing));
  const { specialIds } = tokenizer;
  const end = targetIds.length;
  return { sourceIds: null, sourceBaselineIds: null, targetIds, targetBaselineIds, start, end, specialIds };
}

/** A sequence of a decoder-only golden case, the first one by default, with the positions that the case attributes. */
export function caseSequence(tokenizer: Tokenizer, golden: AttributionCase, index = 0): Sequence {
  const { input_texts: prompts, generated_texts: texts } = golden.info;
  const { attr_pos_start: start, attr_pos_end: end } = golden.sequences[index];
  return { ...decoderSequence(tokenizer, prompts[index], texts[index]), start, end };
}

/**
 * Step functions or methods whose arguments the reference library was given in one pool: those of `given` that the
 * schema has, completed by its defaults.
 */
export function completedArgs(schema: TSchema, given: Record<string, unknown>): Record<string, unknown> {
  const { properties } = schema as unknown as { properties: Record<string, unknown> };
  const own = Object.fromEntries(Object.entries(given).filter(([name]) => name in properties));
  return Value.Default(schema, own) as Record<string, unknown>;
}

/** What step functions see of a decoder-only sequence. */
export function sequenceScores({ model, tokenizer }: TinyModel, sequence: Sequence, seed = 1): SequenceScores {
  return soloScores({
    model,
    sequence,
    texts: decoderTexts(tokenizer, model),
    random: new Random(seed),
    memoryBudget: 2 ** 28,
  });
}

/** Contrast texts of one decoder-only sequence. */
function decoderTexts(tokenizer: Tokenizer, model: LanguageModel): ContrastTexts {
  return {
    encodeTarget: (text, options) => tokenizer.encode(text, options).ids,
    encodeSource: null,
    align: null,
    index: 0,
    count: 1,
    maxPositions: model.maxPositions,
  };
}
