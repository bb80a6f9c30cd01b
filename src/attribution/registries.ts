/** The registries of methods, step functions and metrics: those of this repository and those that operators add. */

import {
  isOfKind,
  loadFiles,
  loadFolder,
  RegistryError,
  type RegistryKind,
  registerMembers,
  wrongField,
} from './load-members.ts';
import type { Method } from './method.ts';
import type { Metric } from './metric.ts';
import type { StepFunction } from './step-function.ts';

const STEP_FUNCTION: RegistryKind<StepFunction> = {
  noun: 'step function',
  marker: 'prepare',
  check: (value) =>
    wrongField(value, {
      name: 'string',
      description: 'string',
      argsSchema: 'object',
      differentiable: 'boolean',
      spanAggregation: ['prod', 'sum', 'absmax'],
      prepare: 'function',
    }),
};

const METHOD: RegistryKind<Method> = {
  noun: 'method',
  marker: 'attribute',
  check: (value) =>
    wrongField(value, {
      name: 'string',
      description: 'string',
      argsSchema: 'object',
      appliesTo: 'object',
      needsGradient: 'boolean',
      attribute: 'function',
    }),
};

const METRIC: RegistryKind<Metric> = {
  noun: 'metric',
  marker: 'measure',
  check: (value) =>
    wrongField(value, {
      name: 'string',
      description: 'string',
      argsSchema: 'object',
      better: ['higher', 'lower'],
      copies: 'function',
      measure: 'function',
    }),
};

export interface Registries {
  /** By id, sorted. */
  methods: Map<string, Method>;
  stepFunctions: Map<string, StepFunction>;
  metrics: Map<string, Metric>;
}

/**
 * Loads everything that requests can name.
 * @param plugins - paths of modules whose default export is a `StepFunction`, a `Method` or a `Metric` (WHENCE_PLUGINS)
 * @throws {RegistryError} naming the file and what is wrong with it
 */
export async function loadRegistries(plugins: readonly string[] = []): Promise<Registries> {
  const added = await loadFiles(plugins);
  for (const { file, value } of added) {
    if (isOfKind(STEP_FUNCTION, value) || isOfKind(METHOD, value) || isOfKind(METRIC, value)) continue;
    throw new RegistryError(
      `${file} cannot be used as a plug-in: its default export is neither a step function, with a function ` +
        '"prepare", nor a method, with a function "attribute", nor a metric, with a function "measure"',
    );
  }
  const [methods, stepFunctions, metrics] = await Promise.all([
    loadFolder(new URL('./methods/', import.meta.url)),
    loadFolder(new URL('./step-functions/', import.meta.url)),
    loadFolder(new URL('./metrics/', import.meta.url)),
  ]);
  return {
    methods: registerMembers(METHOD, methods, added),
    stepFunctions: registerMembers(STEP_FUNCTION, stepFunctions, added),
    metrics: registerMembers(METRIC, metrics, added),
  };
}
