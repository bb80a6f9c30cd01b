/** The models file: which models are served, from where, how they are quantized, and what aligns contrast texts. */

import path from 'node:path';
import Type, { type Static } from 'typebox';
import { firstFault, follows } from '../validation/arguments.ts';
import { show } from '../validation/show.ts';
import { CheckpointError } from './errors.ts';
import { readJsonObject } from './json-file.ts';

/** Ids are parts of URLs: no slashes. */
const ID = '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$';
const REPOSITORY = '^[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)?$';

/** Whether a text can be the name of a repository of the hub. */
export function isRepository(text: string): boolean {
  return new RegExp(REPOSITORY).test(text);
}

/** Where a checkpoint is. */
const PLACE = {
  path: Type.Optional(Type.String({ minLength: 1, description: 'the directory of a Hugging Face checkpoint' })),
  hub: Type.Optional(
    Type.String({
      pattern: REPOSITORY,
      description: 'a repository of the Hugging Face hub, such as "openai-community/gpt2"',
    }),
  ),
  revision: Type.Optional(
    Type.String({
      pattern: '^(?!.*\\.\\.)[A-Za-z0-9][A-Za-z0-9._/-]*$',
      description: 'a branch, a tag or a commit of the repository',
    }),
  ),
};

const Entry = Type.Object(
  {
    id: Type.String({ pattern: ID, description: 'up to 128 letters, digits, dots, underscores and hyphens' }),
    ...PLACE,
    quantization: Type.Optional(Type.Enum(['int8', 'none'], { description: '"int8" or "none"' })),
    int8_threshold: Type.Optional(
      Type.Number({ minimum: 0, description: 'a number of 0 (no outliers) or more; 6.0 is usual' }),
    ),
    int8_outliers: Type.Optional(Type.Enum(['row', 'batch'], { description: '"row" or "batch"' })),
    pool: Type.Optional(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,64}$',
        description: 'up to 64 letters, digits, underscores and hyphens',
      }),
    ),
    preload: Type.Optional(Type.Boolean({ description: 'true or false' })),
  },
  { additionalProperties: false },
);

const Aligner = Type.Object(PLACE, { additionalProperties: false });

/** JSON Schema of the models file. */
const ModelsFile = Type.Object(
  {
    $schema: Type.Optional(Type.String({ description: 'a URL' })),
    models: Type.Array(Entry, { description: 'a list of models' }),
    aligner: Type.Optional(Aligner),
  },
  { additionalProperties: false },
);

export type RawModelEntry = Static<typeof Entry>;

/** One model, defaults filled in. */
export interface ModelEntry {
  readonly id: string;
  readonly source: ModelSource;
  readonly quantization: 'int8' | 'none';
  /** Activations of this size or more stay in floating point; 0: none do. */
  readonly int8Threshold: number;
  readonly int8Outliers: 'row' | 'batch';
  readonly pool: string;
  /** Workers load it when they start, and are ready then. */
  readonly preload: boolean;
}

export type ModelSource =
  | { readonly kind: 'directory'; readonly dir: string }
  | { readonly kind: 'hub'; readonly repository: string; readonly revision: string };

/**
 * Reads and validates the models file.
 * @throws CheckpointError with the file, a JSON pointer to what is wrong, and what it must be
 */
export function readModelsFile(file: string): ModelEntry[] {
  const entries = parseModelsFile(file, readJsonObject(file)).map((entry, index) => resolveEntry(file, entry, index));
  const seen = new Set<string>();
  for (const [index, { id }] of entries.entries()) {
    if (seen.has(id))
      throw new CheckpointError(file, `#/models/${index}/id: "${id}" is there twice; give one another id`);
    seen.add(id);
  }
  return entries;
}

/**
 * Where the encoder is that aligns contrast texts ("contrast_targets_alignments": "auto"); null: there is none.
 * @throws CheckpointError as `readModelsFile`
 */
export function readAligner(file: string): ModelSource | null {
  const { aligner } = checked(file, readJsonObject(file));
  return aligner === undefined ? null : sourceOf(file, aligner, '#/aligner', 'the aligner');
}

/** The entries as they are written in the file. */
export function parseModelsFile(file: string, json: unknown): RawModelEntry[] {
  return checked(file, json).models;
}

function checked(file: string, json: unknown): Static<typeof ModelsFile> {
  if (!follows(ModelsFile, json)) throw new CheckpointError(file, explain(json));
  return json;
}

function resolveEntry(file: string, entry: RawModelEntry, index: number): ModelEntry {
  return {
    id: entry.id,
    source: sourceOf(file, entry, `#/models/${index}`, `"${entry.id}"`),
    quantization: entry.quantization ?? 'int8',
    int8Threshold: entry.int8_threshold ?? 6,
    int8Outliers: entry.int8_outliers ?? 'row',
    pool: entry.pool ?? 'default',
    preload: entry.preload ?? false,
  };
}

/** @param name - of what is there, for errors */
function sourceOf(file: string, place: Static<typeof Aligner>, pointer: string, name: string): ModelSource {
  const { path: given, hub, revision } = place;
  if ((given === undefined) === (hub === undefined)) {
    throw new CheckpointError(file, `${pointer}: ${name} must have either "path" or "hub"`);
  }
  if (given !== undefined && revision !== undefined) {
    throw new CheckpointError(file, `${pointer}/revision: belongs to "hub" models, and ${name} has a "path"`);
  }
  if (given !== undefined) return { kind: 'directory', dir: path.resolve(path.dirname(file), given) };
  return { kind: 'hub', repository: hub ?? '', revision: revision ?? 'main' };
}

const DESCRIPTIONS = Object.entries(Entry.properties).flatMap(([name, schema]): [string, string][] =>
  'description' in schema && typeof schema.description === 'string' ? [[name, schema.description]] : [],
);

/** What each field must be. */
const WANTED: ReadonlyMap<string, string> = new Map([
  ['models', 'a list of models'],
  ['aligner', 'the "path" or "hub" of a BERT checkpoint, such as {"hub": "sentence-transformers/LaBSE"}'],
  ...DESCRIPTIONS,
]);

/** The first error, in words. */
function explain(json: unknown): string {
  const fault = firstFault(ModelsFile, json);
  if (fault === null) return 'is not a models file';
  const { keyword, instancePath, params, parentSchema, data } = fault;
  const pointer = `#${instancePath}`;
  if (keyword === 'additionalProperties') {
    const known = Object.keys(parentSchema?.properties ?? {});
    return `${pointer}: unknown field "${params.additionalProperty}"; known are ${known.join(', ')}`;
  }
  if (keyword === 'required') return `${pointer}: "${params.missingProperty}" is missing`;
  const field = instancePath.split('/').at(-1) ?? '';
  return `${pointer}: is ${show(data)}; it must be ${WANTED.get(field) ?? 'an object'}`;
}
