// npm packages, as the lock file pins them. Install scripts stay off (.npmrc): the one that matters is ours (native.mjs).
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { PROJECT, readText, run, writeText } from './tools.mjs';

export async function installPackages() {
  const stamp = join(PROJECT, 'node_modules', '.whence-packages');
  const wanted = createHash('sha256')
    .update(readText(join(PROJECT, 'package-lock.json')) ?? '')
    .digest('hex');
  if (readText(stamp) === wanted) return;
  // `npm ci` refuses a lock file without the packages of platforms that a mirror of the registry leaves out.
  await run('installing npm packages', 'npm', ['install', '--no-save', '--no-audit', '--no-fund']);
  writeText(stamp, wanted);
}
