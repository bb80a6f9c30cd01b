/**
 * Promise 5: quotes hold. Each job is quoted, then computed: its passes are the quoted ones, and its seconds near them. That
 * the bytes are not exceeded is for test/quotes/passes.test.ts, which counts tensors: how a process grows and shrinks
 * meanwhile is a figure here.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../../src/contract/job.ts';
import type { Quote } from '../../src/contract/quote.ts';
import { Random } from '../../src/random.ts';
import { type Campaign, figure, never } from './campaign.ts';
import { residentMb, type Stack, startStack } from './stack.ts';
import type { Tally } from './tally.ts';

type Body = Record<string, unknown>;

/** Jobs of each kind before its quotes count: nobody can quote what was never computed. */
const LEARNED = 6;
const P95_AIM = 0.25;
const SAMPLE_MS = 20;

const CAPITALS = ['France is Paris', 'Italy is Rome', 'Spain is Madrid', 'Japan is Tokyo', 'Egypt is Cairo'];
const NUMBERS = ['two hundred forty-three', 'seven hundred twelve', 'nineteen', 'eight hundred fifty-one'];

/** Jobs whose sizes are random; the answer of most is given. */
const KINDS: readonly ((random: Random) => Body)[] = [
  (random) => fact(random, 'saliency', {}),
  (random) => fact(random, 'input_x_gradient', {}, { step_scores: ['probability', 'entropy'] }),
  (random) => fact(random, 'integrated_gradients', { n_steps: between(random, 20, 200) }),
  (random) => fact(random, 'gradient_shap', { n_samples: between(random, 5, 100) }),
  (random) => fact(random, 'sequential_integrated_gradients', { n_steps: between(random, 3, 12) }),
  (random) => fact(random, 'lime', { n_samples: between(random, 50, 400) }),
  (random) => fact(random, 'occlusion', {}),
  (random) => fact(random, 'kernel_shap', { n_samples: between(random, 50, 400) }),
  (random) => fact(random, 'smooth_grad', { n_samples: between(random, 5, 80) }),
  (random) => fact(random, 'value_zeroing', {}),
  (random) => fact(random, 'deeplift', { return_convergence_delta: true }),
  (random) => ({
    model: 'numbers-m2m100',
    input_texts: pick(random, NUMBERS),
    src_lang: 'en',
    tgt_lang: 'de',
    attribute_target: true,
    generation_args: { max_new_tokens: 8, min_new_tokens: 8 },
    method: 'integrated_gradients',
    method_args: { n_steps: between(random, 20, 100) },
  }),
];

const between = (random: Random, from: number, to: number): number => from + random.integer(to - from + 1);
const pick = <T>(random: Random, of: readonly T[]): T => of[random.integer(of.length)];

/** Some facts, of which the last ones are attributed. */
function fact(random: Random, method: string, args: Body, more: Body = {}): Body {
  const facts = Array.from({ length: between(random, 1, 4) }, () => `The capital of ${pick(random, CAPITALS)}.`);
  const text = facts.join(' ');
  const prompt = text.slice(0, text.lastIndexOf(' is ') + 3);
  return {
    model: 'facts-gpt2',
    input_texts: facts.length > 2 ? facts[0] : prompt,
    generated_texts: text,
    method,
    method_args: args,
    ...more,
  };
}

export const quotes: Campaign = {
  promise: 5,
  title: 'Quotes hold',
  roundSeconds: 900,

  run: async ({ until, seed, tally, say }) => {
    const stack = await startStack();
    const random = new Random(seed);
    try {
      for (let jobs = 0; jobs < KINDS.length || Date.now() < until; jobs++) {
        // Every kind in turn at first, then whichever.
        const kind = jobs < LEARNED * KINDS.length ? jobs % KINDS.length : random.integer(KINDS.length);
        await quoteAndRun(stack, KINDS[kind](random), { learned: jobs >= LEARNED * KINDS.length, tally });
        if (jobs % 100 === 99) say(`${jobs + 1} jobs, p95 of the error ${percent(tally.percentile('error', 0.95))}`);
      }
    } finally {
      await stack.stop();
    }
  },

  rows: (tally) => [
    figure('jobs that were quoted, of kinds that had been computed before', `${tally.samples.error?.length ?? 0}`),
    never('whose passes differ from an exact quote, or exceed another', tally.count('passes')),
    {
      what: 'error of the seconds, 95th percentile',
      measured: percent(tally.percentile('error', 0.95)),
      aim: `<= ${percent(P95_AIM)}`,
      holds: tally.percentile('error', 0.95) <= P95_AIM,
    },
    figure('median', percent(tally.percentile('error', 0.5))),
    figure('worst', percent(tally.worst('error'))),
    figure(
      'growth of the resident memory of the engine during a job, beyond the quoted bytes, 95th percentile',
      `${Math.round(tally.percentile('grown', 0.95))} MB`,
    ),
    figure('a quote, 95th percentile', `${Math.round(tally.percentile('ms', 0.95))} ms`),
  ],
};

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

async function quoteAndRun(
  stack: Stack,
  body: Body,
  { learned, tally }: { learned: boolean; tally: Tally },
): Promise<void> {
  const { client } = stack;
  const asked = await client.post('/attribute?dry_run=true', body);
  if (asked.status !== 200) throw new Error(`POST /attribute?dry_run=true: ${asked.status} ${asked.text}`);
  const quote = asked.json as Quote;
  const engine = stack.engineOf(stack.workers[0]);
  const before = engine === null ? null : residentMb(engine);
  let peak = before ?? 0;
  const running = client.run(body);
  let isRunning = true;
  const done = running.finally(() => {
    isRunning = false;
  });
  while (isRunning && engine !== null) {
    peak = Math.max(peak, residentMb(engine) ?? 0);
    await Promise.race([done, sleep(SAMPLE_MS)]);
  }
  const job = await running;
  tally.add('jobs');
  if (job.status !== 'succeeded') return tally.break(`job ${job.id} is ${JSON.stringify(job.error ?? job.status)}`);
  await checkPasses(stack, job, quote, tally);
  if (!learned) return;
  tally.sample('ms', asked.ms);
  tally.sample('grown', peak - (before ?? peak) - (quote.memory?.bytes ?? 0) / 2 ** 20);
  const took = (Date.parse(job.finished_at ?? '') - Date.parse(job.started_at ?? '')) / 1000;
  if (quote.seconds.compute === null)
    return tally.break(`${quote.method} has no seconds, though it was computed before`);
  tally.sample('error', Math.abs(quote.seconds.compute - took) / took);
}

async function checkPasses({ client }: Stack, job: Job, { method, passes }: Quote, tally: Tally): Promise<void> {
  const { json } = await client.get(`/jobs/${job.id}/result?format=json`);
  const found = { forward: json.info.forward_passes, backward: json.info.backward_passes };
  if (passes === null) return tally.break(`${method} has no passes`);
  const { forward, backward, exact } = passes;
  const holds = exact
    ? found.forward === forward && found.backward === backward
    : found.forward <= forward && found.backward <= backward;
  if (holds) return;
  tally.add('passes');
  tally.break(`${method}: ${JSON.stringify(found)}, quoted were ${JSON.stringify(passes)}`);
}
