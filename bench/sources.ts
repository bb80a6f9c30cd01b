/**
 * `npm run bench:sources [-- --quantization int8 --only ablation]`: the sources of a 30-token answer among 900 tokens of
 * context in 36 sentences, at GPT-2 small's shape (124 M parameters, random weights), through the engine.
 *
 * PECoRe is compared with 2 + 1.25 forward passes a flagged token, by the time of one forward pass over the same text in
 * the same run; the others with their floor: the matrix products, at the rate of the same run, of all rows that differ
 * from each other in what stands before them, those of the unchanged text included.
 */

import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Engine, startEngine } from '../src/engine/engine.ts';
import { Random } from '../src/random.ts';
import { matmulRate, startPeak, table } from './measure.ts';
import { GPT2_SMALL, randomCheckpoint } from './random-checkpoint.ts';
import { attributeRequest, contextRequest } from './requests.ts';

const FOLDER = fileURLToPath(new URL('../.whence/bench', import.meta.url));
const MODEL = 'gpt2-small';
const [SENTENCES, TOKENS, QUERY, ANSWER] = [36, 25, 5, 30];
const ABLATIONS = 64;
/** Rows of the product whose rate is the floor's: about what a micro-batch of copies has. */
const RATE_ROWS = 900;
const RUNS = 2;
const HOOKS = { progress: () => {}, step: () => {}, signal: new AbortController().signal };

const { values } = parseArgs({
  options: { quantization: { type: 'string', default: 'none' }, only: { type: 'string' } },
});

/** Token 0 is a full stop, token k the word `Wk`. */
const word = (id: number): string => (id === 0 ? '.' : `W${id}`);

/** A checkpoint folder with a tokenizer of words, whose sentences end with full stops. */
function checkpoint(): string {
  const weights = randomCheckpoint(FOLDER, GPT2_SMALL);
  const dir = join(FOLDER, `${MODEL}-words`);
  mkdirSync(dir, { recursive: true });
  for (const name of ['config.json', 'model.safetensors']) {
    if (!existsSync(join(dir, name))) symlinkSync(join(weights, name), join(dir, name));
  }
  const vocab = Object.fromEntries(Array.from({ length: GPT2_SMALL.vocab }, (_, id) => [word(id), id]));
  const tokenizer = {
    version: '1.0',
    added_tokens: [],
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab, unk_token: '.' },
  };
  writeFileSync(join(dir, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(join(dir, 'tokenizer_config.json'), JSON.stringify({ tokenizer_class: 'PreTrainedTokenizerFast' }));
  return dir;
}

const random = new Random(7);

/** A sentence of so many tokens. */
const sentence = (tokens: number): string =>
  Array.from({ length: tokens }, (_, k) => word(k === tokens - 1 ? 0 : 1 + random.integer(GPT2_SMALL.vocab - 1))).join(
    ' ',
  );

const context = Array.from({ length: SENTENCES }, () => sentence(TOKENS)).join(' ');
const [query, answer] = [sentence(QUERY), sentence(ANSWER)];

/** Products of rows from .. to - 1 of a text in all blocks, and of the head for `read` of them. */
function flopsOf(from: number, to: number, read: number): number {
  const { hidden, layers, vocab } = GPT2_SMALL;
  const visible = ((from + to + 1) * (to - from)) / 2;
  return layers * (24 * hidden ** 2 * (to - from) + 4 * hidden * visible) + 2 * vocab * hidden * read;
}

/** Operations that copies with these units need, where each beginning that some share is counted once. */
function floorOf(copies: readonly (readonly number[])[]): number {
  const begun = new Set<string>();
  let flops = 0;
  for (const units of copies) {
    for (const [at] of units.entries()) {
      const beginning = units.slice(0, at + 1).join();
      if (!begun.has(beginning)) flops += flopsOf(at * TOKENS, (at + 1) * TOKENS, 0);
      begun.add(beginning);
    }
    const rest = units.length * TOKENS;
    flops += flopsOf(rest, rest + QUERY + ANSWER - 1, ANSWER);
  }
  return flops;
}

const all = Array.from({ length: SENTENCES }, (_, unit) => unit);
/** What every request about documents runs: the whole text, and the one without documents. */
const always = [all, []];
const coin = new Random(42);
const ablations = Array.from({ length: ABLATIONS }, () => all.filter(() => coin.uniform() < 0.5));
const leftOut = all.map((out) => all.filter((unit) => unit !== out));

interface Case {
  name: string;
  body: Parameters<typeof contextRequest>[1];
  /** Copies by their units; null: what it costs is told by forward passes. */
  copies: readonly (readonly number[])[] | null;
}

const documents = { model: MODEL, documents: [{ text: context }], query, output_current_text: answer };
const cases: Case[] = [
  {
    name: 'pecore',
    body: { model: MODEL, input_context_text: context, input_current_text: query, output_current_text: answer },
    copies: null,
  },
  {
    name: `ablation (${ABLATIONS})`,
    body: { ...documents, num_ablations: ABLATIONS, held_out_ablations: 0 },
    copies: [...always, ...ablations],
  },
  { name: 'leave_one_out', body: { ...documents, approach: 'leave_one_out' }, copies: [...always, ...leftOut] },
];

/** The fastest of some runs; the first ones of a process are slower. */
async function fastest<T extends { seconds: number }>(run: () => Promise<T>): Promise<T> {
  let best = await run();
  for (let k = 1; k < RUNS; k++) {
    const next = await run();
    if (next.seconds < best.seconds) best = next;
  }
  return best;
}

/** Seconds of one forward pass over the whole text. */
async function forwardSeconds(engine: Engine): Promise<number> {
  const request = await attributeRequest(engine.catalogue(), {
    model: MODEL,
    input_texts: `${context} ${query}`,
    generated_texts: `${context} ${query} ${answer}`,
    method: 'dummy',
    step_scores: ['probability'],
  });
  return (await fastest(async () => (await engine.attribute(request, HOOKS)).result.info)).seconds;
}

const modelsFile = join(FOLDER, 'sources.json');
const dir = checkpoint();
writeFileSync(modelsFile, JSON.stringify({ models: [{ id: MODEL, path: dir, quantization: values.quantization }] }));
const engine = await startEngine({
  modelsFile,
  backend: 'auto',
  threads: 0,
  pool: 'default',
  memoryBudgetMb: 0,
  plugins: [],
});
const catalogue = engine.catalogue();
const forward = await forwardSeconds(engine);
console.log(
  `GPT-2 small's shape, ${SENTENCES * TOKENS} tokens of context in ${SENTENCES} sentences, ${ANSWER} of answer, ` +
    `${values.quantization === 'int8' ? 'int8' : 'float32'}; one forward pass ${forward.toFixed(3)} s`,
);
const rows: string[][] = [];
for (const { name, body, copies } of cases.filter((one) => one.name.startsWith(values.only ?? ''))) {
  const request = await contextRequest(catalogue, body);
  const peak = startPeak();
  const { result } = await fastest(async () => {
    const output = await engine.attribute(request, HOOKS);
    return { result: output.result, seconds: output.result.info.seconds };
  });
  const { seconds, forward_passes, backward_passes, rows_computed } = result.info;
  const flagged = result.context?.cci_scores.length;
  const floor = flagged === undefined ? await productSeconds(copies ?? []) : (2 + 1.25 * flagged) * forward;
  rows.push([
    name,
    String(forward_passes),
    String(backward_passes),
    String(rows_computed),
    String(flagged ?? ''),
    seconds.toFixed(2),
    floor.toFixed(2),
    (seconds / floor).toFixed(2),
    String(peak() ?? ''),
  ]);
}
table(['approach', 'forward', 'backward', 'rows', 'flagged', 'seconds', 'floor s', 'ratio', 'peak MB'], rows);
await engine.close();

/** Of the products that copies need, at the rate of now. */
async function productSeconds(copies: readonly (readonly number[])[]): Promise<number> {
  return floorOf(copies) / (await matmulRate(RATE_ROWS, GPT2_SMALL.hidden)) / 1e9;
}
