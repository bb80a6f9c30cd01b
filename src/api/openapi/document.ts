/** The OpenAPI document of the API, made without a job store. */
import type { Batches } from '../../batches/batches.ts';
import type { Jobs } from '../../jobs/jobs.ts';
import { buildApp } from '../server.ts';

/** The text of openapi/openapi.json. */
export async function openApiDocument(): Promise<string> {
  // routes are described when they are registered; none is called, so there is nothing that a store would be asked
  const touched = (): never => {
    throw new Error('describing the API must not touch the job store');
  };
  const jobs = new Proxy({} as Jobs, { get: touched });
  const batches = new Proxy({} as Batches, { get: touched });
  const settings = {
    host: '127.0.0.1',
    port: 0,
    apiKeys: [],
    keysFile: null,
    secret: 'not-a-secret',
    sessionSeconds: 3_600,
    shareSeconds: 3_600,
    publicUrl: null,
    mcp: false,
    rateLimitPerMinute: 0,
    allowPrivateWebhooks: false,
    logLevel: 'silent',
    trustProxy: false,
  };
  const app = await buildApp({
    settings,
    jobs,
    batches,
    tokens: { count: async () => null, countConversation: async () => null, longestToken: async () => null },
  });
  const document = app.swagger();
  await app.close();
  return `${JSON.stringify(document, null, 2)}\n`;
}
