/** Loads a checkpoint directory as a model of the family that its config.json names. */

import { readdirSync } from 'node:fs';
import {
  type ConfigIds,
  type GenerationConfig,
  type ModelConfig,
  readConfigIds,
  readGenerationConfig,
  readModelConfig,
} from '../checkpoints/config.ts';
import { openCheckpoint } from '../checkpoints/safetensors.ts';
import type { OutlierRule } from '../tensors/matrix.ts';
import type { Family, LanguageModel } from './model.ts';
import { type Quantization, Weights } from './weights.ts';

const FOLDER = new URL('./families/', import.meta.url);

let known: Promise<Map<string, Family>> | null = null;

/** Every family by its `model_type`. */
export function families(): Promise<Map<string, Family>> {
  known ??= readFamilies();
  return known;
}

async function readFamilies(): Promise<Map<string, Family>> {
  const found = new Map<string, Family>();
  for (const file of readdirSync(FOLDER).sort()) {
    if (!/\.[jt]s$/.test(file)) continue;
    const { default: family } = (await import(new URL(file, FOLDER).href)) as { default: Family };
    for (const type of [family.modelType].flat()) found.set(type, family);
  }
  return found;
}

/**
 * The family of a checkpoint directory, and the config that it is built by.
 * @throws {Error} naming the families that are known
 */
export async function familyOf(dir: string): Promise<{ family: Family; config: ModelConfig }> {
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
  const { family, config } = await familyOf(dir);
  const checkpoint = openCheckpoint(dir);
  const weights = new Weights(checkpoint, options);
  try {
    const model = family.build(config, weights);
    const { parameters, bytes } = weights;
    const { quantization } = options;
    const generation = readGenerationConfig(dir);
    const configIds = readConfigIds(dir);
    return { model, config, configIds, generation, quantization, parameters, bytes, dispose: () => weights.dispose() };
  } catch (error) {
    weights.dispose();
    throw error;
  } finally {
    checkpoint.close();
  }
}
