/** The command line: `whence up | api | worker | models`. */

import { loadConfig } from '../config.ts';
import { UNUSABLE, UnusableError } from '../unusable.ts';

const HELP = `whence: which input tokens did each generated token come from?

  whence up       Redis (unless WHENCE_REDIS_URL is set), the API and one worker, for one machine
  whence api      the HTTP API alone; needs WHENCE_REDIS_URL
  whence worker   one worker alone; needs WHENCE_REDIS_URL
  whence models   \`list\`, or \`add MODEL\`: a repository of the Hugging Face hub (OWNER/NAME[@REVISION]) or a directory
  whence help     this text

Settings are environment variables; the README lists them.
`;

async function main(command: string | undefined): Promise<void> {
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
      return runModelsCommand(process.argv.slice(3), loadConfig(process.env).modelsFile);
    }
    case undefined:
    case 'help':
    case '--help':
      console.log(HELP);
      return;
    default:
      throw new UnusableError(`"${command}" is not a command\n\n${HELP}`);
  }
}

function needRedis(url: string | null): string {
  if (url === null) throw new UnusableError('WHENCE_REDIS_URL is not set: give the URL of a Redis, or run `whence up`');
  return url;
}

/** Closes what runs when the process is told to stop, or when its supervisor is gone. */
function untilStopped(running: { close(): Promise<void> }): void {
  let closing = false;
  const close = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    await running.close();
    process.exit(0);
  };
  process.on('SIGINT', close);
  process.on('SIGTERM', close);
  process.on('disconnect', close);
}

const [command] = process.argv.slice(2);
try {
  await main(command);
} catch (error) {
  // A service that ends by anything but what a person must mend has crashed: whoever watches it starts it again.
  const isCrash = ['api', 'worker'].includes(command ?? '') && !(error instanceof UnusableError);
  const text = error instanceof Error ? ((isCrash ? error.stack : null) ?? error.message) : String(error);
  console.error(`whence: ${text}`);
  process.exit(isCrash ? 1 : UNUSABLE);
}
