import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Logger, pino } from 'pino';
import { Feeder } from '../batches/feeder.ts';
import type { Config } from '../config.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import { Consumer, type ConsumerConfig } from '../jobs/consumer.ts';
import { startTracing } from '../tracing.ts';
import { deliverer } from '../webhooks/deliver.ts';
import { EngineProcess } from './engine-process.ts';

/** The configuration, with the Redis that there is. */
export type WorkerConfig = Config & { redisUrl: string };

/** Times and limits that a deployment has no reason to change; tests shorten them. */
export interface WorkerTuning {
  /** URL of the module that exports `startEngine`. */
  engineModule: string;
  /** Most bytes of JSON of one result. */
  maxResultBytes: number;
  /** A canceled job that goes on for so long has its process killed: it hears within 200 ms of computing, so it hangs. */
  cancelGraceMs: number;
  /** After SIGTERM the running jobs may go on for so long before they are handed over. */
  drainMs: number;
  /** What a job that is handed over gets to end its pass, so that the next attempt need not compute that again. */
  handOverMs: number;
  lockMs: number;
  maxLost: number;
  heartbeatMs: number;
  reconcileMs: number;
  webhookTimeoutMs: number;
}

const TUNING: WorkerTuning = {
  engineModule: new URL('../engine/engine.ts', import.meta.url).href,
  maxResultBytes: 256 * 2 ** 20,
  cancelGraceMs: 15_000,
  drainMs: 5_000, // with handing over and leaving within the 25 s of `whence up` and the 30 s of container platforms
  handOverMs: 12_000,
  lockMs: 15_000, // a dead worker's jobs move on after 15 to 25 s
  maxLost: 1,
  heartbeatMs: 5_000,
  reconcileMs: 10_000,
  webhookTimeoutMs: 10_000,
};

export interface RunningWorker {
  id: string;
  /** Takes the models file over as it is now; no job is lost. Where it cannot be used, the log says why. */
  reload(): void;
  /** Takes no more jobs, lets those that run end or hands them back, and ends the engine process. */
  close(): Promise<void>;
}

/**
 * Starts a worker: the engine process first, then, when its engine works, the jobs of the pool.
 * @throws Error with the engine's own words where it cannot start
 */
export async function startWorker(
  config: WorkerConfig,
  options: Partial<WorkerTuning> & { log?: Logger } = {},
): Promise<RunningWorker> {
  const tuning = { ...TUNING, ...options };
  const id = `${hostname()}-${process.pid}-${randomBytes(3).toString('hex')}`;
  const log = (options.log ?? pino({ level: config.logLevel })).child({ worker: id, pool: config.pool });
  const look = (served: Catalogue): void => {
    for (const { id: model, unusable } of served.unusable_models ?? []) {
      log.warn({ model }, `the model cannot be served: ${unusable.detail}`);
    }
    engine.preload(served.models.flatMap(({ id: model, preload }) => (preload ? [model] : [])));
  };
  const engine = new EngineProcess({
    module: tuning.engineModule,
    config: { ...config, redisUrl: null, apiKeys: [] } satisfies Config, // the engine knows no queue and no clients
    maxResultBytes: tuning.maxResultBytes,
    cancelGraceMs: tuning.cancelGraceMs,
    handOverMs: tuning.handOverMs,
    log,
    onLoaded: () => consumer?.announce(),
    onCatalogue: (served) => {
      look(served);
      consumer?.publish(served);
      log.info({ models: served.models.map((model) => model.id) }, 'models served');
    },
  });
  let consumer: Consumer | null = null;
  const tracing = await startTracing('whence-worker');
  const catalogue = await engine.start();
  const { backend } = catalogue;
  look(catalogue);
  const consumerConfig: ConsumerConfig = { ...tuning, ...config };
  const webhooks = {
    allowPrivate: config.webhookAllowPrivate,
    timeoutMs: tuning.webhookTimeoutMs,
    publicUrl: config.publicUrl,
  };
  consumer = new Consumer(consumerConfig, {
    self: () => ({
      id,
      backend: backend.name,
      device: backend.device,
      loaded_models: engine.loadedModels,
      engine_memory_bytes: engine.memoryBytes,
      preloading: engine.preloading,
    }),
    compute: (attempt, hooks) => engine.attribute(attempt, hooks),
    deliver: deliverer(webhooks, log),
    tracing,
    log,
  });
  await consumer.start(catalogue);
  const feeder = await Feeder.start(config, log);
  const first = catalogue.models.find((model) => model.pool === config.pool);
  if (first !== undefined && engine.preloading.length === 0) engine.warm(first.id);
  log.info(
    { backend: backend.name, device: backend.device, reason: backend.reason, models: catalogue.models.length },
    'worker ready',
  );

  const started = consumer;
  let closing: Promise<void> | null = null;
  const close = async () => {
    log.info('worker drains');
    await feeder.close();
    await started.close(tuning.drainMs);
    await engine.close();
    await tracing?.close();
    log.info('worker closed');
  };
  return {
    id,
    reload: () => engine.reload(),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}
