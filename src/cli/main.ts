/** The command line: `whence up | api | worker | models | keys | attribute-dataset`. */

import { loadConfig } from '../config.ts';
import { UNUSABLE, UnusableError } from '../unusable.ts';
import { VERSION } from '../version.ts';
import { HELP } from './help.ts';

const NO_ARGUMENTS = ['up', 'api', 'worker'];

async function main([command = 'help', ...args]: string[]): Promise<void> {
  if (args.some((arg) => arg === '--help' || arg === '-h')) return help(command);
  if (NO_ARGUMENTS.includes(command) && args.length > 0) {
    throw new UnusableError(`"${args[0]}": whence ${command} takes no arguments; its settings are variables`);
  }
  switch (command) {
    case 'up': {
      const { up } = await import('../supervisor/up.ts');
      return up(loadConfig(process.env));
    }
    case 'api': {
      const config = loadConfig(process.env);
      const { startApi } = await import('../api/server.ts');
      return untilStopped(await startApi({ ...config, redisUrl: needRedis(config.redisUrl) }));
    }
    case 'worker': {
      const config = loadConfig(process.env);
      const { startWorker } = await import('../worker/main.ts');
      return untilStopped(await startWorker({ ...config, redisUrl: needRedis(config.redisUrl) }));
    }
    case 'models': {
      const { runModelsCommand } = await import('./models.ts');
      return runModelsCommand(args, loadConfig(process.env).modelsFile);
    }
    case 'keys': {
      const { runKeysCommand } = await import('./keys.ts');
      return runKeysCommand(args, loadConfig(process.env).keysFile);
    }
    case 'attribute-dataset': {
      const { host, port } = loadConfig(process.env);
      const { WHENCE_URL: url = `http://${host}:${port}`, WHENCE_API_KEY: apiKey = null } = process.env;
      const { attributeDataset } = await import('./dataset/attribute-dataset.ts');
      return attributeDataset(args, { url, apiKey });
    }
    case 'help':
    case '--help':
    case '-h':
      return help(args[0] ?? 'whence');
    case '--version':
    case '-v':
      console.log(VERSION);
      return;
    default:
      throw unknown(command);
  }
}

function help(command: string): void {
  const text = Object.entries(HELP).find(([name]) => name === command)?.[1];
  if (text === undefined) throw unknown(command);
  console.log(text);
}

function unknown(command: string): UnusableError {
  return new UnusableError(`"${command}" is not a command\n\n${HELP.whence}`);
}

function needRedis(url: string | null): string {
  if (url === null) throw new UnusableError('WHENCE_REDIS_URL is not set: give the URL of a Redis, or run `whence up`');
  return url;
}

/** Closes what runs when the process is told to stop, or when its supervisor has exited. SIGHUP: the models file has changed. */
function untilStopped(running: { reload(): void; close(): Promise<void> }): void {
  let closing = false;
  const close = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    await running.close();
    process.exit(0);
  };
  process.on('SIGHUP', () => running.reload());
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
  process.on('disconnect', close);
}

const words = process.argv.slice(2);
try {
  await main(words);
} catch (error) {
  // A service that ends by anything but what a person must mend has crashed: whoever watches it starts it again.
  const isCrash = ['api', 'worker'].includes(words[0] ?? '') && !(error instanceof UnusableError);
  const text = error instanceof Error ? ((isCrash ? error.stack : null) ?? error.message) : String(error);
  console.error(`whence: ${text}`);
  process.exit(isCrash ? 1 : UNUSABLE);
}
