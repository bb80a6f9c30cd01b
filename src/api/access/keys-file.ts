/** The keys file: API keys by name, with what each may do. It holds their SHA-256 alone. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import Type, { type Static } from 'typebox';
import { UnusableError } from '../../unusable.ts';
import { checkJson } from '../../validation/arguments.ts';
import { type ApiKey, SCOPES } from './keys.ts';

/** Every request is compared with all keys. */
const MOST_KEYS = 1_000;

const Entry = Type.Object(
  {
    name: Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$', description: 'Whose key it is.' }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Of the key, in hexadecimal digits.' }),
    scopes: Type.Array(Type.Enum(SCOPES), { minItems: 1, uniqueItems: true }),
    weight: Type.Number({ minimum: 0.01, maximum: 100, default: 1 }),
    expires: Type.Optional(
      Type.String({
        pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}:\\d{2})$',
        description: 'From when on it is refused: a date and time with its zone, such as 2027-01-31T00:00:00Z.',
      }),
    ),
  },
  { additionalProperties: false, required: ['name', 'sha256', 'scopes'] },
);
export type KeyEntry = Static<typeof Entry>;

const KeysFile = Type.Object(
  { keys: Type.Array(Entry, { maxItems: MOST_KEYS }) },
  { additionalProperties: false, required: ['keys'] },
);

/**
 * The keys as the file has them. One name may have several, an old and a new one.
 * @throws {UnusableError} with the file, a JSON pointer to what is wrong, and the remedy
 */
export function readKeyEntries(file: string): KeyEntry[] {
  return checked(file, parsed(file));
}

function checked(file: string, json: unknown): KeyEntry[] {
  const [fault] = checkJson(KeysFile, json, '#');
  if (fault !== undefined) throw unusable(file, `${fault.pointer}: ${fault.detail}`);
  const { keys } = json as Static<typeof KeysFile>;
  for (const [index, { name, sha256, weight, expires }] of keys.entries()) {
    if (expires !== undefined && Number.isNaN(Date.parse(expires))) {
      throw unusable(
        file,
        `#/keys/${index}/expires: there is no such time as ${expires}; give one such as 2027-01-31T00:00:00Z`,
      );
    }
    const before = keys.slice(0, index);
    if (before.some((key) => key.sha256 === sha256)) throw unusable(file, `#/keys/${index}: this key is there twice`);
    const other = before.find((key) => key.name === name && key.weight !== weight);
    if (other !== undefined) {
      throw unusable(file, `#/keys/${index}/weight: "${name}" has the weights ${other.weight} and ${weight}: give one`);
    }
  }
  return keys;
}

/** @throws {UnusableError} as `readKeyEntries` */
export function readKeysFile(file: string): ApiKey[] {
  return readKeyEntries(file).map(({ sha256, expires, ...key }) => ({
    ...key,
    digest: Buffer.from(sha256, 'hex'),
    expires: expires === undefined ? null : Date.parse(expires),
  }));
}

/**
 * Replaces the file as a whole, for its owner alone to read: who reads it meanwhile sees the old or the new one.
 * @throws {UnusableError} as `readKeyEntries`; then nothing is written
 */
export function writeKeysFile(file: string, keys: readonly KeyEntry[]): void {
  checked(file, { keys });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, file);
}

function parsed(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw unusable(file, `it cannot be read (${reason}); \`whence keys add NAME\` makes one`);
  }
}

function unusable(file: string, what: string): UnusableError {
  return new UnusableError(`WHENCE_KEYS_FILE ${file}: ${what}`);
}
