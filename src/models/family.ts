/**
 * A model family: one file in families/, named by Hugging Face's `model_type`, whose default export is a `Family`.
 *
 * A family reads the fields of config.json once, with their types and defaults; tells from them how large the model is;
 * and builds its network, block by block, from the weights.
 */

import type { ModelConfig } from '../checkpoints/config.ts';
import type { JsonFields } from './fields.ts';
import type { Architecture, LanguageModel, ModelShape, Network } from './model.ts';
import type { Weights } from './weights.ts';

/** What a family's file says. `Config`: the fields that it reads, by their names in config.json. */
export interface FamilyDefinition<Config> {
  /** `model_type` in config.json. */
  readonly modelType: string | readonly string[];
  readonly architecture: Architecture;
  /** The config of the text model where config.json describes more than that. */
  textConfig?(config: ModelConfig): JsonFields;
  /** @throws {Error} naming a field that is missing, wrong or asks for what is not supported */
  readConfig(config: ModelConfig): Config;
  describe(config: Config): ModelShape;
  /** @throws {Error} naming a tensor that is missing */
  build(config: Config, weights: Weights): Network;
}

export interface Family {
  readonly modelType: readonly string[];
  readonly architecture: Architecture;
  textConfig?(config: ModelConfig): JsonFields;
  /** Builds the model from its config and weights. @throws {Error} naming the field or tensor that is missing or wrong */
  build(config: ModelConfig, weights: Weights): LanguageModel;
}

export function defineFamily<Config>(definition: FamilyDefinition<Config>): Family {
  const { architecture, textConfig } = definition;
  return {
    modelType: [definition.modelType].flat(),
    architecture,
    ...(textConfig && { textConfig }),
    build(config, weights) {
      const own = definition.readConfig(config);
      const network = definition.build(own, weights);
      const { rowwise } = weights;
      return { modelType: config.model_type, architecture, rowwise, ...definition.describe(own), ...network };
    },
  };
}
