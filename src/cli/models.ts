/** `whence models list | add | remove`. */

import { parseArgs } from 'node:util';
import { readModelConfig } from '../checkpoints/config.ts';
import { type DownloadProgress, localModelDir } from '../checkpoints/hub.ts';
import { type ModelEntry, readModelsFile } from '../checkpoints/models-file.ts';
import { UnusableError } from '../unusable.ts';
import { addModel, type EntryOptions, removeModel } from './edit-models.ts';
import { HELP } from './help.ts';

const OPTIONS = {
  id: { type: 'string' },
  quantization: { type: 'string' },
  pool: { type: 'string' },
} as const;

/** Runs `whence models …` and prints what it did. @throws UnusableError with the usage, CheckpointError with the remedy */
export async function runModelsCommand(args: string[], file: string): Promise<void> {
  const { values, positionals } = parsed(args);
  const [command, model, ...rest] = positionals;
  const isPlain = Object.keys(values).length === 0;
  if (command === 'list' && model === undefined && isPlain) {
    console.log(listModels(file));
  } else if (command === 'add' && model !== undefined && rest.length === 0) {
    const { quantization, ...others } = values;
    const options: EntryOptions = {
      ...others,
      ...(quantization === undefined ? {} : { quantization: asRule(quantization) }),
    };
    const { id, dir } = await addModel(file, model, { onProgress: progressLine() }, options);
    console.log(
      `"${id}" is in ${file} now; its files are in ${dir}. Send the workers SIGHUP, or restart them, to serve it.`,
    );
  } else if (command === 'remove' && model !== undefined && rest.length === 0 && isPlain) {
    removeModel(file, model);
    console.log(
      `"${model}" is not in ${file} any more; its files were left. Send the workers SIGHUP, or restart them, to stop serving it.`,
    );
  } else {
    throw new UnusableError(HELP.models);
  }
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UnusableError(`${error instanceof Error ? error.message : error}\n\n${HELP.models}`);
  }
}

function asRule(text: string): 'int8' | 'none' {
  if (text === 'int8' || text === 'none') return text;
  throw new UnusableError(`--quantization is "${text}": give int8 or none`);
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
