/** What the engine can do, for the API: models, methods, step functions, aggregators. */

import { listAggregators } from '../attribution/aggregation/registry.ts';
import type { Method } from '../attribution/method.ts';
import type { Registries } from '../attribution/registries.ts';
import type { StepFunction } from '../attribution/step-function.ts';
import { readModelConfig } from '../checkpoints/config.ts';
import { localModelDir, resolveModelDir } from '../checkpoints/hub.ts';
import type { ModelEntry } from '../checkpoints/models-file.ts';
import { openCheckpoint } from '../checkpoints/safetensors.ts';
import type { Catalogue, MethodInfo, ModelInfo, StepFunctionInfo, UnusableModel } from '../contract/catalogue.ts';
import { familyOf } from '../models/load.ts';
import { loadTokenizer } from '../tokenizers/tokenizer.ts';
import { faultOfCheckpoint } from './unusable.ts';

/**
 * Describes every model of the entries, from its files alone: weights are not loaded. A model whose files are wrong does
 * not keep the others from being served: it is told apart, with what is wrong.
 */
export async function buildCatalogue(
  entries: readonly ModelEntry[],
  { methods, stepFunctions }: Registries,
  backend: Catalogue['backend'],
  versions: Record<string, string>,
): Promise<Catalogue> {
  const models: ModelInfo[] = [];
  const unusable: UnusableModel[] = [];
  for (const entry of entries) {
    try {
      models.push(await describeModel(entry, methods, stepFunctions));
    } catch (error) {
      unusable.push(describeUnusable(entry, error));
    }
  }
  return {
    models,
    unusable_models: unusable,
    methods: [...methods.values()].map(describeMethod),
    step_functions: [...stepFunctions.values()].map(describeStepFunction),
    aggregators: listAggregators(),
    backend,
    versions,
  };
}

async function describeModel(
  entry: ModelEntry,
  methods: Registries['methods'],
  stepFunctions: Registries['stepFunctions'],
): Promise<ModelInfo> {
  const dir = await resolveModelDir(entry.source);
  const { family, config } = await familyOf(dir);
  const { architecture } = family;
  const checkpoint = openCheckpoint(dir);
  let parameters = 0;
  for (const name of checkpoint.names()) {
    // Scales of stored int8 weights are not parameters.
    if (name.endsWith('.SCB') || name.endsWith('.weight_format') || family.besides?.test(name)) continue;
    parameters += checkpoint.info(name).shape.reduce((product, size) => product * size, 1);
  }
  checkpoint.close();
  const { languages, chat } = loadTokenizer(dir);
  const field = (...names: string[]): number | null => {
    const found = names.map((name) => config[name]).find((value) => typeof value === 'number');
    return typeof found === 'number' ? found : null;
  };
  return {
    id: entry.id,
    model_type: config.model_type,
    architecture,
    quantization: entry.quantization,
    parameters,
    layers: field('n_layer', 'num_hidden_layers', 'num_layers', 'decoder_layers') ?? 0,
    vocab_size: field('vocab_size') ?? 1,
    max_positions: family.relativePositions ? null : field('n_positions', 'max_position_embeddings', 'n_ctx'),
    languages: languages === null ? null : [...languages],
    chat: chat !== null && architecture === 'decoder-only',
    loaded: false,
    pool: entry.pool,
    methods: [...methods.values()].filter((method) => method.appliesTo.includes(architecture)).map(({ id }) => id),
    step_functions: [...stepFunctions.keys()],
  };
}

function describeUnusable(entry: ModelEntry, error: unknown): UnusableModel {
  const dir = localModelDir(entry.source);
  const fault = faultOfCheckpoint(error, dir);
  return {
    id: entry.id,
    model_type: modelTypeIn(dir),
    quantization: entry.quantization,
    loaded: false,
    pool: entry.pool,
    methods: [],
    step_functions: [],
    unusable: {
      detail: fault ?? `its files cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    },
  };
}

function modelTypeIn(dir: string | null): string | null {
  try {
    return dir === null ? null : readModelConfig(dir).model_type;
  } catch {
    return null;
  }
}

function describeMethod(method: Method): MethodInfo {
  const { id, name, description, paper, argsSchema, appliesTo, needsGradient } = method;
  return {
    id,
    name,
    description,
    paper,
    applies_to: [...appliesTo],
    args_schema: { ...argsSchema },
    needs_gradient: needsGradient,
  };
}

function describeStepFunction(fn: StepFunction): StepFunctionInfo {
  const { id, name, description, paper, argsSchema, differentiable } = fn;
  return {
    id,
    name,
    description,
    paper,
    applies_to: ['decoder-only', 'encoder-decoder'],
    args_schema: { ...argsSchema },
    differentiable,
  };
}
