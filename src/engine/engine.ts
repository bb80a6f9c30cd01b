/**
 * The engine: takes a request, gives a result. It knows models, methods and results, but no queue and no HTTP.
 */

import { readAligner, readModelsFile } from '../checkpoints/models-file.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import type { JobRequest } from '../contract/job-kinds.ts';
import type { DeviceChoice } from '../cuda-environment.ts';
import type { BackendName } from '../tensors/backend.ts';
import type { EngineHooks } from './attribution.ts';
import type { OutputFor } from './kinds.ts';

/** What the engine reads of the configuration. */
export interface EngineConfig {
  modelsFile: string;
  backend: 'auto' | BackendName;
  threads: number;
  device?: DeviceChoice;
  pool: string;
  /** 0: a share of the device's memory. */
  memoryBudgetMb: number;
  /** Seconds that a job may take; left out: as long as it needs. */
  jobTimeoutSeconds?: number;
  plugins: string[];
}

export interface Engine {
  /** Resolves with the reason when the device is gone: no request can be computed any more. */
  readonly lost?: Promise<string>;
  catalogue(): Catalogue;
  loadedModels(): string[];
  warm(modelId: string): Promise<void>;
  /** @throws {AttributionError} when the request is at fault; the signal's reason when it was aborted */
  attribute<R extends JobRequest>(request: R, hooks: EngineHooks): Promise<OutputFor<R>>;
  close(): Promise<void>;
}

/** @throws {Error} for the operator: what is wrong with the models file, the backend or the plug-ins */
export async function startEngine(config: EngineConfig): Promise<Engine> {
  // Files come first, and the code that computes, megabytes with TensorFlow's, after them.
  const entries = readModelsFile(config.modelsFile).filter(({ pool }) => pool === config.pool);
  const aligner = readAligner(config.modelsFile);
  if (entries.length === 0) {
    throw new Error(`${config.modelsFile} has no model of the pool "${config.pool}"; add one or set WHENCE_POOL`);
  }
  const { openEngine } = await import('./open-engine.ts');
  return openEngine(config, entries, aligner);
}
