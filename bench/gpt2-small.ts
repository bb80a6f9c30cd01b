/**
 * `npm run bench`: every method at GPT-2 small's shape (124 M parameters, random weights), 16 prompt and 16 forced
 * tokens, float32 and int8, against the floor that the matmul rate of the same run sets. Each precision has its own
 * process, so that peak memory is its own.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { loadRegistries } from '../src/attribution/registries.ts';
import { type Case, Flops, forcedSequence, load, matmulRate, measure, peakMegabytes, table } from './measure.ts';
import { GPT2_SMALL, randomCheckpoint } from './random-checkpoint.ts';

const FOLDER = fileURLToPath(new URL('../.whence/bench', import.meta.url));
const PROMPT = 16;
const GENERATED = 16;

async function bench(quantization: 'int8' | 'none'): Promise<void> {
  const { loaded, backend, loadSeconds } = await load(randomCheckpoint(FOLDER, GPT2_SMALL), quantization);
  const sequence = forcedSequence(GPT2_SMALL, PROMPT, GENERATED);
  const { methods } = await loadRegistries();
  const wanted = process.argv.slice(3);
  const cases = casesOf(new Flops(GPT2_SMALL, sequence)).filter(
    (one) =>
      (one.stepFunction !== undefined || methods.has(one.method)) &&
      (wanted.length === 0 || wanted.includes(one.method)),
  );
  console.log(
    `\nGPT-2 small's shape, ${PROMPT} + ${GENERATED} tokens, ${quantization === 'int8' ? 'int8' : 'float32'}; ${backend}; ` +
      `loaded in ${loadSeconds.toFixed(1)} s`,
  );
  const rows: string[][] = [];
  for (const one of cases) {
    // The rate moves with what else the machine does: it is taken before and after.
    const before = matmulRate(376, GPT2_SMALL.hidden);
    const { seconds, counters } = await measure(loaded, sequence, one);
    const rate = Math.max(before, matmulRate(376, GPT2_SMALL.hidden));
    const needed = typeof one.flops === 'number' ? one.flops : one.flops(counters);
    const floor = needed / rate / 1e9;
    rows.push([
      one.name,
      seconds.toFixed(3),
      (needed / 1e9).toFixed(0),
      rate.toFixed(0),
      floor.toFixed(3),
      (seconds / floor).toFixed(2),
      String(counters.forward),
      String(counters.backward),
    ]);
  }
  table(['method', 'seconds', 'GFLOP', 'GFLOP/s', 'floor s', 'ratio', 'forward', 'backward'], rows);
  console.log(`peak memory ${peakMegabytes()}, weights ${Math.round(loaded.bytes / 2 ** 20)} MB`);
  loaded.dispose();
}

function casesOf(flops: Flops): Case[] {
  const gradient = flops.forward + flops.backward;
  const positions = PROMPT + GENERATED - 1;
  return [
    { name: 'saliency', method: 'saliency', flops: gradient, runs: 4 },
    { name: 'input_x_gradient', method: 'input_x_gradient', flops: gradient, runs: 4 },
    { name: 'integrated_gradients (50)', method: 'integrated_gradients', flops: 50 * gradient, runs: 1 },
    { name: 'discretized_ig (50)', method: 'discretized_integrated_gradients', flops: 50 * gradient, runs: 1 },
    {
      name: 'sequential_ig (5)',
      method: 'sequential_integrated_gradients',
      methodArgs: { n_steps: 5 },
      flops: 5 * positions * gradient,
      runs: 1,
    },
    { name: 'gradient_shap (5)', method: 'gradient_shap', flops: 5 * gradient, runs: 1 },
    { name: 'deeplift', method: 'deeplift', flops: 2 * flops.forward + flops.backward, runs: 2 },
    {
      name: 'layer_gradient_x_activation',
      method: 'layer_gradient_x_activation',
      methodArgs: { target_layer: 'h.*.mlp' },
      flops: gradient,
      runs: 2,
    },
    { name: 'layer_deeplift', method: 'layer_deeplift', flops: 2 * flops.forward + flops.backward, runs: 1 },
    {
      name: 'layer_ig (10, h.6.mlp)',
      method: 'layer_integrated_gradients',
      methodArgs: { target_layer: 'h.6.mlp', n_steps: 10 },
      flops: 10 * (flops.forward + flops.backward / 2),
      runs: 1,
    },
    { name: 'occlusion', method: 'occlusion', flops: flops.occlusion, runs: 3 },
    { name: 'lime (100)', method: 'lime', methodArgs: { n_samples: 100 }, flops: 100 * flops.forward, runs: 1 },
    {
      name: 'reagent (2 probes x 5)',
      method: 'reagent',
      methodArgs: { max_probe_steps: 5, num_probes: 2 },
      // Each pass is a replaced copy for one step; counted as a whole forward pass without the head of other steps.
      flops: ({ forward }) => forward * flops.replacedCopy,
      runs: 1,
    },
    { name: 'value_zeroing', method: 'value_zeroing', flops: flops.forward * positions, runs: 1 },
    { name: 'attention', method: 'attention', flops: flops.forward, runs: 4 },
    {
      name: 'mc_dropout_prob_avg (10)',
      method: '',
      stepFunction: 'mc_dropout_prob_avg',
      stepArgs: { n_mcd_steps: 10 },
      flops: 11 * flops.forward,
      runs: 2,
    },
  ];
}

const [quantization] = process.argv.slice(2);
if (quantization === 'int8' || quantization === 'none') {
  await bench(quantization);
} else {
  randomCheckpoint(FOLDER, GPT2_SMALL);
  for (const one of ['none', 'int8']) {
    const args = [
      '--import',
      import.meta.resolve('tsx'),
      fileURLToPath(import.meta.url),
      one,
      ...process.argv.slice(2),
    ];
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
}
