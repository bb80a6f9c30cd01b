/** `whence keys add | list | remove`: the keys file. A key is shown once, when it is made. */

import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SCOPES, type Scope } from '../api/access/keys.ts';
import { type KeyEntry, readKeyEntries, writeKeysFile } from '../api/access/keys-file.ts';
import { UnusableError } from '../unusable.ts';
import { HELP } from './help.ts';

const OPTIONS = {
  scopes: { type: 'string' },
  weight: { type: 'string' },
  expires: { type: 'string' },
  sha256: { type: 'string' },
} as const;
/** Digits of a hash that tell keys apart for a person. */
const SHOWN_DIGITS = 12;

/**
 * Runs `whence keys …` and prints what it did.
 * @param file - WHENCE_KEYS_FILE; null: it is not set
 * @throws UnusableError with the usage or the remedy
 */
export function runKeysCommand(args: string[], file: string | null): void {
  const { values, positionals } = parsed(args);
  const [command, name, ...rest] = positionals;
  const { scopes, weight, expires, sha256 } = values;
  const isPlain = scopes === undefined && weight === undefined && expires === undefined;
  if (file === null) {
    throw new UnusableError(
      'WHENCE_KEYS_FILE is not set: give the path of the keys file, which is made with the first key',
    );
  }
  if (command === 'list' && name === undefined && isPlain && sha256 === undefined) {
    console.log(listed(readKeyEntries(file)));
  } else if (command === 'add' && name !== undefined && rest.length === 0 && sha256 === undefined) {
    console.log(add(file, name, values));
  } else if (command === 'remove' && name !== undefined && rest.length === 0 && isPlain) {
    console.log(remove(file, name, sha256));
  } else {
    throw new UnusableError(HELP.keys);
  }
}

type Added = Partial<Record<'scopes' | 'weight' | 'expires', string>>;

function add(file: string, name: string, { scopes, weight, expires }: Added): string {
  const keys = existsSync(file) ? readKeyEntries(file) : [];
  const before = keys.find((key) => key.name === name);
  const key = `whence_${randomBytes(32).toString('base64url')}`;
  const entry: KeyEntry = {
    name,
    sha256: createHash('sha256').update(key).digest('hex'),
    scopes: scopes === undefined ? (before?.scopes ?? ['submit', 'read']) : scopes.split(',').map(asScope),
    weight: weight === undefined ? (before?.weight ?? 1) : Number(weight),
    ...(expires !== undefined && { expires }),
  };
  writeKeysFile(file, [...keys, entry]);
  const told =
    before === undefined ? '' : ` Its other keys stay valid until \`whence keys remove ${name} --sha256 …\`.`;
  return `${key}\n\nis the key of "${name}" (${entry.scopes.join(', ')}). It is shown this once.${told}`;
}

function remove(file: string, name: string, sha256: string | undefined): string {
  const keys = readKeyEntries(file);
  const isMeant = (key: KeyEntry): boolean => key.name === name && key.sha256.startsWith(sha256 ?? '');
  const removed = keys.filter(isMeant);
  if (removed.length === 0) {
    throw new UnusableError(`${file} has no such key "${name}"; it has:\n${listed(keys)}`);
  }
  writeKeysFile(
    file,
    keys.filter((key) => !isMeant(key)),
  );
  return `${removed.length === 1 ? 'The key' : `${removed.length} keys`} of "${name}" will not be taken any more.`;
}

function listed(keys: readonly KeyEntry[]): string {
  if (keys.length === 0) return 'no keys';
  const row = ({ name, sha256, scopes, weight, expires }: KeyEntry) =>
    `${name}  ${sha256.slice(0, SHOWN_DIGITS)}  ${scopes.join(',')}  weight ${weight}${expires === undefined ? '' : `  until ${expires}`}`;
  return keys.map(row).join('\n');
}

function asScope(text: string): Scope {
  const scope = SCOPES.find((one) => one === text);
  if (scope === undefined) throw new UnusableError(`--scopes has "${text}": give some of ${SCOPES.join(',')}`);
  return scope;
}

function parsed(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true });
  } catch (error) {
    throw new UnusableError(`${error instanceof Error ? error.message : error}\n\n${HELP.keys}`);
  }
}
