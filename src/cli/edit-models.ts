/** Adds models to the models file and removes them; what a person wrote in it stays as it is written. */

import fs from 'node:fs';
import path from 'node:path';
import { findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';
import { checkComplete } from '../checkpoints/checkpoint-files.ts';
import { readModelConfig } from '../checkpoints/config.ts';
import { CheckpointError } from '../checkpoints/errors.ts';
import { type HubOptions, resolveModelDir } from '../checkpoints/hub.ts';
import { readJsonObject } from '../checkpoints/json-file.ts';
import { isRepository, parseModelsFile, type RawModelEntry, readModelsFile } from '../checkpoints/models-file.ts';
import { refuseQuantizer } from '../checkpoints/quantization.ts';

interface AddedModel {
  readonly id: string;
  readonly dir: string;
}

/** Fields of a new entry that are not read off the model. */
export type EntryOptions = Partial<Pick<RawModelEntry, 'id' | 'quantization' | 'pool'>>;

/**
 * Downloads a model of the hub and writes it into the models file.
 * @param model - a repository, `OWNER/NAME` with or without `@REVISION`, or a directory
 * @throws CheckpointError where the id is taken or the model cannot be served
 */
export async function addModel(
  file: string,
  model: string,
  hub: HubOptions = {},
  options: EntryOptions = {},
): Promise<AddedModel> {
  const entry = { ...entryFor(file, model), ...options };
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : EMPTY;
  const models = fs.existsSync(file) ? parseModelsFile(file, readJsonObject(file)) : [];
  if (models.some(({ id }) => id === entry.id)) {
    throw new CheckpointError(
      file,
      `has a model "${entry.id}" already; remove it first (whence models remove ${entry.id}), or give another --id`,
    );
  }
  // Written beside the file and read back before it counts.
  const draft = `${file}.draft`;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(draft, withEntry(text, entry));
  try {
    const resolved = readModelsFile(draft).find(({ id }) => id === entry.id);
    if (resolved === undefined) throw new CheckpointError(file, `"${model}" is not a model`);
    const dir = await resolveModelDir(resolved.source, { ...hub, refresh: true });
    refuseQuantizer(dir, readModelConfig(dir));
    checkComplete(dir);
    fs.renameSync(draft, file);
    return { id: entry.id, dir };
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/**
 * Takes a model out of the models file; its own files stay where they are.
 * @throws CheckpointError where the file has no such model
 */
export function removeModel(file: string, id: string): void {
  const models = parseModelsFile(file, readJsonObject(file));
  const index = models.findIndex((model) => model.id === id);
  if (index < 0) {
    const known = models.map((model) => model.id).join(', ');
    throw new CheckpointError(file, `has no model "${id}"; it has ${known === '' ? 'none' : known}`);
  }
  const draft = `${file}.draft`;
  fs.writeFileSync(draft, withoutEntry(fs.readFileSync(file, 'utf8'), index));
  fs.renameSync(draft, file);
}

const EMPTY = '{\n  "models": []\n}\n';

/** The text of a models file with another entry at the end of its list, written like the one before. */
function withEntry(text: string, entry: RawModelEntry): string {
  const list = modelsOf(text);
  const last = list.children?.at(-1);
  if (last === undefined) {
    return `${text.slice(0, list.offset)}[\n    ${inOneLine(entry)}\n  ]${text.slice(endOf(list))}`;
  }
  const indent = /[^\S\n]*$/.exec(text.slice(0, last.offset))?.[0] ?? '';
  const isOneLine = !text.slice(last.offset, endOf(last)).includes('\n');
  const written = isOneLine ? inOneLine(entry) : JSON.stringify(entry, null, 2).replaceAll('\n', `\n${indent}`);
  return `${text.slice(0, endOf(last))},\n${indent}${written}${text.slice(endOf(last))}`;
}

/** The text of a models file without one entry of its list. */
function withoutEntry(text: string, index: number): string {
  const list = modelsOf(text);
  const entries = list.children ?? [];
  if (entries.length === 1) return `${text.slice(0, list.offset)}[]${text.slice(endOf(list))}`;
  const [from, to] =
    index === 0 ? [entries[0].offset, entries[1].offset] : [endOf(entries[index - 1]), endOf(entries[index])];
  return text.slice(0, from) + text.slice(to);
}

function inOneLine(entry: RawModelEntry): string {
  const fields = Object.entries(entry).map(([name, value]) => `"${name}": ${JSON.stringify(value)}`);
  return `{ ${fields.join(', ')} }`;
}

const endOf = ({ offset, length }: Node): number => offset + length;

/** The list of models in the text of a models file that was read without an error. */
function modelsOf(text: string): Node {
  const root = parseTree(text);
  const list = root === undefined ? undefined : findNodeAtLocation(root, ['models']);
  if (list === undefined) throw new Error('a models file without a list of models was not refused');
  return list;
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
