/** Loads a checkpoint directory as a model of the family that its config.json names. */

import { readdirSync } from 'node:fs';
import { type ConfigIds, type ModelConfig, readConfigIds, readModelConfig } from '../checkpoints/config.ts';
import { type GenerationConfig, readGenerationConfig } from '../checkpoints/generation-config.ts';
import { refusePacked, refuseQuantizer } from '../checkpoints/quantization.ts';
import { openCheckpoint } from '../checkpoints/safetensors.ts';
import type { OutlierRule } from '../tensors/matrix.ts';
import type { Family } from './family.ts';
import type { LanguageModel } from './model.ts';
import { type Quantization, type WeightOptions, Weights } from './weights.ts';

const FOLDER = new URL('./families/', import.meta.url);

let loaded: Promise<Map<string, Family>> | null = null;

/** Every family by its `model_type`. */
export function families(): Promise<Map<string, Family>> {
  loaded ??= readFamilies();
  return loaded;
}

async function readFamilies(): Promise<Map<string, Family>> {
  const found = new Map<string, Family>();
  for (const file of readdirSync(FOLDER).sort()) {
    if (!/\.[jt]s$/.test(file)) continue;
    const { default: family } = (await import(new URL(file, FOLDER).href)) as { default: Family };
    for (const type of family.modelType) found.set(type, family);
  }
  return found;
}

/**
 * The family of a checkpoint directory, and the config that it is built by.
 * @throws {Error} naming the families that are known
 */
async function familyOf(dir: string): Promise<{ family: Family; config: ModelConfig }> {
  const config = readModelConfig(dir);
  const all = await families();
  const family = all.get(config.model_type);
  if (family === undefined) {
    throw new Error(
      `${dir}: model_type "${config.model_type}" is not supported; supported are ${[...all.keys()].sort().join(', ')}`,
    );
  }
  const text = family.textConfig?.(config) ?? config;
  return { family, config: { ...text, model_type: config.model_type } };
}

export interface LoadOptions {
  quantization: Quantization;
  rule: OutlierRule;
  onProgress?: (loadedBytes: number, totalBytes: number) => void;
}

export interface LoadedModel {
  model: LanguageModel;
  config: ModelConfig;
  configIds: ConfigIds;
  generation: GenerationConfig;
  quantization: Quantization;
  parameters: number;
  /** Bytes of its weights on the device. */
  bytes: number;
  dispose(): void;
}

/** Loads the weights, quantizing them matrix by matrix while they are read. */
export async function loadModel(dir: string, options: LoadOptions): Promise<LoadedModel> {
  const { model, config, configIds, generation, weights } = await build(dir, options);
  const { parameters, bytes } = weights;
  const { quantization } = options;
  return { model, config, configIds, generation, quantization, parameters, bytes, dispose: () => weights.dispose() };
}

/** What a model would be once it is loaded. */
export type PlannedModel = Pick<LoadedModel, 'config' | 'parameters'> & {
  model: Omit<LanguageModel, 'encoder' | 'decoder' | 'head' | 'lastNorm'>;
};

/**
 * Builds a model as `loadModel` does, but of the shapes that the headers give: nothing can be computed with it, and
 * nothing is held. Whatever the two would refuse, both do.
 */
export async function planModel(dir: string): Promise<PlannedModel> {
  const rule = { threshold: 0, outliers: 'row' } as const;
  const { model, config, weights } = await build(dir, { quantization: 'none', rule, shapesOnly: true });
  return { model, config, parameters: weights.parameters };
}

async function build(dir: string, options: WeightOptions) {
  refuseQuantizer(dir, readModelConfig(dir));
  const { family, config } = await familyOf(dir);
  const configIds = readConfigIds(dir);
  const generation = readGenerationConfig(dir);
  const checkpoint = openCheckpoint(dir);
  const weights = new Weights(checkpoint, options);
  try {
    refusePacked(dir, checkpoint.names());
    const model = family.build(config, weights);
    checkVocabulary(model, config);
    checkPositions(model, weights);
    checkForcedTokens(model, generation);
    return { model, config, configIds, generation, weights };
  } catch (error) {
    weights.dispose();
    throw error;
  } finally {
    checkpoint.close();
  }
}

function checkVocabulary({ targetEmbedding, vocabSize }: LanguageModel, config: ModelConfig): void {
  const { name, table } = targetEmbedding;
  if (vocabSize === table.shape[0]) return;
  const field = vocabSize === config.vocab_size ? 'vocab_size' : 'decoder_vocab_size';
  throw new Error(
    `config.json: "${field}" is ${vocabSize}, but the checkpoint's "${name}" has rows for ${table.shape[0]} tokens`,
  );
}

function checkPositions({ maxPositions }: LanguageModel, weights: Weights): void {
  const { positions } = weights;
  if (maxPositions === null || maxPositions <= positions) return;
  throw weights.fault(`holds tables of ${positions} positions, but config.json says that there are ${maxPositions}`);
}

function checkForcedTokens({ vocabSize }: LanguageModel, { file, rules }: GenerationConfig): void {
  for (const name of ['forced_bos_token_id', 'forced_eos_token_id'] as const) {
    const outside = [rules[name] ?? []].flat().find((id) => id >= vocabSize);
    if (outside === undefined) continue;
    throw new Error(`${file}: "${name}" is ${outside}; it must be less than ${vocabSize}, the size of the vocabulary`);
  }
}
