/** An engine on a models file of its own, for tests. */

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Engine, type EngineConfig, startEngine } from '../../src/engine/engine.ts';
import { modelDir } from '../support/goldens.ts';

/** An entry of a models file; a relative path starts from the folder. */
export interface TestModel {
  id: string;
  path: string;
  quantization?: 'none' | 'int8';
  pool?: string;
}

export interface TestEngine {
  engine: Engine;
  close(): Promise<void>;
}

/**
 * Starts an engine on the models that `models` gives.
 * @param models - may write checkpoints into the folder, which goes when the engine is closed
 */
export async function startTestEngine(
  models: (folder: string) => TestModel[],
  config: Partial<EngineConfig> = {},
): Promise<TestEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'whence-engine-'));
  const modelsFile = join(folder, 'models.json');
  writeFileSync(modelsFile, JSON.stringify({ models: models(folder) }));
  const defaults = { backend: 'auto', threads: 0, pool: 'default', memoryBudgetMb: 1024, plugins: [] } as const;
  const engine = await startEngine({ ...defaults, plugins: [], modelsFile, ...config });
  return {
    engine,
    async close() {
      await engine.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A model for long texts: its rotary positions go as far as the config says. */
export function longModel(folder: string): { id: string; path: string; quantization: 'none' } {
  const edits = { 'config.json': { max_position_embeddings: 4096 } };
  return { id: 'long', path: editedCheckpoint(folder, 'long', modelDir('llama-tiny'), edits), quantization: 'none' };
}

/** A copy of a checkpoint in the folder whose JSON files have other fields. @returns its path */
export function editedCheckpoint(
  folder: string,
  name: string,
  source: string,
  edits: Record<string, Record<string, unknown>>,
): string {
  const copy = join(folder, name);
  cpSync(source, copy, { recursive: true });
  for (const [file, fields] of Object.entries(edits)) {
    const path = join(copy, file);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...fields }));
  }
  return copy;
}
