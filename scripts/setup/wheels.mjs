// Wheels from the Python package index, by pip, one by one: what has arrived whole is not asked for again.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './tools.mjs';

const PIP = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];

/** The wheel of a requirement such as `tensorflow==2.21.0`, in a folder of its own under `folder`. */
export async function downloadWheel(requirement, folder, size = null) {
  const place = join(folder, requirement.replace(/[^\w.=-]/g, '_'));
  if (!existsSync(place)) {
    const part = `${place}.part`;
    rmSync(part, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const title = `downloading ${requirement}${size === null ? '' : ` (${size})`}`;
    await run(title, 'python3', [...PIP, '--dest', part, requirement]);
    renameSync(part, place);
  }
  return join(
    place,
    readdirSync(place).find((name) => name.endsWith('.whl')),
  );
}
