/**
 * The engine: takes a request, gives a result. It knows models, methods and results, but no queue and no HTTP.
 */

import { checkAligner } from '../alignment/bert.ts';
import { loadRegistries } from '../attribution/registries.ts';
import { resolveModelDir } from '../checkpoints/hub.ts';
import { readAligner, readModelsFile } from '../checkpoints/models-file.ts';
import type { AttributeRequest } from '../contract/attribute-request.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import { startBackend } from '../tensors/backend.ts';
import { VERSION } from '../version.ts';
import { Attribution, type EngineHooks, type EngineOutput } from './attribution.ts';
import { buildCatalogue } from './catalogue.ts';
import { ModelStore } from './model-store.ts';
import { allowTypeScript } from './typescript-plugins.ts';

/** What the engine reads of the configuration. */
export interface EngineConfig {
  modelsFile: string;
  backend: 'auto' | 'tensorflow' | 'wasm';
  threads: number;
  pool: string;
  memoryBudgetMb: number;
  plugins: string[];
}

export interface Engine {
  catalogue(): Catalogue;
  loadedModels(): string[];
  warm(modelId: string): Promise<void>;
  /** @throws {AttributionError} when the request is at fault; the signal's reason when it was aborted */
  attribute(request: AttributeRequest, hooks: EngineHooks): Promise<EngineOutput>;
  close(): Promise<void>;
}

const MB = 2 ** 20;

export async function startEngine(config: EngineConfig): Promise<Engine> {
  const backend = await startBackend(config.backend, { threads: config.threads });
  if (config.plugins.length > 0) await allowTypeScript();
  const registries = await loadRegistries(config.plugins);
  const entries = readModelsFile(config.modelsFile).filter(({ pool }) => pool === config.pool);
  if (entries.length === 0) {
    throw new Error(`${config.modelsFile} has no model of the pool "${config.pool}"; add one or set WHENCE_POOL`);
  }
  const versions = { whence: VERSION, node: process.versions.node, backend: backend.version };
  const catalogue = await buildCatalogue(entries, registries, backend, versions);
  if (catalogue.models.length === 0) {
    const faults = (catalogue.unusable_models ?? []).map(({ id, unusable }) => `\n  ${id}: ${unusable.detail}`);
    throw new Error(`no model of ${config.modelsFile} can be served:${faults.join('')}`);
  }
  const aligner = readAligner(config.modelsFile);
  if (aligner !== null) checkAligner(await resolveModelDir(aligner));
  const memoryBudget = config.memoryBudgetMb * MB;
  const store = new ModelStore(entries, aligner, memoryBudget);
  // One request at a time: the device is one, and so is the account of its memory.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };
  return {
    catalogue: () => catalogue,
    loadedModels: () => store.loaded(),
    warm: (id) =>
      inTurn(async () => {
        await store.get(id, () => {});
      }),
    attribute: (request, hooks) =>
      inTurn(() => new Attribution(request, hooks, { store, registries, memoryBudget, catalogue }).run()),
    close: async () => store.dispose(),
  };
}
