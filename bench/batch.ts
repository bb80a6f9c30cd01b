/**
 * `npm run bench:batch`: many texts at once at GPT-2 small's shape (124 M parameters, random weights), float32 and int8:
 * tokens per second of generation at batch 1, 8 and 32, and 64 texts of 8 to 24 tokens with 16 generated or forced ones
 * each, together, and one by one in the same run. Floors are the matrix products alone: generation at the rate of as many
 * rows as run together, up to 32, the rest at that of 376.
 *
 * What is measured one by one is a sample of the texts, every fourth, times four: all of them take minutes a method.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Value } from 'typebox/value';
import type { Method } from '../src/attribution/method.ts';
import { SharedPasses } from '../src/attribution/passes/passes.ts';
import type { Sequence } from '../src/attribution/passes/sequence-features.ts';
import { loadRegistries, type Registries } from '../src/attribution/registries.ts';
import { SequenceScores } from '../src/attribution/sequence-scores.ts';
import { NO_CONTRAST, soloTask } from '../src/attribution/solo.ts';
import { type Client, DynamicBatcher } from '../src/batching/dynamic-batcher.ts';
import { generate } from '../src/generation/generate.ts';
import { GREEDY } from '../src/generation/options.ts';
import { Random } from '../src/random.ts';
import { Flops, load, matmulRate, peakMegabytes, table } from './measure.ts';
import { GPT2_SMALL, randomCheckpoint } from './random-checkpoint.ts';

const FOLDER = fileURLToPath(new URL('../.whence/bench', import.meta.url));
const TEXTS = 64;
const GENERATED = 16;
const METHODS = ['saliency', 'occlusion', 'attention'];
const BUDGET = 2 ** 30;
/** One of so many texts is measured one by one. */
const SAMPLED = 4;

/** Prompts of 8 to 24 random ids. */
function prompts(count: number): Int32Array[] {
  const random = new Random(11);
  return Array.from({ length: count }, () =>
    Int32Array.from({ length: 8 + random.integer(17) }, () => random.integer(GPT2_SMALL.vocab)),
  );
}

type Body<T> = (item: T, client: Client) => Promise<unknown>;

/** Seconds that `body` takes for all items, as clients of one batcher. */
async function together<T>(items: readonly T[], body: Body<T>): Promise<number> {
  const batcher = new DynamicBatcher();
  const started = performance.now();
  await Promise.all(
    items.map((item) =>
      batcher.join(
        () => {},
        (client) => body(item, client),
      ),
    ),
  );
  return (performance.now() - started) / 1000;
}

/** Seconds that it takes one after the other, from a sample. */
async function oneByOne<T>(items: readonly T[], body: Body<T>): Promise<number> {
  const sample = items.filter((_, i) => i % SAMPLED === 0);
  let seconds = 0;
  for (const item of sample) seconds += await together([item], body);
  return (seconds * items.length) / sample.length;
}

/** Rates of the matrix products, GFLOP/s, by the rows that they have. */
type Rates = Record<number, number>;

/** Operations of a row's products in all blocks, and in the head. */
const FLOP_OF_ROW = 2 * 12 * GPT2_SMALL.hidden ** 2 * GPT2_SMALL.layers;
const FLOP_OF_HEAD = 2 * GPT2_SMALL.vocab * GPT2_SMALL.hidden;

/** Seconds of the products that generating `GENERATED` tokens takes, of each prompt with its first logits too. */
function generationFloor(texts: readonly Int32Array[], rates: Rates): number {
  const rate = rates[Math.min(32, texts.length)];
  const promptRows = texts.reduce((sum, { length }) => sum + length, 0);
  const steps = texts.length * (GENERATED - 1);
  const flops = steps * (FLOP_OF_ROW + FLOP_OF_HEAD) + texts.length * FLOP_OF_HEAD;
  return (promptRows * FLOP_OF_ROW) / rates[376] / 1e9 + flops / rate / 1e9;
}

/** Seconds of the products that a method needs. */
function methodFloor(id: string, texts: readonly Sequence[], rates: Rates): number {
  let flops = 0;
  for (const text of texts) {
    const own = new Flops(GPT2_SMALL, text);
    if (id === 'saliency') flops += own.forward + own.backward;
    else if (id === 'occlusion') flops += own.occlusion(1);
    else flops += own.forward - FLOP_OF_HEAD * (text.end - text.start);
  }
  return flops / rates[376] / 1e9;
}

async function bench(quantization: 'int8' | 'none'): Promise<void> {
  const { loaded, backend } = await load(randomCheckpoint(FOLDER, GPT2_SMALL), quantization);
  const registries = await loadRegistries();
  const shared = new SharedPasses(loaded.model, () => BUDGET);
  const rates: Rates = {};
  for (const rows of [1, 8, 32, 376]) rates[rows] = await matmulRate(rows, GPT2_SMALL.hidden);
  const described = Object.entries(rates).map(([rows, rate]) => `${rate.toFixed(0)} of ${rows}`);
  const precision = quantization === 'int8' ? 'int8' : 'float32';
  console.log(`\nGPT-2 small's shape, ${precision}; ${backend}; matmul of rows, GFLOP/s: ${described.join(', ')}`);

  const options = { ...GREEDY, maxNewTokens: GENERATED };
  const continueText = (targetIds: Int32Array, client: Client): Promise<Int32Array> =>
    generate({ forward: shared.forward, client }, { sourceIds: null, targetIds }, options, new Random(1), () => {});
  await together(prompts(2), continueText);
  await generationSpeeds(continueText, rates);

  const texts = prompts(TEXTS);
  const forced = texts.map((prompt) => sequenceOf(prompt));
  const apart = await oneByOne(texts, continueText);
  const floorOfGeneration = generationFloor(texts, rates);
  const results = [];
  for (const id of METHODS) {
    const method = registries.methods.get(id) as Method;
    const attribute = (sequence: Sequence, client: Client): Promise<void> =>
      attributeText(registries, shared, method, sequence, client);
    const whole = async (prompt: Int32Array, client: Client): Promise<void> =>
      attribute(sequenceOf(prompt, await continueText(prompt, client)), client);
    const floor = methodFloor(id, forced, rates);
    const attributedApart = await oneByOne(forced, attribute);
    results.push(row(id, 'forced', await together(forced, attribute), attributedApart, floor));
    const both = floor + floorOfGeneration;
    results.push(row(id, 'generated', await together(texts, whole), apart + attributedApart, both));
  }
  table([`${TEXTS} texts`, 'output', 'together, s', 'of the floor', 'one by one, s', 'times'], results);
  console.log(`peak memory ${peakMegabytes()}`);
  loaded.dispose();
}

function row(id: string, output: string, seconds: number, apart: number, floor: number): string[] {
  const ratios = [seconds / floor, apart, apart / seconds].map((value) => value.toFixed(2));
  return [id, output, seconds.toFixed(2), ...ratios];
}

async function generationSpeeds(continueText: Body<Int32Array>, rates: Rates): Promise<void> {
  const rows = [];
  let alone = 0;
  for (const batch of [1, 8, 32]) {
    const seconds = Math.min(
      await together(prompts(batch), continueText),
      await together(prompts(batch), continueText),
      await together(prompts(batch), continueText),
    );
    const speed = (batch * GENERATED) / seconds;
    if (batch === 1) alone = speed;
    const floor = generationFloor(prompts(batch), rates);
    rows.push([batch, seconds.toFixed(2), speed.toFixed(1), (speed / alone).toFixed(1), (seconds / floor).toFixed(2)]);
  }
  table(
    ['generation at batch', 'seconds', 'tokens/s', 'of batch 1', 'of the floor'],
    rows.map((cells) => cells.map(String)),
  );
}

/** The prompt with its continuation, or with random ids in its place. */
function sequenceOf(prompt: Int32Array, ids?: Int32Array): Sequence {
  const random = new Random(prompt.length);
  const continuation = Array.from({ length: GENERATED }, () => random.integer(GPT2_SMALL.vocab));
  const targetIds = ids ?? Int32Array.of(...prompt, ...continuation);
  const targetBaselineIds = new Int32Array(targetIds.length).fill(GPT2_SMALL.vocab - 1);
  const span = { start: prompt.length, end: targetIds.length };
  return { sourceIds: null, sourceBaselineIds: null, targetIds, targetBaselineIds, ...span };
}

async function attributeText(
  registries: Registries,
  shared: SharedPasses,
  method: Method,
  sequence: Sequence,
  client: Client,
): Promise<void> {
  const random = new Random(1);
  const counters = { forward: 0, backward: 0 };
  using scores = new SequenceScores({ shared, client, sequence, texts: NO_CONTRAST, random, counters });
  const fn = registries.stepFunctions.get('probability');
  if (fn === undefined) throw new Error('no step function "probability"');
  const args = Value.Default(method.argsSchema, {}) as Record<string, unknown>;
  const attributedFn = { fn, args: { logprob: false }, pointer: '' };
  await method.attribute(await soloTask(scores, method, { args, attributedFn, attributeTarget: true, random }));
}

const [precision] = process.argv.slice(2);
if (precision === 'int8' || precision === 'none') {
  await bench(precision);
} else {
  // A process each, so that peak memory is its own.
  for (const own of ['none', 'int8']) {
    const { status } = spawnSync(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), own], {
      stdio: 'inherit',
    });
    if (status !== 0) process.exit(status ?? 1);
  }
}
