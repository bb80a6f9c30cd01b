// Redis: the URL that is set, a server on the PATH, Debian's package, or one built by redis-memory-server.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import {
  canInstallDebianPackages,
  DATA,
  hasCommand,
  installDebianPackage,
  PROJECT,
  readText,
  SetupError,
  say,
  showProgress,
  writeText,
} from './tools.mjs';

const REMEDY = 'install redis-server (or valkey-server), or set WHENCE_REDIS_URL to a Redis that runs';

export async function installRedis() {
  // Tests start servers of their own also where a URL is set, so only `npm start` may rely on it.
  if (process.env.WHENCE_REDIS_URL && process.env.npm_lifecycle_event !== 'test') return;
  if (hasCommand('redis-server') || hasCommand('valkey-server')) return;
  const stamp = join(DATA, 'redis-server.path');
  const built = readText(stamp)?.trim();
  if (built && existsSync(built)) return;
  if (canInstallDebianPackages()) {
    try {
      await installDebianPackage('redis-server');
      return;
    } catch (error) {
      say(`${error.message.split('\n')[0]}; building Redis instead`);
    }
  }
  writeText(stamp, await buildRedis());
}

async function buildRedis() {
  if (!hasCommand('make') || !hasCommand('cc')) {
    throw new SetupError(`no Redis server was found, and without make and a C compiler none can be built: ${REMEDY}`);
  }
  const end = showProgress('building Redis (a minute or two)');
  const { default: RedisBinary } = createRequire(join(PROJECT, 'package.json'))(
    'redis-memory-server/lib/util/RedisBinary.js',
  );
  try {
    return await RedisBinary.getPath({ downloadDir: join(PROJECT, '.whence', 'redis-build') });
  } catch (error) {
    throw new SetupError(`Redis could not be built (${error.message}): ${REMEDY}`);
  } finally {
    end();
  }
}
