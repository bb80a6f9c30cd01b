/**
 * An engine whose behaviour the request dictates, through `method_args` or its first text: for what happens around the engine, the real one
 * is too well-behaved.
 */
import { appendFileSync, existsSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Config } from '../../src/config.ts';
import type { Catalogue } from '../../src/contract/catalogue.ts';
import type { StepEvent } from '../../src/contract/events.ts';
import type { JobRequest } from '../../src/contract/job-kinds.ts';
import type { EngineHooks } from '../../src/engine/attribution.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { OutputFor } from '../../src/engine/kinds.ts';
import { infoOf } from './result-info.ts';

/** What `method_args` may say. Files are how a test and an engine in another process meet. */
export interface Behaviour {
  /** Appends a line to this file at the start of each attempt. */
  log?: string;
  /** Steps and progress reports before the result. */
  steps?: number;
  /** Texts that the steps belong to, by turns. */
  texts?: number;
  /** Waits after the steps until this file exists. */
  gate?: string;
  /** Puts this down when it is asked to. */
  saves?: string;
  /** Appends what it is given to go on from to this file. */
  resumed?: string;
  /** Steps after the gate. */
  stepsBehind?: number;
  /** Does not look at the abort signal. */
  stubborn?: boolean;
  /** Blocks the event loop, as tfjs-node does. */
  blockMs?: number;
  /** Ends the process as a crash in native code would; with `log`, only as long as fewer attempts than this were made. */
  crashes?: number;
  /** How many of the texts are told to have failed. */
  failedTexts?: number;
  fault?: { code: string; message: string; pointer?: string };
  throws?: string;
  /** Characters in the result. */
  resultCharacters?: number;
}

/** A models file with which the engine cannot start. */
export const UNUSABLE = 'unusable.json';
/** With a models file of this name each start notes its process in a file beside it and waits for another there. */
export const GATED = 'gated.json';

class AttributionError extends Error {
  override readonly name = 'AttributionError';
  readonly code: string;
  readonly pointer: string | undefined;

  constructor(fault: NonNullable<Behaviour['fault']>) {
    super(fault.message);
    this.code = fault.code;
    this.pointer = fault.pointer;
  }
}

export function testCatalogue(pool: string): Catalogue {
  const architecture = 'decoder-only' as const;
  const described = { description: '', paper: null, applies_to: [architecture], args_schema: {} };
  const model = { id: 'tiny', model_type: 'gpt2', architecture, quantization: 'int8', pool };
  const sizes = { parameters: 1, layers: 1, vocab_size: 2, max_positions: 8, languages: null };
  return {
    models: [
      { ...model, ...sizes, chat: false, loaded: false, methods: ['saliency'], step_functions: ['probability'] },
    ],
    methods: [{ id: 'saliency', name: 'Saliency', ...described }],
    step_functions: [{ id: 'probability', name: 'Probability', ...described }],
    aggregators: [{ id: 'scores', name: 'Scores', ...described }],
    backend: { name: 'wasm', version: '0', reason: 'a test' },
    versions: {},
  };
}

export async function startEngine(config: Config): Promise<Engine> {
  if (config.modelsFile === UNUSABLE) throw new Error(`${UNUSABLE} names no model`);
  if (basename(config.modelsFile) === GATED) {
    appendFileSync(`${config.modelsFile}.pids`, `${process.pid}\n`);
    while (!existsSync(`${config.modelsFile}.open`)) await sleep(10);
  }
  const loaded: string[] = [];
  return {
    catalogue: () => testCatalogue(config.pool),
    warm: async (model) => {
      if (!loaded.includes(model)) loaded.push(model);
    },
    reload: async () => testCatalogue(config.pool),
    loadedModels: () => [...loaded],
    close: async () => {},
    attribute: async <R extends JobRequest>(request: R, hooks: EngineHooks) => {
      const behaviour: Behaviour = {
        ...('method_args' in request ? request.method_args : {}),
        ...behaviourOf('input_texts' in request ? request.input_texts[0] : undefined),
      };
      if (behaviour.log) appendFileSync(behaviour.log, `${process.pid}\n`);
      const { saves } = behaviour;
      if (saves !== undefined) hooks.savable?.(async () => Buffer.from(saves));
      if (behaviour.resumed && hooks.savepoint) appendFileSync(behaviour.resumed, `${Buffer.from(hooks.savepoint)}\n`);
      if (behaviour.fault) throw new AttributionError(behaviour.fault);
      if (behaviour.throws) throw new Error(behaviour.throws);
      const { steps = 0, stepsBehind = 0, texts = 1 } = behaviour;
      const total = steps + stepsBehind;
      const tell = (from: number, to: number) => {
        for (let i = from; i < to; i++) {
          hooks.step(step(i % texts, Math.floor(i / texts)));
          hooks.progress({ phase: 'attributing', completed: i + 1, total });
        }
      };
      tell(0, steps);
      if (behaviour.blockMs) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, behaviour.blockMs);
      if (behaviour.crashes) process.kill(process.pid, 'SIGABRT');
      while (behaviour.gate && !existsSync(behaviour.gate)) {
        if (!behaviour.stubborn) hooks.signal.throwIfAborted();
        await sleep(10);
      }
      tell(steps, total);
      if (!loaded.includes(request.model)) loaded.push(request.model);
      const text = 'x'.repeat(behaviour.resultCharacters ?? 0);
      return {
        result: { sequences: [], info: info(text) },
        failedTexts: behaviour.failedTexts ?? 0,
        usage: { tokens: 7, passes: 3 },
        fingerprint: 'test',
        difference: () => ({ same_text: true, scores: null, step_scores: null }),
        measured: {
          effort: { texts: 1, rows: 1, pulled: 1, generated: 0, cells: 1 },
          quantization: 'int8',
          loadingSeconds: 0,
        },
        inseq: () => JSON.stringify({ inseq: true, text }),
      } as unknown as OutputFor<R>;
    },
  };
}

/** A text may be a behaviour: so jobs that do different things are alike. */
function behaviourOf(text: string | undefined): Behaviour {
  return text?.startsWith('{') ? JSON.parse(text) : {};
}

function step(sequence: number, position: number): StepEvent {
  return {
    sequence,
    position,
    token: { id: position, token: 'x', start: null, end: null },
    source_attributions: null,
    target_attributions: [0.5],
    step_scores: {},
  };
}

function info(text: string) {
  return { ...infoOf({ seconds: 0, method: 'test', method_args: {}, model: 'test' }), text };
}
