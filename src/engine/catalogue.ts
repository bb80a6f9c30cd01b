/** What the engine can do, for the API: models, methods, step functions, aggregators. */

import { listAggregators } from '../attribution/aggregation/registry.ts';
import { applies, type Method } from '../attribution/method.ts';
import type { Metric } from '../attribution/metric.ts';
import type { Registries } from '../attribution/registries.ts';
import type { StepFunction } from '../attribution/step-function.ts';
import { readModelConfig } from '../checkpoints/config.ts';
import { localModelDir, resolveModelDir } from '../checkpoints/hub.ts';
import type { ModelEntry } from '../checkpoints/models-file.ts';
import type {
  Catalogue,
  MethodInfo,
  MetricInfo,
  ModelInfo,
  ModelMemory,
  StepFunctionInfo,
  UnusableModel,
} from '../contract/catalogue.ts';
import { type PlannedModel, planModel } from '../models/load.ts';
import { attendsByKernel } from '../tensors/attention-kernels.ts';
import { enoughRows } from '../tensors/enough-rows.ts';
import { loadTokenizer } from '../tokenizers/tokenizer.ts';
import { fingerprintOf, hashesOf, type Surroundings } from './fingerprint.ts';
import { faultOfCheckpoint } from './unusable.ts';

/** A worker's memory. */
export interface MemoryBudget {
  readonly bytes: number;
  /** Bytes that the activations of a micro-batch may take beside weights of so many. */
  activations(weights: number): number;
}

/**
 * Describes every model of the entries as loading it would, from its headers: weights are not read. A model whose files are wrong does
 * not keep the others from being served: it is told apart, with what is wrong.
 */
export async function buildCatalogue(
  entries: readonly ModelEntry[],
  { methods, stepFunctions, metrics }: Registries,
  surroundings: Surroundings,
  budget: MemoryBudget,
): Promise<Catalogue> {
  const models: ModelInfo[] = [];
  const unusable: UnusableModel[] = [];
  for (const entry of entries) {
    try {
      models.push(await describeModel(entry, methods, stepFunctions, surroundings, budget));
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
    faithfulness_metrics: [...metrics.values()].map(describeMetric),
    backend: surroundings.backend,
    versions: surroundings.versions,
  };
}

async function describeModel(
  entry: ModelEntry,
  methods: Registries['methods'],
  stepFunctions: Registries['stepFunctions'],
  surroundings: Surroundings,
  budget: MemoryBudget,
): Promise<ModelInfo> {
  const dir = await resolveModelDir(entry.source);
  const { model, config, parameters } = await planModel(dir);
  const { architecture } = model;
  const { languages, chat } = loadTokenizer(dir);
  return {
    id: entry.id,
    model_type: config.model_type,
    architecture,
    quantization: entry.quantization,
    parameters,
    layers: model.numLayers,
    vocab_size: model.vocabSize,
    max_positions: model.maxPositions,
    languages: languages === null ? null : [...languages],
    chat: chat !== null && architecture === 'decoder-only',
    loaded: false,
    pool: entry.pool,
    fingerprint: fingerprintOf(entry, hashesOf(dir), surroundings),
    ...(entry.preload && { preload: true }),
    memory: memoryOf(model, parameters, budget),
    methods: [...methods.values()].filter((method) => applies(method, model)).map(({ id }) => id),
    step_functions: [...stepFunctions.keys()],
  };
}

/** Bytes of a float32, which no weight takes more than. */
const WEIGHT_BYTES = 4;

function memoryOf(model: PlannedModel['model'], parameters: number, { bytes, activations }: MemoryBudget): ModelMemory {
  const weights = parameters * WEIGHT_BYTES;
  return {
    weight_bytes: weights,
    budget_bytes: bytes,
    activation_bytes: activations(weights),
    hidden_size: model.hiddenSize,
    heads: model.numHeads,
    keeps_maps: !attendsByKernel(),
    many_rows: enoughRows(),
    split_by_position: model.positionRegime !== undefined,
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
  const { id, name, description, paper, argsSchema, appliesTo, needsGradient, passes } = method;
  return {
    id,
    name,
    description,
    paper,
    applies_to: [...appliesTo],
    args_schema: { ...argsSchema },
    needs_gradient: needsGradient,
    ...(passes && { passes }),
  };
}

function describeStepFunction(fn: StepFunction): StepFunctionInfo {
  const { id, name, description, paper, argsSchema, differentiable, passes } = fn;
  return {
    id,
    name,
    description,
    paper,
    applies_to: ['decoder-only', 'encoder-decoder'],
    args_schema: { ...argsSchema },
    differentiable,
    ...(passes && { passes }),
  };
}

function describeMetric({ id, name, description, paper, argsSchema, better }: Metric): MetricInfo {
  return {
    id,
    name,
    description,
    paper,
    applies_to: ['decoder-only', 'encoder-decoder'],
    args_schema: { ...argsSchema },
    better,
  };
}
