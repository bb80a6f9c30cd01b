/**
 * The engine: takes a request, gives a result. It knows models, methods and results, but no queue and no HTTP.
 */

import type { Catalogue } from '../contract/catalogue.ts';
import type { JobRequest } from '../contract/job-kinds.ts';
import type { DeviceChoice } from '../cuda-environment.ts';
import type { BackendName } from '../tensors/backend.ts';
import type { EngineHooks } from './attribution.ts';
import type { OutputFor } from './kinds.ts';
import { readServed } from './served.ts';

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
  /**
   * Takes the models file over as it is now, between two requests. What is loaded and did not change stays loaded.
   * @throws {Error} for the operator; then all is as it was
   */
  reload(): Promise<Catalogue>;
  /** @throws {AttributionError} when the request is at fault; the signal's reason when it was aborted */
  attribute<R extends JobRequest>(request: R, hooks: EngineHooks): Promise<OutputFor<R>>;
  close(): Promise<void>;
}

/** @throws {Error} for the operator: what is wrong with the models file, the backend or the plug-ins */
export async function startEngine(config: EngineConfig): Promise<Engine> {
  // Files come first, and the code that computes, megabytes with TensorFlow's, after them.
  const served = readServed(config);
  const { openEngine } = await import('./open-engine.ts');
  return openEngine(config, served);
}
