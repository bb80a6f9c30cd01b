/** Each message between a worker and its engine process, as it goes over the wire in a real run: its fields and types. */
import assert from 'node:assert/strict';
import { ChildProcess } from 'node:child_process';
import { type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { loadConfig } from '../../src/config.ts';
import { pack, unpack } from '../../src/jobs/packing.ts';
import { EngineProcess } from '../../src/worker/engine-process.ts';
import type { FromEngine, ToEngine } from '../../src/worker/messages.ts';
import { eventually, testRequest } from '../support/jobs.ts';
import { type Behaviour, UNUSABLE } from '../support/jobs-engine.ts';

type Message = ToEngine | FromEngine;

/** Hears what is said to and by every process that is made from now on. */
function record(t: TestContext, onSent: (message: ToEngine) => void, onReceived: (message: FromEngine) => void): void {
  // Node gives each child a `send` of its own when its channel is set up.
  Object.defineProperty(ChildProcess.prototype, 'send', {
    configurable: true,
    set(this: ChildProcess, send: ChildProcess['send']) {
      const value = (...sent: Parameters<ChildProcess['send']>) => {
        onSent(sent[0] as ToEngine);
        return send.apply(this, sent);
      };
      Object.defineProperty(this, 'send', { value, configurable: true, writable: true });
      this.on('message', (message) => onReceived(message as FromEngine));
    },
  });
  t.after(() => Reflect.deleteProperty(ChildProcess.prototype, 'send'));
}

/** Records what both sides say, and makes the engine process. */
function listen(t: TestContext, modelsFile?: string) {
  const to: ToEngine[] = [];
  const from: FromEngine[] = [];
  record(
    t,
    (message: ToEngine) => to.push(message),
    (message: FromEngine) => from.push(message),
  );
  const config = loadConfig({});
  const engine = new EngineProcess({
    module: new URL('../support/jobs-engine.ts', import.meta.url).href,
    config: modelsFile === undefined ? config : { ...config, modelsFile },
    maxResultBytes: 1_000_000,
    cancelGraceMs: 20_000,
    handOverMs: 5_000,
    log: pino({ level: 'silent' }),
    onLoaded: () => {},
    onCatalogue: () => {},
  });
  t.after(() => engine.close());
  const compute = (id: string, behaviour: Behaviour, signal = new AbortController().signal) =>
    engine.attribute({ id, request: testRequest(behaviour), ...NOTHING }, { ...hooks, signal });
  return { engine, compute, to, from };
}

const NOTHING = { original: null, savepoint: null };
const hooks = { report: () => {}, save: () => {} };

/** Schemas of their own describe these. */
const CONTRACTS = ['config', 'catalogue', 'request', 'step'];

/** What a message consists of: names of types in place of values. */
function shape(value: unknown): unknown {
  if (value === null) return 'null';
  if (value instanceof Uint8Array) return 'bytes';
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== 'object') return typeof value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, CONTRACTS.includes(name) ? name : shape(inner)]),
  );
}

function shapeOf<M extends Message>(messages: M[], type: M['type']): unknown {
  const found = messages.find((message) => message.type === type);
  assert.ok(found, `nobody said ${type}`);
  return { ...(shape(found) as object), type };
}

test('start, ready; warm, loaded', async (t) => {
  const { engine, to, from } = listen(t);
  await engine.start();
  assert.deepEqual(shapeOf(to, 'start'), {
    type: 'start',
    module: 'string',
    config: 'config',
    maxResultBytes: 'number',
  });
  assert.deepEqual(shapeOf(from, 'ready'), { type: 'ready', catalogue: 'catalogue' });
  engine.warm('tiny');
  await eventually(async () => engine.loadedModels.length > 0);
  assert.deepEqual(shapeOf(to, 'warm'), { type: 'warm', model: 'string' });
  assert.deepEqual(shapeOf(from, 'loaded'), { type: 'loaded', models: ['string'] });
});

test('attribute; progress, step, succeeded', async (t) => {
  const { engine, compute, to, from } = listen(t);
  await engine.start();
  await compute('job', { steps: 2 });
  assert.deepEqual(shapeOf(to, 'attribute'), { type: 'attribute', id: 'string', slot: 'number', request: 'request' });
  const progress = { phase: 'string', completed: 'number', total: 'number' };
  assert.deepEqual(shapeOf(from, 'progress'), { type: 'progress', id: 'string', progress });
  assert.deepEqual(shapeOf(from, 'step'), { type: 'step', id: 'string', step: 'step' });
  const results = {
    result: 'bytes',
    inseq: 'bytes',
    failedTexts: 'number',
    usage: { tokens: 'number', passes: 'number' },
    fingerprint: 'string',
    measured: {
      effort: { texts: 'number', rows: 'number', pulled: 'number', generated: 'number', cells: 'number' },
      quantization: 'string',
      loadingSeconds: 'number',
    },
  };
  assert.deepEqual(shapeOf(from, 'succeeded'), { type: 'succeeded', id: 'string', ...results });
  const succeeded = from.find((message) => message.type === 'succeeded');
  assert.ok(succeeded?.type === 'succeeded');
  const tail = (await unpack(Buffer.from(succeeded.result))).toString();
  assert.ok('sequences' in JSON.parse(`{${tail}`), 'the result without what names its job');
  const order = from.map(({ type }) => type).filter((type) => type !== 'loaded');
  assert.deepEqual([order[0], order.at(-1)], ['ready', 'succeeded'], 'the result is the last word about a job');
});

test('a replay: the result to compare with, and the difference', async (t) => {
  const { engine, to, from } = listen(t);
  await engine.start();
  const attempt = { id: 'job', request: testRequest(), ...NOTHING, original: await pack('{"sequences":[]}') };
  await engine.attribute(attempt, { ...hooks, signal: new AbortController().signal });
  const attribute = { type: 'attribute', id: 'string', slot: 'number', request: 'request' };
  assert.deepEqual(shapeOf(to, 'attribute'), { ...attribute, original: 'bytes' });
  const succeeded = from.find((message) => message.type === 'succeeded');
  assert.deepEqual(succeeded?.type === 'succeeded' && shape(succeeded.difference), {
    same_text: 'boolean',
    scores: 'null',
    step_scores: 'null',
  });
});

test('failed, with a pointer or without', async (t) => {
  const { engine, compute, from } = listen(t);
  await engine.start();
  await compute('a', { fault: { code: 'too_long', message: 'Too long.', pointer: '#/input_texts/0' } });
  const error = { code: 'string', message: 'string', pointer: 'string' };
  const failed = { type: 'failed', id: 'string', retry: 'boolean', detail: 'string' };
  assert.deepEqual(shapeOf(from, 'failed'), { ...failed, error });
  await compute('b', { throws: 'a fault of the engine' });
  assert.deepEqual(shapeOf(from.slice(-1), 'failed'), { ...failed, error: { ...error, pointer: 'null' } });
});

test('cancel', async (t) => {
  const { engine, compute, to, from } = listen(t);
  await engine.start();
  const stop = new AbortController();
  const computed = compute('job', { steps: 1, gate: 'never there' }, stop.signal);
  await eventually(async () => from.some(({ type }) => type === 'step'));
  stop.abort();
  await computed;
  assert.deepEqual(shapeOf(to, 'cancel'), { type: 'cancel', id: 'string' });
});

test('unusable', async (t) => {
  const { engine, from } = listen(t, UNUSABLE);
  await assert.rejects(engine.start(), /names no model/);
  assert.deepEqual(shapeOf(from, 'unusable'), { type: 'unusable', message: 'string' });
});
