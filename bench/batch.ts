/**
 * `npm run bench:batch`: many texts at once at GPT-2 small's shape (124 M parameters, random weights), float32 and int8:
 * tokens per second of generation at batch 1, 8 and 32, and 64 texts of 8 to 24 tokens with 16 generated or forced ones
 * each, together and one by one in the same run.
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
import { load, matmulRate, peakMegabytes, table } from './measure.ts';
import { GPT2_SMALL, randomCheckpoint } from './random-checkpoint.ts';

const FOLDER = fileURLToPath(new URL('../.whence/bench', import.meta.url));
const TEXTS = 64;
const GENERATED = 16;
const METHODS = ['saliency', 'occlusion', 'attention'];
const BUDGET = 2 ** 30;

/** Prompts of 8 to 24 random ids. */
function prompts(count: number): Int32Array[] {
  const random = new Random(11);
  return Array.from({ length: count }, () =>
    Int32Array.from({ length: 8 + random.integer(17) }, () => random.integer(GPT2_SMALL.vocab)),
  );
}

/** Seconds that `body` takes for all items, as clients of one batcher or one after the other. */
async function seconds<T>(
  items: readonly T[],
  how: 'together' | 'one by one',
  body: (item: T, client: Client) => Promise<unknown>,
): Promise<number> {
  const batcher = new DynamicBatcher();
  const look = (): void => {};
  const run = (item: T): Promise<unknown> => batcher.join(look, (client) => body(item, client));
  const started = performance.now();
  if (how === 'together') await Promise.all(items.map(run));
  else for (const item of items) await run(item);
  return (performance.now() - started) / 1000;
}

async function bench(quantization: 'int8' | 'none'): Promise<void> {
  const { loaded, backend } = await load(randomCheckpoint(FOLDER, GPT2_SMALL), quantization);
  const registries = await loadRegistries();
  const shared = new SharedPasses(loaded.model, () => BUDGET);
  const precision = quantization === 'int8' ? 'int8' : 'float32';
  console.log(
    `\nGPT-2 small's shape, ${precision}; ${backend}; matmul ${matmulRate(376, GPT2_SMALL.hidden).toFixed(0)} GFLOP/s`,
  );

  const continueText = (targetIds: Int32Array, client: Client): Promise<Int32Array> => {
    const options = { ...GREEDY, maxNewTokens: GENERATED };
    return generate(
      { forward: shared.forward, client },
      { sourceIds: null, targetIds },
      options,
      new Random(1),
      () => {},
    );
  };
  await seconds(prompts(1), 'together', continueText);
  const speeds: number[] = [];
  const rows = [];
  for (const batch of [1, 8, 32]) {
    const taken = Math.min(
      await seconds(prompts(batch), 'together', continueText),
      await seconds(prompts(batch), 'together', continueText),
    );
    speeds.push((batch * GENERATED) / taken);
    rows.push([
      String(batch),
      taken.toFixed(2),
      speeds[speeds.length - 1].toFixed(1),
      (speeds[speeds.length - 1] / speeds[0]).toFixed(1),
    ]);
  }
  table(['generation at batch', 'seconds', 'tokens/s', 'of batch 1'], rows);

  const forced = prompts(TEXTS).map((prompt) => sequenceOf(prompt));
  const results = [];
  for (const id of METHODS) {
    const method = registries.methods.get(id) as Method;
    const attribute = (sequence: Sequence, client: Client): Promise<void> =>
      attributeText(registries, shared, method, sequence, client);
    const together = await seconds(forced, 'together', attribute);
    const apart = await seconds(forced, 'one by one', attribute);
    results.push([id, 'forced', together.toFixed(2), apart.toFixed(2), (apart / together).toFixed(2)]);
    const whole = async (prompt: Int32Array, client: Client): Promise<void> => {
      const ids = await continueText(prompt, client);
      await attribute(sequenceOf(prompt, ids), client);
    };
    const generated = await seconds(prompts(TEXTS), 'together', whole);
    const generatedApart = await seconds(prompts(TEXTS), 'one by one', whole);
    const ratio = (generatedApart / generated).toFixed(2);
    results.push([id, 'generated', generated.toFixed(2), generatedApart.toFixed(2), ratio]);
  }
  table([`${TEXTS} texts`, 'output', 'together, s', 'one by one, s', 'times'], results);
  console.log(`peak memory ${peakMegabytes()}`);
  loaded.dispose();
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
