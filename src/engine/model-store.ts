/** The models that this engine holds: loaded when first asked for, and given up again, least recently used first. */

import { isDeepStrictEqual } from 'node:util';
import { type Aligner, loadAligner } from '../alignment/bert.ts';
import { AttributionError } from '../attribution/errors.ts';
import { localModelDir, resolveModelDir } from '../checkpoints/hub.ts';
import type { ModelEntry, ModelSource } from '../checkpoints/models-file.ts';
import { type LoadedModel, loadModel } from '../models/load.ts';
import { loadTokenizer, type Tokenizer } from '../tokenizers/tokenizer.ts';
import { type CheckpointHashes, hashesOf } from './fingerprint.ts';
import { faultOfCheckpoint } from './unusable.ts';

export interface ReadyModel extends LoadedModel {
  entry: ModelEntry;
  dir: string;
  tokenizer: Tokenizer;
  hashes: CheckpointHashes;
}

/** Share of the memory budget that weights may take; the rest is for activations. */
const WEIGHTS_SHARE = 0.7;

export class ModelStore {
  #entries: ReadonlyMap<string, ModelEntry>;
  #alignerSource: ModelSource | null;
  readonly #budget: number;
  /** In the order of their last use. */
  readonly #ready = new Map<string, ReadyModel>();
  readonly #loading = new Map<string, SharedLoad>();
  #aligner: Aligner | null = null;

  /**
   * @param aligner - the encoder that aligns contrast texts, null where there is none
   * @param memoryBudget - bytes for weights and activations together
   */
  constructor(entries: readonly ModelEntry[], aligner: ModelSource | null, memoryBudget: number) {
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
    this.#alignerSource = aligner;
    this.#budget = memoryBudget;
  }

  loaded(): string[] {
    return [...this.#ready.keys()];
  }

  get loadedBytes(): number {
    let bytes = this.#aligner?.bytes ?? 0;
    for (const model of this.#ready.values()) bytes += model.bytes;
    return bytes;
  }

  /**
   * The model, loaded if it is not.
   * @param onProgress - bytes of the checkpoint read, and in all
   * @throws {AttributionError} `model_unusable` where its checkpoint is at fault
   */
  async get(id: string, onProgress: (loaded: number, total: number) => void): Promise<ReadyModel> {
    const known = this.#ready.get(id);
    if (known !== undefined) {
      this.#ready.delete(id);
      this.#ready.set(id, known);
      return known;
    }
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      const served = [...this.#entries.keys()].join(', ');
      throw new AttributionError(
        'model_unusable',
        `this worker does not serve "${id}"; it serves ${served}`,
        '#/model',
      );
    }
    let loading = this.#loading.get(id);
    if (loading === undefined) {
      loading = new SharedLoad();
      this.#loading.set(id, loading);
      void this.#load(entry, loading);
    }
    return loading.join(onProgress);
  }

  async #load(entry: ModelEntry, loading: SharedLoad): Promise<void> {
    const { id } = entry;
    try {
      const model = await load(entry, loading.report);
      this.#ready.set(id, model);
      this.#giveUpOthers(id);
      loading.resolve(model);
    } catch (error) {
      loading.reject(error);
    } finally {
      this.#loading.delete(id);
    }
  }

  /**
   * The encoder that aligns contrast texts, loaded if it is not; null where the models file names none. It may push out
   * other models than `forModel`, and is itself given up after them.
   */
  async aligner(forModel: string, onProgress: (loaded: number, total: number) => void): Promise<Aligner | null> {
    if (this.#aligner !== null || this.#alignerSource === null) return this.#aligner;
    this.#aligner = loadAligner(await resolveModelDir(this.#alignerSource), onProgress);
    for (const [id, model] of this.#ready) if (id !== forModel) this.#giveUp(id, model);
    return this.#aligner;
  }

  /** Serves these from now on, and gives up what is loaded of others or has changed. No request may run meanwhile. */
  replace({ entries, aligner }: { entries: readonly ModelEntry[]; aligner: ModelSource | null }): void {
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]));
    for (const [id, model] of this.#ready) {
      if (isStill(model, this.#entries.get(id))) continue;
      this.#ready.delete(id);
      model.dispose();
    }
    if (!isDeepStrictEqual(aligner, this.#alignerSource)) this.#disposeAligner();
    this.#alignerSource = aligner;
  }

  #giveUpOthers(keep: string): void {
    for (const [id, model] of this.#ready) if (id !== keep) this.#giveUp(id, model);
    if (this.#overfull) this.#disposeAligner();
  }

  get #overfull(): boolean {
    return this.loadedBytes > this.#budget * WEIGHTS_SHARE;
  }

  #giveUp(id: string, model: ReadyModel): void {
    if (!this.#overfull) return;
    this.#ready.delete(id);
    model.dispose();
  }

  #disposeAligner(): void {
    this.#aligner?.dispose();
    this.#aligner = null;
  }

  dispose(): void {
    for (const model of this.#ready.values()) model.dispose();
    this.#ready.clear();
    this.#disposeAligner();
  }
}

/** Whether loading the entry now would give the same model. */
function isStill({ entry, dir, hashes }: ReadyModel, next: ModelEntry | undefined): boolean {
  if (next === undefined || !isDeepStrictEqual({ ...entry, preload: false }, { ...next, preload: false })) return false;
  try {
    return isDeepStrictEqual(hashesOf(dir), hashes);
  } catch {
    return false; // its files are gone
  }
}

type OnProgress = (loaded: number, total: number) => void;

interface Waiting {
  onProgress: OnProgress;
  resolve(model: ReadyModel): void;
  reject(reason: unknown): void;
}

/**
 * One load that several requests wait for. A request that is stopped while it waits leaves the others to it; when the
 * last one has left, the load is given up.
 */
class SharedLoad {
  readonly #waiting = new Set<Waiting>();

  /** @param onProgress - may throw to leave */
  join(onProgress: OnProgress): Promise<ReadyModel> {
    return new Promise((resolve, reject) => this.#waiting.add({ onProgress, resolve, reject }));
  }

  /** @throws what the last request that left has thrown */
  readonly report = (loaded: number, total: number): void => {
    for (const waiting of this.#waiting) {
      try {
        waiting.onProgress(loaded, total);
      } catch (reason) {
        this.#waiting.delete(waiting);
        waiting.reject(reason);
        if (this.#waiting.size === 0) throw reason;
      }
    }
  };

  resolve(model: ReadyModel): void {
    for (const { resolve } of this.#waiting) resolve(model);
  }

  reject(error: unknown): void {
    for (const { reject } of this.#waiting) reject(error);
  }
}

async function load(entry: ModelEntry, onProgress: (loaded: number, total: number) => void): Promise<ReadyModel> {
  let dir: string | null = localModelDir(entry.source);
  let loaded: LoadedModel | null = null;
  try {
    dir = await resolveModelDir(entry.source);
    const tokenizer = loadTokenizer(dir);
    loaded = await loadModel(dir, {
      quantization: entry.quantization,
      rule: { threshold: entry.int8Threshold, outliers: entry.int8Outliers },
      onProgress,
    });
    return { ...loaded, entry, dir, tokenizer, hashes: hashesOf(dir) };
  } catch (error) {
    loaded?.dispose();
    const fault = faultOfCheckpoint(error, dir);
    if (fault === null) throw error;
    throw new AttributionError('model_unusable', `The model "${entry.id}" cannot be loaded: ${fault}`, '#/model');
  }
}
