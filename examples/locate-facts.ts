/**
 * Where does a model recall a fact? Contribution of every MLP at every part of the sentence, averaged over facts, after
 * Meng et al. 2022, "Locating and Editing Factual Associations in GPT" (arXiv:2202.05262), figures 1 and 2. Used by
 * docs/guides/locating-factual-knowledge.md:
 *
 *   node --import tsx examples/locate-facts.ts --model facts-gpt2 --facts examples/facts/countries.json --out map.html
 *
 * A fact is {"prompt": "{} is a country whose capital is", "subject": "France", "target_true": "Paris",
 * "target_false": "Rome"}. What is attributed is the difference of the two answers' probabilities.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Job } from '../src/contract/job.ts';
import type { Result, ResultSequence, Scores } from '../src/contract/result.ts';
import { toLayerMap } from '../src/results/layer-map.ts';

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

/** Texts that one request may hold. */
const BATCH = 64;

const { values: options } = parseArgs({
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:3000' },
    model: { type: 'string', default: 'facts-gpt2' },
    facts: { type: 'string', default: 'examples/facts/countries.json' },
    layers: { type: 'string', default: 'h.*.mlp' },
    out: { type: 'string', default: 'layer-map.html' },
  },
});

const facts = JSON.parse(readFileSync(options.facts, 'utf8')) as Fact[];
const maps: { layers: number[][]; parts: Part[] }[] = [];
let preferred = 0;
for (let start = 0; start < facts.length; start += BATCH) {
  const batch = facts.slice(start, start + BATCH);
  const { sequences } = await attribute(batch);
  sequences.forEach((sequence, i) => {
    const fact = batch[i];
    // Answers of several tokens are aligned from their ends; only the first token is asked about here.
    if (sequence.attr_pos_end - sequence.attr_pos_start !== 1) {
      console.error(`left out: "${fact.target_true}" is not one token of this model`);
      return;
    }
    if ((sequence.step_scores.contrast_prob_diff?.[0] ?? 0) > 0) preferred += 1;
    maps.push({ layers: layerScores(sequence), parts: partsOf(sequence, fact) });
  });
}
if (maps.length === 0) throw new Error('no fact is left: each answer must be one token of the model');

const layers = maps[0].layers[0].length;
const average = PARTS.map((part) => averageOf(part));
const used = PARTS.filter((_, i) => average[i] !== null);
const rows = Array.from({ length: layers }, (_, i) => layers - 1 - i);
const values = rows.map((layer) => average.filter((column) => column !== null).map((column) => column[layer]));
writeFileSync(
  options.out,
  toLayerMap({
    title: `Where ${options.model} recalls ${maps.length} facts`,
    subtitle: 'Share of each MLP at each part of the prompt in what tells the true answer from a false one.',
    rows: rows.map((layer) => `MLP ${layer}`),
    columns: used,
    values,
    meaning: 'mean share of a fact’s total',
  }),
);
console.log(`${maps.length} facts; the model prefers the true answer in ${preferred}`);
console.log(`strongest: MLP ${strongest().layer} at "${strongest().part}" (${(100 * strongest().value).toFixed(1)} %)`);
console.log(`written to ${options.out}`);

/** Submits one job for the facts and waits for its result. */
async function attribute(batch: Fact[]): Promise<Result> {
  const prompts = batch.map(({ prompt, subject }) => prompt.replace('{}', subject));
  const texts = (key: 'target_true' | 'target_false') => batch.map((fact, i) => `${prompts[i]} ${fact[key]}`);
  const contrast = { name: 'contrast_prob_diff', args: { contrast_targets: texts('target_false') } };
  const response = await fetch(`${options.url}/attribute`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      model: options.model,
      input_texts: prompts,
      generated_texts: texts('target_true'),
      method: 'layer_gradient_x_activation',
      method_args: { target_layer: options.layers },
      attributed_fn: contrast,
      step_scores: [contrast],
    }),
  });
  let job = (await response.json()) as Job;
  if (!response.ok) throw new Error(`the request was refused: ${JSON.stringify(job)}`);
  while (job.status === 'queued' || job.status === 'running') {
    process.stderr.write(`\r${job.status}: ${job.progress.phase} ${Math.round(100 * job.progress.fraction)} %   `);
    await sleep(300);
    job = (await (await fetch(options.url + job.links.self)).json()) as Job;
  }
  process.stderr.write('\n');
  if (job.status !== 'succeeded') throw new Error(`the job ${job.status}: ${JSON.stringify(job.error)}`);
  return (await (await fetch(options.url + job.links.result)).json()) as Result;
}

/** Scores of the answer's only token, [prompt token][layer], as shares of their sum. */
function layerScores({ target_attributions, attr_pos_start }: ResultSequence): number[][] {
  const scores = (target_attributions ?? []).slice(0, attr_pos_start).map(([step]) => {
    return (Array.isArray(step) ? step : [step]).map((score: Scores) => (typeof score === 'number' ? score : 0));
  });
  const total = scores.flat().reduce((sum, score) => sum + Math.abs(score), 0);
  return scores.map((token) => token.map((score) => score / total));
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

/** Mean share of each layer over the facts that have this part, [layers]; null where none has. */
function averageOf(part: Part): number[] | null {
  const sums = new Array<number>(layers).fill(0);
  let having = 0;
  for (const map of maps) {
    if (!map.parts.includes(part)) continue;
    having += 1;
    map.parts.forEach((name, token) => {
      if (name === part) map.layers[token].forEach((score, layer) => (sums[layer] += score));
    });
  }
  return having === 0 ? null : sums.map((sum) => sum / having);
}

function strongest(): { layer: number; part: Part; value: number } {
  let best = { layer: 0, part: PARTS[0] as Part, value: Number.NEGATIVE_INFINITY };
  average.forEach((column, i) => {
    column?.forEach((value, layer) => {
      if (value > best.value) best = { layer, part: PARTS[i], value };
    });
  });
  return best;
}
