/**
 * Loads methods, step functions and aggregators: each is one file of a folder, named by its id, with a default export.
 * Operators add their own by module paths in the configuration; a request can only name what was loaded at start.
 */

import { readdir } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** What every member of a registry has. */
export interface Registered {
  readonly id: string;
}

export interface RegistryKind<T extends Registered> {
  /** What a member is called in messages: "step function". */
  noun: string;
  /** The function that makes a plug-in's export one of this kind and of no other: "prepare". */
  marker: keyof T & string;
  /** What is wrong with a default export, or null when it is a member. */
  check(value: unknown): string | null;
}

/** A folder or plug-in that cannot be used; its message says which file and why. */
export class RegistryError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RegistryError';
  }
}

const ID = /^[a-z][a-z0-9_]{0,63}$/;
const MODULE = /\.(ts|js|mjs)$/;

/** A loaded module. */
export interface Loaded {
  file: string;
  value: unknown;
}

/** Loads the modules of a folder: every .ts, .js or .mjs file in it, but not those of its folders. */
export async function loadFolder(folder: URL): Promise<Loaded[]> {
  const directory = fileURLToPath(folder);
  const names = (await readdir(directory)).filter((name) => MODULE.test(name) && !name.endsWith('.d.ts'));
  return loadFiles(names.map((name) => resolve(directory, name)));
}

/** Loads modules by path, from the working directory where relative. */
export function loadFiles(files: readonly string[]): Promise<Loaded[]> {
  return Promise.all(files.map((file) => loadFile(resolve(file))));
}

async function loadFile(file: string): Promise<Loaded> {
  try {
    const loaded: { default?: unknown } = await import(pathToFileURL(file).href);
    return { file, value: loaded.default };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RegistryError(`${file} cannot be loaded: ${reason}`, { cause: error });
  }
}

/**
 * The members of a kind by id, sorted: all modules of its own folder, and those of `added` that are of this kind.
 * @throws {RegistryError} when a module is not a member, has another's id, or is not named by its id in the folder
 */
export function registerMembers<T extends Registered>(
  kind: RegistryKind<T>,
  own: readonly Loaded[],
  added: readonly Loaded[] = [],
): Map<string, T> {
  const members = new Map<string, { member: T; file: string }>();
  for (const { file, value } of [...own, ...added.filter(({ value }) => isOfKind(kind, value))]) {
    const member = checked(kind, file, value);
    const known = members.get(member.id);
    if (known !== undefined) {
      throw new RegistryError(
        `${kind.noun} "${member.id}" is defined twice, in ${known.file} and ${file}: give one of them another id`,
      );
    }
    members.set(member.id, { member, file });
  }
  for (const { file } of own) checkName(kind, file, members);
  const sorted = [...members.values()].sort((a, b) => (a.member.id < b.member.id ? -1 : 1));
  return new Map(sorted.map(({ member }) => [member.id, member]));
}

/** A member is found in the folder under its id. */
function checkName<T extends Registered>(
  kind: RegistryKind<T>,
  file: string,
  members: ReadonlyMap<string, { file: string }>,
): void {
  const name = basename(file, extname(file));
  if (members.get(name)?.file === file) return;
  throw new RegistryError(`${kind.noun} ${file} cannot be used: its id must be its file's name, "${name}"`);
}

/** True when a plug-in's export is meant to be of this kind, right or wrong. */
export function isOfKind<T extends Registered>(kind: RegistryKind<T>, value: unknown): boolean {
  return isRecord(value) && typeof value[kind.marker] === 'function';
}

function checked<T extends Registered>(kind: RegistryKind<T>, file: string, value: unknown): T {
  const problem = isRecord(value) ? (checkId(value.id) ?? kind.check(value)) : 'its default export is not an object';
  if (problem !== null) throw new RegistryError(`${kind.noun} ${file} cannot be used: ${problem}`);
  return value as T;
}

function checkId(id: unknown): string | null {
  if (typeof id === 'string' && ID.test(id)) return null;
  return `its id must be lower-case words joined by "_", but is ${JSON.stringify(id) ?? 'missing'}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** What is wrong with fields of these types, by name, for a registry's `check`. */
export function wrongField(value: unknown, fields: Record<string, string | readonly string[]>): string | null {
  if (!isRecord(value)) return 'its default export is not an object';
  for (const [name, type] of Object.entries(fields)) {
    const field = value[name];
    const right = typeof type === 'string' ? typeof field === type && field !== null : isOneOf(field, type);
    if (right) continue;
    const expected = typeof type === 'string' ? `a ${type}` : `one of ${type.join(', ')}`;
    return `its ${name} must be ${expected}, but is ${JSON.stringify(field) ?? typeof field}`;
  }
  return null;
}

function isOneOf(value: unknown, options: readonly string[]): boolean {
  return typeof value === 'string' && options.includes(value);
}
