/** Lua scripts as commands of a connection: ioredis sends a script's text once, and then its hash. */
import { readFileSync } from 'node:fs';
import type { Redis } from 'ioredis';

export type Argument = string | number | Buffer;

/** A connection that has the scripts as methods. */
export type Scripted<Prefix extends string, Name extends string> = Redis & {
  [Key in Name as `${Prefix}_${Key}`]: (...args: Argument[]) => Promise<unknown>;
};

/** Tables of texts by the names that scripts know them under. */
type Tables = Record<string, Readonly<Record<string, string>>>;

interface ScriptFiles<Prefix extends string, Name extends string> {
  /** What the names of the commands begin with. */
  prefix: Prefix;
  names: readonly Name[];
  /** Where the files are: one for each name. */
  folder: URL;
  /** Tables, and files of the folder or beside it, that stand in front of each script. */
  tables: Tables;
  shared: readonly string[];
}

export class ScriptSet<Prefix extends string, Name extends string> {
  readonly #prefix: Prefix;
  readonly #texts: readonly (readonly [Name, string])[];

  constructor({ prefix, names, folder, tables, shared }: ScriptFiles<Prefix, Name>) {
    this.#prefix = prefix;
    const read = (file: string): string => readFileSync(new URL(`${file}.lua`, folder), 'utf8');
    const prelude = [...Object.entries(tables).map(luaTable), ...shared.map(read)];
    this.#texts = names.map((name) => [name, [...prelude, read(name)].join('\n')]);
  }

  /** Gives the connection the scripts. */
  define(redis: Redis): Scripted<Prefix, Name> {
    for (const [name, lua] of this.#texts) redis.defineCommand(`${this.#prefix}_${name}`, { lua, numberOfKeys: 0 });
    return redis as Scripted<Prefix, Name>;
  }

  run(redis: Scripted<Prefix, Name>, name: Name, args: Argument[]): Promise<unknown> {
    const commands: Record<string, (...args: Argument[]) => Promise<unknown>> = redis;
    return commands[`${this.#prefix}_${name}`](...args);
  }
}

function luaTable([name, entries]: [string, Tables[string]]): string {
  const fields = Object.entries(entries).map(([field, text]) => `${field} = '${text}'`);
  return `local ${name} = { ${fields.join(', ')} }`;
}
