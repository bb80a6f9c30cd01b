/** `whence models list` and `whence models add`. */

import fs from 'node:fs';
import path from 'node:path';
import { checkComplete } from '../checkpoints/checkpoint-files.ts';
import { readModelConfig } from '../checkpoints/config.ts';
import { CheckpointError } from '../checkpoints/errors.ts';
import { type DownloadProgress, type HubOptions, localModelDir, resolveModelDir } from '../checkpoints/hub.ts';
import { readJsonObject } from '../checkpoints/json-file.ts';
import {
  isRepository,
  type ModelEntry,
  parseModelsFile,
  type RawModelEntry,
  readModelsFile,
} from '../checkpoints/models-file.ts';
import { refuseQuantizer } from '../checkpoints/quantization.ts';

const USAGE = 'usage: whence models list | whence models add OWNER/NAME[@REVISION] | whence models add DIRECTORY';

/** Runs `whence models …` and prints what it did. @throws Error with the usage, CheckpointError with the remedy */
export async function runModelsCommand(args: readonly string[], file: string): Promise<void> {
  const [command, model, ...rest] = args;
  if (command === 'list' && model === undefined) {
    console.log(listModels(file));
  } else if (command === 'add' && model !== undefined && rest.length === 0) {
    const { id, dir } = await addModel(file, model, { onProgress: progressLine() });
    console.log(`"${id}" is in ${file} now; its files are in ${dir}. Restart the workers to serve it.`);
  } else {
    throw new Error(USAGE);
  }
}

/** Prints how far a download is, at most once a second. */
function progressLine(): (progress: DownloadProgress) => void {
  let last = 0;
  return ({ file, done, total }) => {
    const now = Date.now();
    if (now - last < 1000 && done < total) return;
    last = now;
    const percent = total === 0 ? 100 : Math.floor((100 * done) / total);
    console.log(`${percent} %  ${(done / 1e6).toFixed(1)} of ${(total / 1e6).toFixed(1)} MB  ${file}`);
  };
}

/** One line for each model of the file: id, type, quantization, pool, and where it comes from. */
export function listModels(file: string): string {
  const rows = readModelsFile(file).map((entry) => [
    entry.id,
    modelType(entry),
    entry.quantization,
    entry.pool,
    entry.source.kind === 'directory' ? entry.source.dir : `hub ${entry.source.repository}@${entry.source.revision}`,
  ]);
  if (rows.length === 0) return `${file} names no models`;
  const table = [['id', 'type', 'quantization', 'pool', 'source'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function modelType(entry: ModelEntry): string {
  const dir = localModelDir(entry.source);
  if (dir === null) return entry.source.kind === 'hub' ? '(not downloaded)' : '(missing)';
  try {
    return readModelConfig(dir).model_type;
  } catch {
    return '(damaged)';
  }
}

interface AddedModel {
  readonly id: string;
  readonly dir: string;
}

/**
 * Downloads a model of the hub and writes it into the models file.
 * @param model - a repository, `OWNER/NAME` with or without `@REVISION`, or a directory
 * @throws CheckpointError where the id is taken or the model cannot be had
 */
export async function addModel(file: string, model: string, options: HubOptions = {}): Promise<AddedModel> {
  const entry = entryFor(file, model);
  const json = fs.existsSync(file) ? readJsonObject(file) : { models: [] };
  const models = parseModelsFile(file, json);
  if (models.some(({ id }) => id === entry.id)) {
    throw new CheckpointError(file, `has a model "${entry.id}" already; remove it first or edit the file`);
  }
  const text = `${JSON.stringify({ ...json, models: [...models, entry] }, null, 2)}\n`;
  // Written beside the file and read back before it counts.
  const draft = `${file}.draft`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(draft, text);
  try {
    const resolved = readModelsFile(draft).find(({ id }) => id === entry.id);
    if (resolved === undefined) throw new CheckpointError(file, `"${model}" is no model`);
    const dir = await resolveModelDir(resolved.source, { ...options, refresh: true });
    refuseQuantizer(dir, readModelConfig(dir));
    checkComplete(dir);
    fs.renameSync(draft, file);
    return { id: entry.id, dir };
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

function entryFor(file: string, model: string): RawModelEntry {
  if (fs.existsSync(path.join(model, 'config.json'))) {
    const dir = path.resolve(model);
    const relative = path.relative(path.dirname(path.resolve(file)), dir);
    return { id: path.basename(dir), path: relative.startsWith('..') ? dir : `./${relative}` };
  }
  const [hub, revision] = model.split('@');
  if (!isRepository(hub) || revision === '') {
    throw new CheckpointError(
      model,
      'is neither the directory of a checkpoint (it has no config.json) nor a repository of the Hugging Face hub, OWNER/NAME or OWNER/NAME@REVISION',
    );
  }
  return { id: hub.split('/').at(-1) ?? hub, hub, ...(revision === undefined ? {} : { revision }) };
}
