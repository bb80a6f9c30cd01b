// A Chromium for the tests of pages: one on the PATH, or Debian's package. Without one those tests are left out.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { hasCommand, run, say } from './tools.mjs';

const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];

/** The path of a browser; null where there is none. */
export function findBrowser() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return (
    BROWSERS.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => existsSync(path)) ?? null
  );
}

export async function installBrowser() {
  if (process.env.npm_lifecycle_event !== 'test') return;
  if (findBrowser() !== null) return;
  if (process.getuid?.() !== 0 || !hasCommand('apt-get')) return;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '-y', '--no-install-recommends', 'chromium'];
  try {
    try {
      await run('installing chromium', 'apt-get', install, { env });
    } catch {
      await run('updating the list of packages', 'apt-get', ['update'], { env });
      await run('installing chromium', 'apt-get', install, { env });
    }
  } catch (error) {
    say(`${error.message.split('\n')[0]}; tests of pages are left out`);
  }
}
