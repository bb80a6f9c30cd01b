/**
 * Where does a model recall a fact? How much the outputs of every MLP and every attention count at each part of the
 * sentence, averaged over facts, after Meng et al. 2022, "Locating and Editing Factual Associations in GPT"
 * (arXiv:2202.05262), figures 1 and 2. Used by docs/guides/locating-factual-knowledge.md:
 *
 *   node --import tsx examples/locate-facts.ts --model facts-gpt2 --facts examples/facts/countries.json --out map.html
 *
 * A fact is {"prompt": "{} is a country whose capital is", "subject": "France", "target_true": "Paris",
 * "target_false": "Rome"}. What is attributed is the difference of the two answers' probabilities (of their first tokens,
 * where an answer has several).
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Job } from '../src/contract/job.ts';
import type { Result, ResultSequence } from '../src/contract/result.ts';
import { toLayerMap } from './layer-map.ts';

interface Fact {
  prompt: string;
  subject: string;
  target_true: string;
  target_false: string;
}

/** Parts of a prompt, in the order of the sentence; a token belongs to one of them. */
const PARTS = [
  'before the subject',
  'first of the subject',
  'middle of the subject',
  'last of the subject',
  'first after the subject',
  'further tokens',
  'last token',
] as const;
type Part = (typeof PARTS)[number];

/** What one fact adds to the average: [token][column] of shares, and which part each token is. */
interface FactMap {
  scores: number[][];
  parts: Part[];
}

/** Texts that one request may hold. */
const BATCH = 64;

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:3000' },
    model: { type: 'string', default: 'facts-gpt2' },
    facts: { type: 'string', default: 'examples/facts/countries.json' },
    /** Kinds of modules; other families name them otherwise: layers.*.self_attn. */
    layers: { type: 'string', default: 'h.*.mlp,h.*.attn' },
    /** vnorm: how much a module's output counts; sum: for the true answer (above zero) or the false one (below). */
    aggregation: { type: 'string', default: 'vnorm' },
    out: { type: 'string', default: 'layer-map.html' },
  },
});
const kinds = options.layers.split(',');

try {
  await main(JSON.parse(readFileSync(options.facts, 'utf8')) as Fact[]);
} catch (error) {
  console.error(`locate-facts: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}

async function main(facts: Fact[]): Promise<void> {
  const maps: FactMap[] = [];
  const contrasts: number[] = [];
  let info: Result['info'] | null = null;
  for (let start = 0; start < facts.length; start += BATCH) {
    const batch = facts.slice(start, start + BATCH);
    const result = await attribute(batch);
    info = result.info;
    result.sequences.forEach((sequence, i) => {
      const scores = sharesOf(sequence);
      if (scores === null) {
        const { target_true: one, target_false: other } = batch[i];
        console.error(`left out: "${one}" and "${other}" begin with the same token of this model`);
        return;
      }
      contrasts.push(sequence.step_scores.contrast_prob_diff?.[0] ?? 0);
      maps.push({ scores, parts: partsOf(sequence, batch[i]) });
    });
  }
  if (maps.length === 0 || info === null) throw new Error(`no fact of ${options.facts} is left`);
  report(maps, contrasts, info);
}

/** Averages, prints and draws. */
function report(maps: FactMap[], contrasts: number[], info: Result['info']): void {
  const parts = PARTS.filter((part) => maps.some((map) => map.parts.includes(part)));
  const means = parts.map((part) => meanOf(part, maps));
  const depth = means[0].length / kinds.length;
  const groups = kinds.map((kind, k) => ({
    title: kind.split('.').at(-1) ?? kind,
    values: means.map((row) => row.slice(k * depth, (k + 1) * depth).map((share) => 100 * share)),
  }));
  const layers = Array.from({ length: depth }, (_, layer) => String(layer));
  const preferred = contrasts.filter((difference) => difference > 0).length;
  const summary = `${maps.length} facts; the model prefers the true answer in ${preferred}`;
  const page = toLayerMap({
    title: `Where ${options.model} recalls ${maps.length} facts`,
    subtitle: 'How much each module counts, at each part of the prompt, for the true answer against a false one.',
    rows: parts,
    columns: layers,
    groups,
    meaning: 'percent of a fact’s total for each token, mean over facts',
    facts: [
      ['Facts', summary],
      ['Model', `${info.model} (${info.quantization}, ${String(info.model_hash)})`],
      ['Method', `${info.method} ${JSON.stringify(info.method_args)}`],
      ['Attributed', `${info.attributed_fn}, mean ${mean(contrasts).toFixed(3)}`],
      ['Passes', `${info.forward_passes} forward, ${info.backward_passes} backward`],
    ],
  });
  writeFileSync(options.out, page);
  console.log(summary);
  for (const { title, values } of groups) {
    console.log(`\n${title.padEnd(24)}${layers.map((layer) => layer.padStart(6)).join('')}`);
    values.forEach((row, i) => {
      console.log(parts[i].padEnd(24) + row.map((percent) => percent.toFixed(1).padStart(6)).join(''));
    });
  }
  console.log(`\nwritten to ${options.out}`);
}

/** Attributes the facts' answers in one job. */
async function attribute(batch: Fact[]): Promise<Result> {
  const prompts = batch.map(({ prompt, subject }) => prompt.replace('{}', subject));
  const texts = (key: 'target_true' | 'target_false') => batch.map((fact, i) => `${prompts[i]} ${fact[key]}`);
  const forced = { model: options.model, input_texts: prompts, generated_texts: texts('target_true') };
  // Where the answers begin: without these pairs, answers of different lengths would be aligned from their ends.
  const { sequences } = await run({ ...forced, method: 'dummy' });
  const pairs = sequences.map(({ attr_pos_start: first }) => [[first, first]]);
  const contrast = {
    name: 'contrast_prob_diff',
    args: { contrast_targets: texts('target_false'), contrast_targets_alignments: pairs },
  };
  return run({
    ...forced,
    method: 'layer_gradient_x_activation',
    method_args: { target_layer: kinds, layer_aggregation: options.aggregation },
    attributed_fn: contrast,
    step_scores: [contrast],
  });
}

/** Submits a job, waits and gives its result. */
async function run(request: Record<string, unknown>): Promise<Result> {
  const response = await fetch(`${options.url}/attribute`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(request),
  }).catch(() => {
    throw new Error(`nothing answers at ${options.url}; start it with npm start, or give its --url`);
  });
  const answer = (await response.json()) as Job & { detail?: string };
  if (!response.ok) throw new Error(`the request was refused: ${answer.detail}`);
  let job: Job = answer;
  while (job.status === 'queued' || job.status === 'running') {
    process.stderr.write(`\r${job.progress.phase} ${Math.round(100 * job.progress.fraction)} %   `);
    await sleep(200);
    job = (await (await fetch(options.url + job.links.self)).json()) as Job;
  }
  process.stderr.write('\r                    \r');
  if (job.status !== 'succeeded') throw new Error(`the job ${job.status}: ${job.error?.message ?? 'see the service'}`);
  return (await (await fetch(options.url + job.links.result)).json()) as Result;
}

/** Scores of the answer's first token, [prompt token][column], as shares of their sum; null where nothing counts. */
function sharesOf({ target_attributions, attr_pos_start }: ResultSequence): number[][] | null {
  const scores = (target_attributions ?? []).slice(0, attr_pos_start).map(([step]) => {
    return (Array.isArray(step) ? step : [step]).map((score) => (typeof score === 'number' ? score : 0));
  });
  const total = scores.flat().reduce((sum, score) => sum + Math.abs(score), 0);
  return total === 0 ? null : scores.map((token) => token.map((score) => score / total));
}

/** Which part of the prompt each of its tokens is, by character offsets. */
function partsOf({ target, attr_pos_start }: ResultSequence, { prompt, subject }: Fact): Part[] {
  const from = prompt.indexOf('{}');
  const to = from + subject.length;
  const tokens = target.slice(0, attr_pos_start);
  const inSubject = tokens.map(({ start, end }) => start !== null && end !== null && end > from && start < to);
  const first = inSubject.indexOf(true);
  const last = inSubject.lastIndexOf(true);
  return tokens.map((_, i): Part => {
    if (i === tokens.length - 1) return 'last token';
    if (i < first) return 'before the subject';
    if (i === last) return 'last of the subject';
    if (i < last) return i === first ? 'first of the subject' : 'middle of the subject';
    return i === last + 1 ? 'first after the subject' : 'further tokens';
  });
}

/** Mean share of a token of this part, over the facts that have it: [columns]. A fact with more such tokens weighs the same. */
function meanOf(part: Part, maps: FactMap[]): number[] {
  const having = maps.filter((map) => map.parts.includes(part));
  return having[0].scores[0].map((_, column) => mean(having.map((map) => mean(ofPart(part, map, column)))));
}

function ofPart(part: Part, { scores, parts }: FactMap, column: number): number[] {
  return scores.filter((_, token) => parts[token] === part).map((token) => token[column]);
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
