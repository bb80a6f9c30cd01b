/**
 * A worker's handle on its engine process: starts it, gives it jobs, stops those that were canceled, and replaces a
 * process that died by a warm one.
 *
 * BullMQ's sandboxed processors come close, but start their process with the first job (so that this one waits for the
 * models), know no messages beside progress and log lines, cannot return a result except through BullMQ's own record,
 * and do not kill a process that ignores its cancellation. So the process is ours, inside a normal processor.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { Config } from '../config.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import { cudaEnvironment } from '../cuda-environment.ts';
import type { ComputeHooks, Outcome, StopReason } from '../jobs/attempts.ts';
import type { Update } from '../jobs/reporter.ts';
import type { Attempt } from '../jobs/worker-store.ts';
import { NODE_ARGS } from '../programs.ts';
import { UnusableError } from '../unusable.ts';
import type { FromEngine, ToEngine } from './messages.ts';
import { STOP_PIPE, STOP_SLOTS, writeStop } from './stop-flags.ts';

export interface EngineOptions {
  /** URL of the module that exports `startEngine`. */
  module: string;
  config: Config;
  maxResultBytes: number;
  /** How long a canceled job may go on before its process is killed. */
  cancelGraceMs: number;
  /** How long a job that is handed over may go on until a pass has ended, before it is stopped between ops. */
  handOverMs: number;
  log: Logger;
  /** Called when the list of loaded models has changed. */
  onLoaded: () => void;
  /** Called when it may serve other models than at the start. */
  onCatalogue: (catalogue: Catalogue) => void;
}

interface Running {
  report: (update: Update) => void;
  save: (savepoint: Buffer) => void;
  settle: (outcome: Outcome) => void;
  /** Aborted: what the process says of the job has no meaning any more. */
  signal: AbortSignal;
}

const CHILD = fileURLToPath(new URL('./engine-child.ts', import.meta.url));
/** What the engine has no use for stays out of its environment. */
const SECRETS = ['WHENCE_REDIS_URL', 'WHENCE_API_KEYS'];
const FIRST_BACKOFF_MS = 500;
const LONGEST_BACKOFF_MS = 30_000;

export class EngineProcess {
  readonly #options: EngineOptions;
  readonly #events = new EventEmitter<{ ready: [Catalogue]; unusable: [string] }>();
  #child: ChildProcess | null = null;
  /** What the present process can do; null until it is ready. */
  #catalogue: Catalogue | null = null;
  readonly #running = new Map<string, Running>();
  /** The process was killed because a job did not stop: those beside it are not at fault. */
  #killed = false;
  #nextSlot = 0;
  #loaded: string[] = [];
  #memoryBytes: number | undefined;
  /** Loaded in advance by a new process: the model of the last jobs. */
  #warmModel: string | null = null;
  /** Loaded by every process when it starts. */
  #preloaded: readonly string[] = [];
  /** Those of them that this process has not loaded yet. */
  #preloading = new Set<string>();
  #backoffMs = FIRST_BACKOFF_MS;
  #respawn: NodeJS.Timeout | null = null;
  #wasReady = false;
  #closing = false;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /** Process id, for logs and tests. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resident bytes of the process, as it said last. */
  get memoryBytes(): number | undefined {
    return this.#memoryBytes;
  }

  get loadedModels(): string[] {
    return this.#loaded;
  }

  /**
   * Starts the process, and again where it dies before it is ready: it may have been killed because memory ran out.
   * @throws {UnusableError} with the engine's own words where it says that it cannot start
   */
  async start(): Promise<Catalogue> {
    const outcome = new Promise<Catalogue>((resolve, reject) => {
      this.#events.once('ready', resolve);
      this.#events.once('unusable', (message) => reject(new UnusableError(message)));
    });
    this.#spawn();
    return outcome.catch(async (error: unknown) => {
      await this.close();
      throw error;
    });
  }

  /** Models that are to be loaded before the worker is ready, and are not yet. */
  get preloading(): string[] {
    return [...this.#preloading];
  }

  /** Loads models now, and whenever the process starts; does not wait. */
  preload(models: readonly string[]): void {
    this.#preloaded = models;
    this.#sendPreloads();
  }

  #sendPreloads(): void {
    this.#preloading = new Set(this.#preloaded.filter((model) => !this.#loaded.includes(model)));
    for (const model of this.#preloading) this.#send({ type: 'warm', model });
  }

  /** Has the models file taken over as it is now, when the jobs that run have ended; does not wait. */
  reload(): void {
    this.#send({ type: 'reload' });
  }

  /** Loads a model before a job asks for it; does not wait. */
  warm(model: string): void {
    this.#warmModel = model;
    this.#send({ type: 'warm', model });
  }

  /**
   * Computes a job, beside others that run. Aborting `signal` stops it: the promise resolves when the device is free, with an outcome that
   * means nothing.
   */
  async attribute(
    { id, request, original, savepoint }: Pick<Attempt, 'id' | 'request' | 'original' | 'savepoint'>,
    { report, save, signal, traceparent }: ComputeHooks,
  ): Promise<Outcome> {
    if (!(await this.#untilReady(signal))) return STOPPED;
    this.#warmModel = request.model;
    const slot = this.#nextSlot;
    this.#nextSlot = (slot + 1) % STOP_SLOTS;
    let timer: NodeJS.Timeout | undefined;
    const stop = () => {
      // Heard between ops while the engine computes; the message is for a job that has not begun.
      writeStop(this.#child?.stdio[STOP_PIPE], slot);
      this.#send({ type: 'cancel', id });
      timer = setTimeout(() => this.#kill(), this.#options.cancelGraceMs);
    };
    const onAbort = () => {
      const reason: StopReason = signal.reason;
      if (reason !== 'handed back') return stop();
      this.#send({ type: 'hand over', id }); // heard between passes
      timer = setTimeout(stop, this.#options.handOverMs);
    };
    try {
      return await new Promise<Outcome>((settle) => {
        this.#running.set(id, { report, save, settle, signal });
        this.#send({
          type: 'attribute',
          id,
          slot,
          request,
          ...(traceparent !== undefined && { traceparent }),
          ...(original !== null && { original }),
          ...(savepoint !== null && { savepoint }),
        });
        signal.addEventListener('abort', onAbort);
        if (signal.aborted) onAbort();
      });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      this.#running.delete(id);
    }
  }

  /** Ends the process; jobs that run end with it. */
  async close(): Promise<void> {
    this.#closing = true;
    if (this.#respawn !== null) clearTimeout(this.#respawn);
    const child = this.#child;
    if (child === null) return;
    const exited = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL'); // it holds nothing but memory
    await exited;
  }

  #kill(): void {
    if (this.#child?.kill('SIGKILL')) this.#killed = true;
  }

  #spawn(): void {
    const { module, config, maxResultBytes } = this.#options;
    const environment = { ...process.env, ...cudaEnvironment(config.device, process.env) };
    for (const name of SECRETS) delete environment[name];
    const child = fork(CHILD, [], {
      execArgv: [...NODE_ARGS],
      env: environment,
      stdio: ['ignore', 'inherit', 'pipe', 'ipc', 'pipe'], // the last one: STOP_PIPE
      serialization: 'advanced', // results are bytes
    });
    this.#child = child;
    if (child.stderr !== null) passOn(child.stderr);
    child.on('message', (message: FromEngine) => this.#receive(message));
    child.stdio[STOP_PIPE]?.on('error', () => {}); // `exit` tells of a process that has ended
    child.on('error', (error) => {
      this.#options.log.error({ error: error.message }, 'engine process');
      if (child.pid === undefined) this.#onExit(error.message); // it could not be made, so it will not exit
    });
    child.on('exit', (code, signal) => this.#onExit(signal === null ? `exit code ${code}` : signal));
    this.#send({ type: 'start', module, config, maxResultBytes });
    this.#sendPreloads();
    if (this.#warmModel !== null) this.#send({ type: 'warm', model: this.#warmModel });
  }

  #receive(message: FromEngine): void {
    switch (message.type) {
      case 'ready':
        this.#catalogue = message.catalogue;
        this.#backoffMs = FIRST_BACKOFF_MS;
        this.#events.emit('ready', message.catalogue);
        if (this.#wasReady) this.#options.onCatalogue(message.catalogue); // it has read the models file, too
        this.#wasReady = true;
        return;
      case 'unusable':
        this.#options.log.error(message.message);
        this.#events.emit('unusable', message.message);
        return;
      case 'reloaded':
        this.#catalogue = message.catalogue;
        this.#setLoaded(message.models);
        this.#options.onCatalogue(message.catalogue);
        return;
      case 'not reloaded':
        this.#options.log.error(`the models file is not taken over, and all stays as it was: ${message.message}`);
        return;
      case 'memory':
        this.#memoryBytes = message.bytes;
        return;
      case 'loaded':
        this.#setLoaded(message.models);
        return;
    }
    const running = this.#running.get(message.id);
    if (running === undefined) return; // late words about a job that is over
    switch (message.type) {
      case 'progress':
        if (!running.signal.aborted) running.report({ progress: message.progress });
        return;
      case 'step':
        if (!running.signal.aborted) running.report({ step: message.step });
        return;
      case 'saved':
        running.save(bytes(message.savepoint));
        return;
      case 'succeeded':
        running.settle({
          status: 'succeeded',
          result: bytes(message.result),
          inseq: bytes(message.inseq),
          failedTexts: message.failedTexts,
          usage: message.usage,
          fingerprint: message.fingerprint,
          ...(message.difference && { difference: message.difference }),
          measured: message.measured,
        });
        return;
      case 'failed':
        if (message.retry && !running.signal.aborted) this.#options.log.error({ job: message.id }, message.detail);
        running.settle({ status: 'failed', error: message.error, retry: message.retry });
    }
  }

  #onExit(how: string): void {
    const wasReady = this.#catalogue !== null;
    this.#child = null;
    this.#catalogue = null;
    this.#memoryBytes = undefined;
    this.#setLoaded([]);
    const outcome: Outcome = this.#killed ? { status: 'interrupted' } : crashed(how);
    this.#killed = false;
    const jobs = [...this.#running.keys()];
    for (const { settle } of this.#running.values()) settle(outcome);
    if (this.#closing) return;
    const { log } = this.#options;
    if (wasReady) {
      log.warn({ jobs, how }, 'engine process ended; starting another');
      this.#spawn();
      return;
    }
    const pauseMs = this.#backoffMs;
    log.warn({ how }, `engine process ended while it started; starting another in ${pauseMs} ms`);
    this.#respawn = setTimeout(() => this.#spawn(), pauseMs);
    this.#backoffMs = Math.min(2 * pauseMs, LONGEST_BACKOFF_MS);
  }

  /** False where `signal` aborted before an engine was ready. */
  async #untilReady(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false;
    if (this.#catalogue !== null) return true;
    return once(this.#events, 'ready', { signal }).then(
      () => true,
      () => false,
    );
  }

  #send(message: ToEngine): void {
    if (this.#child?.connected) this.#child.send(message, () => {}); // `exit` tells of a process that has ended
  }

  #setLoaded(models: string[]): void {
    this.#loaded = models;
    for (const model of models) this.#preloading.delete(model);
    this.#options.onLoaded();
  }
}

const STOPPED: Outcome = { status: 'interrupted' };

function crashed(how: string): Outcome {
  const message = `The engine process ended unexpectedly (${how}) while it computed this job; it may have run out of memory. Fewer or shorter texts need less.`;
  return { status: 'failed', retry: true, error: { code: 'engine_crashed', message, pointer: null } };
}

function bytes(array: Uint8Array): Buffer {
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** What libtensorflow says at every start, whatever its log level, and Dawn where there is no Vulkan. */
const CHATTER =
  /^(WARNING: All log messages before absl::InitializeLog|I0000 .*oneDNN custom operations|Warning: Couldn't load Vulkan| +at operator\(\) .*dawn|$)/;

/** The child's errors as they are, without the chatter. */
function passOn(stderr: Readable): void {
  createInterface({ input: stderr }).on('line', (line) => {
    if (!CHATTER.test(line)) process.stderr.write(`${line}\n`);
  });
}
