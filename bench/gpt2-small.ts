/**
 * `npm run bench`: methods at GPT-2 small's shape (124 M parameters, random weights), 16 forced tokens after a prompt of
 * 16, float32 and int8, against the floor that the matmul rate of the same run sets. Each precision has its own process.
 *
 *   npm run bench -- --prompt 960              a longer prompt: the methods that are for it
 *   npm run bench -- --only none saliency      one precision (none: float32), some methods
 *   npm run bench -- --backend tensorflow,wasm several backends (also cuda, webgpu), one after the other
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Counters } from '../src/attribution/passes/passes.ts';
import type { Sequence } from '../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../src/attribution/registries.ts';
import { cudaEnvironment } from '../src/cuda-environment.ts';
import { enoughRows } from '../src/tensors/enough-rows.ts';
import {
  BENCH_BACKENDS,
  type BenchBackend,
  type Case,
  deviceOf,
  Flops,
  forcedSequence,
  type Loaded,
  load,
  matmulRate,
  measure,
  startPeak,
  table,
} from './measure.ts';
import { GPT2_SMALL, randomCheckpoint } from './random-checkpoint.ts';

const FOLDER = fileURLToPath(new URL('../.whence/bench', import.meta.url));
const GENERATED = 16;
/** Tokens of a unit that is changed as a whole in a long prompt: a sentence. */
const SENTENCE = 25;
const SENTENCES = { units: 'windows', window_size: SENTENCE };
/** Prompts longer than this are attributed by methods whose cost they bear. */
const LONG_PROMPT = 64;
/** Rows of the product whose rate is the floor's: about what the cotangents of the shortest prompt have. */
const RATE_ROWS = 376;

const { values, positionals } = parseArgs({
  options: {
    prompt: { type: 'string', default: '16' },
    only: { type: 'string' },
    backend: { type: 'string', default: 'auto' },
  },
  allowPositionals: true,
});
const prompt = Number(values.prompt);
const longest = GPT2_SMALL.positions - GENERATED;
if (!Number.isInteger(prompt) || prompt < 1 || prompt > longest) {
  throw new RangeError(`--prompt is ${values.prompt}; it must be a whole number of tokens from 1 to ${longest}`);
}

const backends = values.backend.split(',').map((name) => {
  const backend = BENCH_BACKENDS.find((known) => known === name);
  if (backend === undefined) {
    throw new RangeError(`--backend is ${name}; it must be some of ${BENCH_BACKENDS.join(', ')}, separated by commas`);
  }
  return backend;
});

async function bench(quantization: 'int8' | 'none'): Promise<void> {
  const { loaded, backend, loadSeconds } = await load(randomCheckpoint(FOLDER, GPT2_SMALL), quantization, backends[0]);
  const sequence = forcedSequence(GPT2_SMALL, prompt, GENERATED);
  const { methods } = await loadRegistries();
  const cases = casesOf(new Flops(GPT2_SMALL, sequence)).filter(
    ({ name, method, metrics, stepFunction, lengths }) =>
      (stepFunction !== undefined || metrics !== undefined || methods.has(method)) &&
      lengths.includes(prompt > LONG_PROMPT ? 'long' : 'short') &&
      (positionals.length === 0 || positionals.some((word) => name.startsWith(word))),
  );
  console.log(
    `\nGPT-2 small's shape, ${prompt} + ${GENERATED} tokens, ${quantization === 'int8' ? 'int8' : 'float32'}; ${backend}; ` +
      `loaded in ${loadSeconds.toFixed(1)} s, weights ${Math.round(loaded.bytes / 2 ** 20)} MB`,
  );
  const rows: string[][] = [];
  for (const one of cases) {
    const peak = startPeak();
    const { seconds, cores, counters, rate } = await measured(loaded, sequence, one);
    const needed = typeof one.flops === 'number' ? one.flops : one.flops(counters);
    const floor = needed / rate / 1e9;
    rows.push([
      one.name,
      seconds.toFixed(3),
      (needed / 1e9).toFixed(0),
      rate.toFixed(0),
      floor.toFixed(3),
      (seconds / floor).toFixed(2),
      cores.toFixed(1),
      String(counters.forward),
      String(counters.backward),
      String(peak() ?? ''),
    ]);
  }
  table(['method', 'seconds', 'GFLOP', 'GFLOP/s', 'floor s', 'ratio', 'cores', 'forward', 'backward', 'peak MB'], rows);
  loaded.dispose();
}

type Length = 'short' | 'long';
type Row = Case & { lengths: readonly Length[] };

function casesOf(flops: Flops): Row[] {
  const gradient = flops.forward + flops.backward;
  const gradientOfSpan = flops.forward + flops.backwardOfSpan;
  const positions = prompt + GENERATED - 1;
  const copies = ({ forward }: Counters): number => forward * flops.forward;
  const [always, short, long]: Length[][] = [['short', 'long'], ['short'], ['long']];
  return [
    { name: 'saliency', method: 'saliency', flops: gradient, runs: 4, lengths: always },
    { name: 'input_x_gradient', method: 'input_x_gradient', flops: gradient, runs: 4, lengths: always },
    {
      name: 'input_x_gradient (span)',
      method: 'input_x_gradient',
      span: true,
      flops: gradientOfSpan,
      runs: 4,
      lengths: always,
    },
    {
      name: 'integrated_gradients (50, span)',
      method: 'integrated_gradients',
      span: true,
      flops: 50 * gradientOfSpan,
      runs: 1,
      lengths: always,
    },
    {
      name: 'integrated_gradients (50)',
      method: 'integrated_gradients',
      flops: 50 * gradient,
      runs: 1,
      lengths: short,
    },
    {
      name: 'discretized_ig (50)',
      method: 'discretized_integrated_gradients',
      flops: 50 * gradient,
      runs: 1,
      lengths: short,
    },
    {
      name: 'sequential_ig (5)',
      method: 'sequential_integrated_gradients',
      methodArgs: { n_steps: 5 },
      flops: 5 * positions * gradient,
      runs: 1,
      lengths: short,
    },
    { name: 'gradient_shap (5)', method: 'gradient_shap', flops: 5 * gradient, runs: 1, lengths: short },
    {
      name: 'smooth_grad (50)',
      method: 'smooth_grad',
      flops: 50 * gradient,
      runs: 1,
      lengths: short,
    },
    {
      name: 'deeplift',
      method: 'deeplift',
      flops: 2 * flops.forward + flops.backward,
      runs: 2,
      lengths: always,
    },
    {
      name: 'layer_gradient_x_activation',
      method: 'layer_gradient_x_activation',
      methodArgs: { target_layer: 'h.*.mlp' },
      flops: gradient,
      runs: 2,
      lengths: always,
    },
    {
      name: 'layer_deeplift',
      method: 'layer_deeplift',
      flops: 2 * flops.forward + flops.backward,
      runs: 1,
      lengths: short,
    },
    {
      name: 'layer_ig (10, h.6.mlp)',
      method: 'layer_integrated_gradients',
      methodArgs: { target_layer: 'h.6.mlp', n_steps: 10 },
      flops: 10 * (flops.forward + flops.backward / 2),
      runs: 1,
      lengths: short,
    },
    { name: 'occlusion', method: 'occlusion', flops: flops.occlusion(1), runs: 3, lengths: short },
    {
      name: `occlusion (${SENTENCE} tokens)`,
      method: 'occlusion',
      methodArgs: SENTENCES,
      flops: flops.occlusion(SENTENCE),
      runs: 1,
      lengths: long,
    },
    {
      name: 'lime (100)',
      method: 'lime',
      methodArgs: { n_samples: 100 },
      flops: 100 * flops.forward,
      runs: 1,
      lengths: short,
    },
    {
      name: 'lime (20)',
      method: 'lime',
      methodArgs: { n_samples: 20 },
      flops: 20 * flops.forward,
      runs: 1,
      lengths: long,
    },
    {
      name: 'kernel_shap (256)',
      method: 'kernel_shap',
      flops: copies,
      runs: 1,
      lengths: short,
    },
    {
      name: 'shapley_sampling (5)',
      method: 'shapley_sampling',
      methodArgs: { n_samples: 5 },
      flops: copies,
      runs: 1,
      lengths: short,
    },
    {
      name: 'reagent (2 probes x 5)',
      method: 'reagent',
      methodArgs: { max_probe_steps: 5, num_probes: 2 },
      // Each pass is a replaced copy for one step.
      flops: ({ forward }) => forward * flops.replacedCopy,
      runs: 1,
      lengths: short,
    },
    { name: 'value_zeroing', method: 'value_zeroing', flops: flops.valueZeroing(1), runs: 2, lengths: short },
    {
      name: `value_zeroing (${SENTENCE} tokens)`,
      method: 'value_zeroing',
      methodArgs: SENTENCES,
      flops: flops.valueZeroing(SENTENCE),
      runs: 2,
      lengths: long,
    },
    { name: 'attention', method: 'attention', flops: flops.forward, runs: 4, lengths: always },
    {
      name: 'information_flow_routes',
      method: 'information_flow_routes',
      flops: flops.informationFlow,
      runs: 2,
      lengths: short,
    },
    {
      name: 'metrics (default)',
      method: '',
      metrics: ['comprehensiveness', 'sufficiency'],
      flops: copies,
      runs: 5,
      lengths: always,
    },
    {
      name: 'metrics (AOPC)',
      method: '',
      metrics: ['aopc_comprehensiveness', 'aopc_sufficiency'],
      flops: copies,
      runs: 3,
      lengths: always,
    },
    {
      name: 'mc_dropout_prob_avg (10)',
      method: '',
      stepFunction: 'mc_dropout_prob_avg',
      stepArgs: { n_mcd_steps: 10 },
      flops: 11 * flops.forward,
      runs: 2,
      lengths: always,
    },
  ];
}

/** The best of several runs. The rate moves with what else the machine does: it is taken before and after. */
async function measured(loaded: Loaded['loaded'], sequence: Sequence, one: Case) {
  const rows = Math.max(RATE_ROWS, enoughRows() / 4);
  const before = await matmulRate(rows, GPT2_SMALL.hidden);
  const best = await measure(loaded, sequence, one);
  return { ...best, rate: Math.max(before, await matmulRate(rows, GPT2_SMALL.hidden)) };
}

const { only } = values;
if (only !== undefined && only !== 'int8' && only !== 'none') {
  throw new RangeError(`--only is ${only}; it must be none (float32) or int8`);
}
if (only !== undefined && backends.length === 1 && process.send !== undefined) {
  await bench(only);
  process.disconnect();
} else {
  randomCheckpoint(FOLDER, GPT2_SMALL);
  for (const precision of only === undefined ? ['none', 'int8'] : [only]) {
    for (const backend of backends) await inProcess(precision, backend);
  }
}

/** A process for each precision and backend: with peak memory and an environment of its own. */
async function inProcess(precision: string, backend: BenchBackend): Promise<void> {
  const args = ['--prompt', values.prompt, '--only', precision, '--backend', backend, ...positionals];
  const env = { ...process.env, ...cudaEnvironment(deviceOf(backend), process.env) };
  const child = fork(fileURLToPath(import.meta.url), args, { execArgv: ['--import', import.meta.resolve('tsx')], env });
  const [status] = await once(child, 'exit');
  if (status !== 0) process.exit(status ?? 1);
}
