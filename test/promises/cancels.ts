/**
 * Promise 3: a cancel frees the device. Long jobs of every kind are canceled at random moments; the time from the cancel
 * to the result of the next small job, with a model that is loaded, is what counts. No engine process is replaced.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../src/random.ts';
import { type Campaign, figure, never, within } from './campaign.ts';
import { SMALL } from './jobs.ts';
import { gpt2SmallModels } from './large-model.ts';
import { type Stack, startStack, until as untilTrue } from './stack.ts';
import type { Tally } from './tally.ts';

/** What is canceled; the names are those of phases and methods. */
function longJobs(model: string, text: string, texts: number): Record<string, Record<string, unknown>> {
  const base = {
    model,
    input_texts: Array.from({ length: texts }, () => text),
    generation_args: { max_new_tokens: 12 },
  };
  return {
    generation: {
      ...base,
      method: 'saliency',
      generation_args: { max_new_tokens: 30, min_new_tokens: 30, num_beams: 8 },
    },
    saliency: { ...base, method: 'saliency' },
    integrated_gradients: { ...base, method: 'integrated_gradients', method_args: { n_steps: 1000 } },
    sequential_integrated_gradients: {
      ...base,
      method: 'sequential_integrated_gradients',
      method_args: { n_steps: 300 },
    },
    lime: { ...base, method: 'lime', method_args: { n_samples: 2000 } },
    occlusion: { ...base, method: 'occlusion' },
    value_zeroing: { ...base, method: 'value_zeroing' },
    deeplift: { ...base, method: 'deeplift' },
    attention: { ...base, method: 'attention' },
  };
}

const LATEST_MS = 1_500;

export const cancels: Campaign = {
  promise: 3,
  title: 'A cancel frees the device',
  roundSeconds: 120,

  run: async ({ until, seed, tally, say }) => {
    const demo = seed % 2 === 1;
    const dir = mkdtempSync(join(tmpdir(), 'whence-cancels-'));
    const stack = await startStack({ settings: demo ? {} : { WHENCE_MODELS_FILE: gpt2SmallModels(dir) } });
    try {
      say(demo ? 'the demo model' : "GPT-2 small's shape");
      const model = demo ? 'facts-gpt2' : 'gpt2-small';
      const text = demo ? `${SMALL.input_texts} `.repeat(6).trim() : `${SMALL.input_texts} `.repeat(10).trim();
      await cancelUntil(stack, until, { seed, tally, model, jobs: longJobs(model, text, demo ? 64 : 4) });
    } finally {
      await stack.stop();
      rmSync(dir, { recursive: true, force: true });
    }
  },

  rows: (tally) =>
    ['facts-gpt2', 'gpt2-small']
      .filter((model) => tally.count(`cancels ${model}`) > 0)
      .flatMap((model) => [
        figure(`cancels, ${model}`, `${tally.count(`cancels ${model}`)}`),
        figure('a small job alone, median', `${Math.round(tally.percentile(`alone ${model}`, 0.5))} ms`),
        within('from cancel to the next result, median', tally.percentile(model, 0.5), 500),
        within('the slowest', tally.worst(model), 2_000),
      ])
      .concat([
        never('canceled jobs that do not say so', tally.count('wrong')),
        never('engine processes replaced', tally.count('replaced')),
      ]),
};

interface Plan {
  seed: number;
  tally: Tally;
  model: string;
  jobs: Record<string, Record<string, unknown>>;
}

async function cancelUntil(stack: Stack, until: number, { seed, tally, model, jobs }: Plan): Promise<void> {
  const { client } = stack;
  const small = { ...SMALL, model, input_texts: 'The capital', generated_texts: 'The capital of', generation_args: {} };
  await client.run(small);
  for (let i = 0; i < 5; i++) {
    const begun = performance.now();
    await client.run(small);
    tally.sample(`alone ${model}`, performance.now() - begun);
  }
  const random = new Random(seed);
  const engine = stack.engineOf(stack.workers[0]);
  const names = Object.keys(jobs);
  for (let i = 0; Date.now() < until; i++) {
    const name = names[i % names.length];
    const { status, json, text } = await client.post('/attribute', jobs[name]);
    if (status !== 202) throw new Error(`POST /attribute of ${name}: ${status} ${text}`);
    await untilTrue(
      `${name} runs`,
      30_000,
      async () => (await client.get(`/jobs/${json.id}`)).json.status !== 'queued',
    );
    await sleep(random.uniform() * LATEST_MS);
    const begun = performance.now();
    await client.post(`/jobs/${json.id}/cancel`);
    const next = await client.run(small);
    const ms = performance.now() - begun;
    const canceled = (await client.get(`/jobs/${json.id}`)).json.status;
    if (canceled === 'succeeded') continue; // it was quicker
    tally.add(`cancels ${model}`);
    tally.sample(model, ms);
    if (canceled !== 'canceled' || next.status !== 'succeeded') {
      tally.add('wrong');
      tally.break(`${name} on ${model} was canceled and is ${canceled}; the next job is ${next.status}`);
    }
    if (stack.engineOf(stack.workers[0]) !== engine) {
      tally.add('replaced');
      tally.break(`a cancel of ${name} on ${model} cost the engine`);
      return;
    }
  }
}
