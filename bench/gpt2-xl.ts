/**
 * `npm run bench:xl`: a GPT-2-XL-shaped checkpoint (1.56 billion parameters, random) in int8: loading, then
 * input_x_gradient of 20 generated tokens, with the engine process's peak resident memory.
 */

import { fileURLToPath } from 'node:url';
import { Flops, forcedSequence, load, matmulRate, measure, peakMegabytes, table } from './measure.ts';
import { GPT2_XL, randomCheckpoint } from './random-checkpoint.ts';

const FOLDER = fileURLToPath(new URL('../.whence/bench', import.meta.url));
const PROMPT = 10;
const GENERATED = 20;
const AIM_MB = 3000;

const dir = randomCheckpoint(FOLDER, GPT2_XL);
const { loaded, backend, loadSeconds } = await load(dir, 'int8');
const sequence = forcedSequence(GPT2_XL, PROMPT, GENERATED);
const flops = new Flops(GPT2_XL, sequence);
let rows = 0;
for (let p = sequence.start; p < sequence.end; p++) rows += p;
const before = await matmulRate(rows, GPT2_XL.hidden);
const needed = flops.forward + flops.backward;
const { seconds, counters } = await measure(loaded, sequence, {
  name: 'input_x_gradient',
  method: 'input_x_gradient',
  flops: needed,
  runs: 2,
});
const rate = Math.max(before, await matmulRate(rows, GPT2_XL.hidden));
const floor = needed / rate / 1e9;
console.log(`GPT-2 XL's shape in int8, ${loaded.parameters} parameters, ${PROMPT} + ${GENERATED} tokens; ${backend}`);
table(
  ['load s', 'weights', 'seconds', 'GFLOP', 'GFLOP/s', 'floor s', 'ratio', 'forward', 'backward', 'peak RSS', 'aim'],
  [
    [
      loadSeconds.toFixed(1),
      `${Math.round(loaded.bytes / 2 ** 20)} MB`,
      seconds.toFixed(2),
      (needed / 1e9).toFixed(0),
      rate.toFixed(0),
      floor.toFixed(2),
      (seconds / floor).toFixed(2),
      String(counters.forward),
      String(counters.backward),
      peakMegabytes(),
      `< ${AIM_MB} MB`,
    ],
  ],
);
loaded.dispose();
