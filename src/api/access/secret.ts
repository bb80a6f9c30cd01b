/** What cookies and share links are signed with: `WHENCE_SECRET`, or else one that the data directory keeps. */

import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The secret of the data directory, made where there is none yet: API processes that share the directory share it.
 * @throws the file system's error where it can be neither read nor made
 */
export function keptSecret(dataDir: string): string {
  const file = join(dataDir, 'secret');
  if (!existsSync(file)) make(file, dataDir);
  return readFileSync(file, 'utf8').trim();
}

/** Of several processes that start at once one wins, and the file is there only when it is whole. */
function make(file: string, dataDir: string): void {
  mkdirSync(dataDir, { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600 });
  try {
    linkSync(draft, file);
  } catch (error) {
    if (!existsSync(file)) throw error;
  } finally {
    rmSync(draft);
  }
}
