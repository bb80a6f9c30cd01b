/**
 * The engine's own process: tfjs-node computes synchronously, so beside it nothing else could run, and what crashes in
 * native code takes the process with it. It holds the models between jobs, computes the jobs that it is given beside each other, and
 * ends with its parent, also when the parent was killed.
 */

import type { JobError } from '../contract/job.ts';
import type { Engine } from '../engine/engine.ts';
import { pack, tailOf, unpack } from '../jobs/packing.ts';
import { startTracing, type Tracing } from '../tracing.ts';
import { JobSpans } from './job-spans.ts';
import type { FromEngine, ToEngine } from './messages.ts';
import { Saver } from './saver.ts';
import { StopFlags } from './stop-flags.ts';
import { throttleProgress } from './throttle.ts';

/** A step event with a larger column goes without its scores: they are in the result. */
const MAX_STEP_CHARACTERS = 256 * 1024;

/** Codes of system errors that say: not enough memory, processes or open files. */
const SHORTAGES = new Set(['ENOMEM', 'EAGAIN', 'EMFILE', 'ENFILE']);

// Ctrl-C and a service manager signal the whole group; the parent decides when the running job has ended.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));

let engine: Engine | null = null;
let maxResultBytes = 0;
let tracing: Tracing | null = null;
/** Everything waits for the start; what may run beside what is then the engine's own affair. */
let starting: Promise<void> = Promise.resolve();
const running = new Map<string, AbortController>();
const savers = new Map<string, Saver>();
const stops = new StopFlags();
stops.listen();

process.on('message', (message: ToEngine) => {
  switch (message.type) {
    case 'start':
      starting = start(message);
      break;
    case 'warm':
      starting.then(() => warm(message.model));
      break;
    case 'reload':
      starting.then(reload);
      break;
    case 'attribute':
      running.set(message.id, new AbortController());
      stops.clear(message.slot);
      starting.then(() => attribute(message));
      break;
    case 'cancel':
      running.get(message.id)?.abort();
      break;
    case 'hand over':
      void handOver(message.id);
      break;
  }
});

async function start(message: ToEngine & { type: 'start' }): Promise<void> {
  try {
    const { startEngine } = await import(message.module);
    const started: Engine = await startEngine(message.config);
    engine = started;
    tracing = await startTracing('whence-engine');
    maxResultBytes = message.maxResultBytes;
    void started.lost?.then(endAfterLoss);
    send({ type: 'ready', catalogue: started.catalogue() });
  } catch (error) {
    if (mayPass(error)) throw error; // a crash: the worker starts another process
    // The remedy is the last thing that a person reads: no stack trace below it.
    process.send?.({ type: 'unusable', message: text(error) } satisfies FromEngine, () => process.exit(1));
  }
}

/** A driver that was reset or a GPU that went away: a new process starts anew, and the worker retries the job. */
function endAfterLoss(reason: string): void {
  console.error(`whence: the device was lost (${reason}); the engine process starts again`);
  process.exit(1);
}

/** Whether an error while starting is the machine's, which lacks something for a while. */
function mayPass(error: unknown): boolean {
  if (error instanceof RangeError) return true; // "Array buffer allocation failed"
  return error instanceof Error && 'code' in error && SHORTAGES.has(String(error.code));
}

async function warm(model: string): Promise<void> {
  if (engine === null || engine.loadedModels().includes(model)) return;
  try {
    await engine.warm(model);
    send({ type: 'loaded', models: engine.loadedModels() });
    tellMemory();
  } catch (error) {
    console.error(`whence: model ${model} could not be loaded in advance: ${text(error)}`);
  }
}

async function reload(): Promise<void> {
  if (engine === null) return; // it could not start, which was said
  try {
    const catalogue = await engine.reload();
    send({ type: 'reloaded', catalogue, models: engine.loadedModels() });
  } catch (error) {
    send({ type: 'not reloaded', message: text(error) });
  }
}

async function attribute({
  id,
  slot,
  request,
  traceparent,
  original,
  savepoint,
}: ToEngine & { type: 'attribute' }): Promise<void> {
  const signal = running.get(id)?.signal;
  if (engine === null || signal === undefined) throw new Error('the engine has not started');
  const spans = new JobSpans(tracing, request, traceparent);
  const progress = throttleProgress((update) => send({ type: 'progress', id, progress: update }));
  try {
    signal.throwIfAborted();
    const before = engine.loadedModels().join();
    const output = await engine.attribute(request, {
      signal,
      stopped: () => stops.isSet(slot),
      progress: (update) => {
        spans.phase(update.phase);
        progress.report(update);
      },
      savable: (save) => {
        const tell = (bytes: Buffer) => {
          // Of a job that is stopped in a pass, what was put down before has more of the text whose pass it was.
          if (!stops.isSet(slot)) send({ type: 'saved', id, savepoint: bytes });
        };
        savers.set(id, new Saver(save, tell));
      },
      ...(savepoint && { savepoint }),
      textFailed: (index, error) => console.error(`whence: job ${id}, text ${index}: ${stack(error)}`),
      step: (step) => {
        const small = JSON.stringify(step).length <= MAX_STEP_CHARACTERS;
        send({
          type: 'step',
          id,
          step: small ? step : { ...step, source_attributions: null, target_attributions: null },
        });
      },
    });
    progress.flush();
    if (engine.loadedModels().join() !== before) send({ type: 'loaded', models: engine.loadedModels() });
    const result = await pack(bounded(() => tailOf(output.result)));
    const inseq = await pack(bounded(output.inseq));
    const difference = original && output.difference(JSON.parse((await unpack(Buffer.from(original))).toString()));
    spans.end();
    tellMemory();
    const { failedTexts, usage, fingerprint, measured } = output;
    const more = difference && { difference };
    send({ type: 'succeeded', id, result, inseq, failedTexts, usage, fingerprint, measured, ...more });
  } catch (error) {
    progress.stop();
    tellMemory();
    const failure = explain(error);
    spans.end(signal.aborted ? 'stopped' : failure.error.code);
    send({ type: 'failed', id, ...failure });
  } finally {
    running.delete(id);
    savers.get(id)?.stop();
    savers.delete(id);
    if (running.size === 0) void tracing?.flush(); // the process may be killed when there is nothing left to do
  }
}

/** Puts down what has been computed of a job, and stops it. */
async function handOver(id: string): Promise<void> {
  await savers
    .get(id)
    ?.save()
    .catch((error: unknown) => console.error(`whence: job ${id} could not be put down: ${stack(error)}`));
  running.get(id)?.abort();
}

function tellMemory(): void {
  send({ type: 'memory', bytes: process.memoryUsage.rss() });
}

class ResultTooLargeError extends Error {}

/** The text that `write` gives, if it may be stored. */
function bounded(write: () => string): string {
  let bytes = Number.POSITIVE_INFINITY;
  try {
    const json = write();
    bytes = Buffer.byteLength(json);
    if (bytes <= maxResultBytes) return json;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // longer than the longest string
  }
  const size = Number.isFinite(bytes) ? `${megabytes(bytes)} MB` : 'more than 500 MB';
  throw new ResultTooLargeError(
    `The result is ${size} of JSON and at most ${megabytes(maxResultBytes)} MB are stored. Ask for fewer texts or generated tokens, or aggregate the scores.`,
  );
}

function explain(error: unknown): { error: JobError; retry: boolean; detail: string } {
  const detail = stack(error);
  if (error instanceof ResultTooLargeError) {
    return { error: { code: 'result_too_large', message: error.message, pointer: null }, retry: false, detail };
  }
  if (isRequestFault(error)) {
    const { code, message, pointer } = error;
    return { error: { code, message, pointer: pointer ?? null }, retry: false, detail };
  }
  // What went wrong inside (paths, shapes) is for the operator's log.
  const message = 'The engine failed on this job. The log of the worker says why.';
  return { error: { code: 'engine_error', message, pointer: null }, retry: true, detail };
}

/** An AttributionError: the request asks for something that this model or method cannot do. */
function isRequestFault(error: unknown): error is Error & { code: string; pointer?: string | null } {
  return error instanceof Error && error.name === 'AttributionError' && 'code' in error;
}

function send(message: FromEngine): void {
  process.send?.(message, () => {}); // a parent that is gone shows as `disconnect`
}

const text = (error: unknown) => (error instanceof Error ? error.message : String(error));
const stack = (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error));
const megabytes = (bytes: number) => Math.ceil(bytes / 2 ** 20);
