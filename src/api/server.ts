/** Builds Fastify and listens. */
import fastify, { type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import fp from 'fastify-plugin';
import { pino } from 'pino';
import { createBatches } from '../batches/create-batches.ts';
import { LIMITS } from '../contract/limits.ts';
import { createJobs, type JobsConfig } from '../jobs/create-jobs.ts';
import { LocalTokenizers } from '../tokenizers/local-tokenizers.ts';
import { startTracing } from '../tracing.ts';
import { UnusableError } from '../unusable.ts';
import { refuseExposure } from './access/exposure.ts';
import { keptSecret } from './access/secret.ts';
import { app } from './app.ts';
import type { ApiSettings, AppParts } from './capabilities.ts';
import { refuseConnection, refuseExpectation } from './http/client-errors.ts';
import { trustOf } from './http/proxy.ts';
import { requestId } from './http/request-id.ts';
import { REQUEST_MS, refuseSlowRequest, UPLOAD_MS } from './http/slow-requests.ts';
import { sendProblem } from './plugins/problems.ts';
import { ApiProblem, badRequest } from './problems.ts';

/** For which the tokens of one text may be counted; the longest take a tenth of it on a slow machine. */
const COUNT_SECONDS = 5;

/** A machine that is busy or waits for its disk may need far longer than Fastify's 10 seconds. */
const START_MS = 120_000;
const SLOW = `the API did not start within ${START_MS / 1000} seconds: this machine is overloaded`;
const PLUGIN_TIMEOUTS = ['FST_ERR_PLUGIN_TIMEOUT', 'AVV_ERR_PLUGIN_EXEC_TIMEOUT', 'AVV_ERR_READY_TIMEOUT'];
const ADDRESS_ERRORS = ['EADDRINUSE', 'EADDRNOTAVAIL', 'EACCES', 'ENOTFOUND'];

/** The API on `jobs`, not listening yet: tests use `inject`. Closing it leaves `jobs` open. */
export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { settings, log = process.stdout } = parts;
  const server = fastify({
    logger: settings.logLevel === 'silent' ? false : { level: settings.logLevel, stream: log },
    logController: new LogController({ disableRequestLogging: true }), // plugins/request-log.ts writes the lines
    genReqId: requestId,
    bodyLimit: LIMITS.bodyBytes,
    trustProxy: trustOf(settings.trustProxy),
    requestTimeout: UPLOAD_MS, // to receive a batch's lines; other requests have less, see slow-requests.ts
    pluginTimeout: START_MS,
    forceCloseConnections: true, // event streams must not keep a stopping server alive
    clientErrorHandler: refuseConnection,
    http: {
      requireHostHeader: false, // Node's own answer is no problem document: `requireHost` is in its place
      headersTimeout: REQUEST_MS,
    },
    // Errors before routing, which error handlers do not see.
    frameworkErrors: (error, request, reply) => sendProblem(request, reply, badPath(error.code)),
    routerOptions: { maxParamLength: LIMITS.pathParameterCharacters, ignoreTrailingSlash: true },
  });
  server.server.on('checkExpectation', refuseExpectation);
  server.addHook('onRequest', requireHost);
  server.addHook('onRequest', refuseSlowRequest);
  await server.register(fp(app), parts);
  await server.ready();
  return server;
}

/** RFC 9112, section 3.2: a request of HTTP/1.1 names its host. */
async function requireHost({ raw }: FastifyRequest): Promise<void> {
  if (raw.httpVersion !== '1.1' || raw.headers.host !== undefined) return;
  throw new ApiProblem('bad-request', 'The request is not understood', 400, 'The `Host` header is missing: add it.');
}

function badPath(code: string): ApiProblem {
  const detail =
    code === 'FST_ERR_MAX_PARAM_LENGTH'
      ? `is too long: an id has at most ${LIMITS.pathParameterCharacters} characters.`
      : 'cannot be decoded: write "%" as %25, and bytes of UTF-8 as %XX.';
  return badRequest([{ pointer: '#/path', detail }]);
}

/** What the API reads of the configuration. */
export interface ApiConfig extends JobsConfig, Omit<ApiSettings, 'allowPrivateWebhooks' | 'secret'> {
  modelsFile: string;
  /** Null: the data directory keeps one. */
  secret: string | null;
  dataDir: string;
  webhookAllowPrivate: boolean;
  /** Whether it may listen on other interfaces than the loopback one without keys. */
  allowNoKeys: boolean;
}

export interface RunningApi {
  url: string;
  /** Reads the models file anew: tokens are counted by it. */
  reload(): void;
  close(): Promise<void>;
}

/** Starts the API on its address. @throws {UnusableError} naming the address when it cannot listen */
export async function startApi(config: ApiConfig): Promise<RunningApi> {
  const keyless = config.apiKeys.length === 0 && config.keysFile === null;
  refuseExposure(config.host, { keyless, allowed: config.allowNoKeys });
  const secret = config.secret ?? ownSecret(config.dataDir);
  const jobs = await createJobs(config, pino({ level: config.logLevel }));
  const settings: ApiSettings = { ...config, secret, allowPrivateWebhooks: config.webhookAllowPrivate };
  const tokens = new LocalTokenizers(config.modelsFile, { seconds: COUNT_SECONDS });
  const batches = await createBatches(config, jobs);
  const tracing = await startTracing('whence-api');
  const server = await buildApp({ settings, jobs, batches, tokens, tracing }).catch((error: unknown) => {
    throw hasCode(error, PLUGIN_TIMEOUTS) ? new Error(SLOW, { cause: error }) : error;
  });
  const { host, port } = config;
  const url = await server.listen({ host, port }).catch((error: unknown) => {
    if (!hasCode(error, ADDRESS_ERRORS)) throw error;
    throw new UnusableError(`WHENCE_HOST ${host}, WHENCE_PORT ${port}: ${error.message}`, { cause: error });
  });
  return {
    url,
    reload: () => tokens.reload(),
    close: async () => {
      await server.close();
      await tokens.close();
      await batches.close();
      await jobs.close();
    },
  };
}

/** @throws {UnusableError} where the data directory cannot keep one */
function ownSecret(dataDir: string): string {
  try {
    return keptSecret(dataDir);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const remedy = 'set WHENCE_SECRET, or WHENCE_DATA_DIR to a folder that can be written';
    throw new UnusableError(`the secret of cookies and share links cannot be kept (${reason}): ${remedy}`, {
      cause: error,
    });
  }
}

function hasCode(error: unknown, codes: readonly string[]): error is Error {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
