/** Starts the backend, describes the models, and opens the engine on them. */

import { checkAligner } from '../alignment/bert.ts';
import { loadRegistries } from '../attribution/registries.ts';
import { resolveModelDir } from '../checkpoints/hub.ts';
import type { ModelEntry, ModelSource } from '../checkpoints/models-file.ts';
import { startBackend } from '../tensors/backend.ts';
import { VERSION } from '../version.ts';
import { Attribution } from './attribution.ts';
import { buildCatalogue } from './catalogue.ts';
import type { Engine, EngineConfig } from './engine.ts';
import { ModelStore } from './model-store.ts';
import { allowTypeScript } from './typescript-plugins.ts';

const MB = 2 ** 20;

export async function openEngine(
  config: EngineConfig,
  entries: readonly ModelEntry[],
  aligner: ModelSource | null,
): Promise<Engine> {
  const backend = await startBackend(config.backend, { threads: config.threads });
  if (config.plugins.length > 0) await allowTypeScript();
  const registries = await loadRegistries(config.plugins);
  const versions = { whence: VERSION, node: process.versions.node, backend: backend.version };
  const catalogue = await buildCatalogue(entries, registries, backend, versions);
  if (catalogue.models.length === 0) {
    const faults = (catalogue.unusable_models ?? []).map(({ id, unusable }) => `\n  ${id}: ${unusable.detail}`);
    throw new Error(`no model of ${config.modelsFile} can be served:${faults.join('')}`);
  }
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
