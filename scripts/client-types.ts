/** The types of clients/typescript out of openapi/openapi.json, by a generator with packages of its own. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const DOCUMENT = path('../openapi/openapi.json');
const GENERATOR = path('../clients/typescript/generator');
const PROGRAM = `${GENERATOR}/node_modules/openapi-typescript/bin/cli.js`;
export const TYPES = path('../clients/typescript/src/schema.ts');

/** The first line of the types: says which document they are of, so that a test sees where they are stale. */
export function clientTypesHead(): string {
  const hash = createHash('sha256').update(readFileSync(DOCUMENT)).digest('hex');
  return `/** Types of openapi/openapi.json (SHA-256 ${hash}), written by \`npm run openapi\`. */\n`;
}

/** The whole text of the types; null where the generator's packages are not installed. */
export function clientTypes(): string | null {
  if (!existsSync(PROGRAM)) return null;
  // A field with a default may be left out by whoever sends it.
  const args = [PROGRAM, DOCUMENT, '--default-non-nullable=false', '--alphabetize=false'];
  const text = execFileSync(process.execPath, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  return clientTypesHead() + text.replace(/^\/\*\*[\s\S]*?\*\/\n+/, '\n');
}

export function writeClientTypes(): void {
  if (!existsSync(PROGRAM)) {
    execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: GENERATOR, stdio: ['ignore', 'ignore', 'inherit'] });
  }
  writeFileSync(TYPES, clientTypes() ?? '');
}
