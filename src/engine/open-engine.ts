/** Starts the backend, describes the models, and opens the engine on them. */

import { totalmem } from 'node:os';
import { checkAligner } from '../alignment/bert.ts';
import { SharedPasses } from '../attribution/passes/passes.ts';
import { loadRegistries } from '../attribution/registries.ts';
import { DynamicBatcher } from '../batching/dynamic-batcher.ts';
import { resolveModelDir } from '../checkpoints/hub.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import { startBackend } from '../tensors/backend.ts';
import { enoughRows } from '../tensors/enough-rows.ts';
import { limitFreeBuffers } from '../tensors/webgpu-buffers.ts';
import { VERSION } from '../version.ts';
import { Admission } from './admission.ts';
import type { Resources } from './attribution.ts';
import { buildCatalogue } from './catalogue.ts';
import type { Engine, EngineConfig } from './engine.ts';
import { fingerprintOf, hashesOf, hashOfPlugins, type Surroundings } from './fingerprint.ts';
import { compute } from './kinds.ts';
import { ModelStore, type ReadyModel } from './model-store.ts';
import { readServed, type Served } from './served.ts';
import { ModelTurns } from './turns.ts';
import { allowTypeScript } from './typescript-plugins.ts';

const MB = 2 ** 20;
/** Of the device's memory, where no budget is set. */
const BUDGET_SHARE = 0.75;
/** Activations of a micro-batch need no more than this for each row that keeps the device busy. */
const MOST_ACTIVATIONS_OF_ROW = 2 * MB;
const FEWEST_ACTIVATIONS = 64 * MB;

/** Whose turn it is while no request runs. */
const NO_MODEL = '';

export async function openEngine(config: EngineConfig, served: Served): Promise<Engine> {
  const { lost, memoryBytes, ...backend } = await startBackend(config.backend, config);
  if (config.plugins.length > 0) await allowTypeScript();
  const registries = await loadRegistries(config.plugins);
  const { version: tfjs, libtensorflow } = backend;
  const versions = {
    whence: VERSION,
    node: process.versions.node,
    backend: tfjs,
    tfjs,
    ...(libtensorflow !== null && { libtensorflow }),
  };
  let surroundings: Surroundings = { backend, versions, plugins: hashOfPlugins(config.plugins), aligner: null };
  const memoryBudget = config.memoryBudgetMb * MB || Math.floor((memoryBytes ?? totalmem()) * BUDGET_SHARE);
  const describe = async ({ entries, aligner }: Served): Promise<Catalogue> => {
    const around = { ...surroundings, aligner: await hashesOfAligner(aligner) };
    const described = await buildCatalogue(entries, registries, around, {
      bytes: memoryBudget,
      activations: (weights) => activationBudget(memoryBudget - weights),
    });
    if (described.models.length === 0) {
      const faults = (described.unusable_models ?? []).map(({ id, unusable }) => `\n  ${id}: ${unusable.detail}`);
      throw new Error(`no model of ${config.modelsFile} can be served:${faults.join('')}`);
    }
    surroundings = around;
    return described;
  };
  let catalogue = await describe(served);
  limitFreeBuffers(memoryBudget / 4);
  const store = new ModelStore(served.entries, served.aligner, memoryBudget);
  const resources: Resources = {
    store,
    registries,
    get catalogue() {
      return catalogue;
    },
    memoryBudget,
    fingerprintOf: ({ entry, hashes }) => fingerprintOf(entry, hashes, surroundings),
    jobSeconds: config.jobTimeoutSeconds ?? Number.POSITIVE_INFINITY,
    ...sharing(store, memoryBudget),
  };
  const turns = new ModelTurns();
  return {
    ...(lost && { lost }),
    catalogue: () => catalogue,
    loadedModels: () => store.loaded(),
    warm: (id) =>
      turns.run(id, async () => {
        await store.get(id, () => {});
      }),
    reload: () =>
      turns.run(NO_MODEL, async () => {
        const next = readServed(config);
        catalogue = await describe(next);
        store.replace(next);
        return catalogue;
      }),
    attribute: (request, hooks) => turns.run(request.model, () => compute(request, hooks, resources)),
    close: async () => store.dispose(),
  };
}

/** @throws {Error} for the operator: what is wrong with it */
async function hashesOfAligner(aligner: Served['aligner']): Promise<Surroundings['aligner']> {
  if (aligner === null) return null;
  const dir = await resolveModelDir(aligner);
  checkAligner(dir);
  return hashesOf(dir);
}

/** Bytes that the activations of a micro-batch may take, of those that no model takes. */
function activationBudget(free: number): number {
  return Math.floor(Math.max(FEWEST_ACTIVATIONS, Math.min(MOST_ACTIVATIONS_OF_ROW * enoughRows(), free / 2)));
}

/** What texts and requests share: the device's time and memory, and for each model the passes that are batched. */
function sharing(store: ModelStore, memoryBudget: number): Pick<Resources, 'batcher' | 'admission' | 'passesOf'> {
  const passes = new WeakMap<ReadyModel, SharedPasses>();
  const budget = (): number => activationBudget(memoryBudget - store.loadedBytes);
  return {
    batcher: new DynamicBatcher(),
    admission: new Admission(budget),
    passesOf: (model) => {
      let shared = passes.get(model);
      if (shared === undefined) {
        shared = new SharedPasses(model.model, budget);
        passes.set(model, shared);
      }
      return shared;
    },
  };
}
