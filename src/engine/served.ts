/** What the models file says that an engine of a pool serves. */

import { type ModelEntry, type ModelSource, readAligner, readModelsFile } from '../checkpoints/models-file.ts';

export interface Served {
  entries: ModelEntry[];
  /** The encoder that aligns contrast texts; null: there is none. */
  aligner: ModelSource | null;
}

/** @throws {Error} for the operator: what is wrong with the file */
export function readServed({ modelsFile, pool }: { modelsFile: string; pool: string }): Served {
  const entries = readModelsFile(modelsFile).filter((entry) => entry.pool === pool);
  const aligner = readAligner(modelsFile);
  if (entries.length > 0) return { entries, aligner };
  throw new Error(`${modelsFile} has no model of the pool "${pool}"; add one or set WHENCE_POOL`);
}
