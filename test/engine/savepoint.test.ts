/** A job that is stopped and goes on from what it has put down gives the bytes of one that nobody disturbs. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { StepEvent } from '../../src/contract/events.ts';
import type { EngineOutput } from '../../src/engine/attribution.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { Savepoint } from '../../src/engine/savepoint.ts';
import { modelDir } from '../support/goldens.ts';
import { generation, hooks, request } from './request.ts';
import { longModel, startTestEngine, type TestEngine } from './start.ts';

/** Long enough for several micro-batches of copies, and several blocks of columns. */
const PROMPT = Array.from({ length: 12 }, () => 'every small cat sees a green garden').join(' ');
const SHORT = 'every small cat sees';

/** When an attempt is stopped: after so many turns of the event loop, or when a share of its phase is done. */
type Stop = { turns: number } | { phase: string; share: number };

interface Attempt {
  /** Null: it was stopped. */
  output: EngineOutput | null;
  savepoint: Buffer | undefined;
  /** Ops that were computed, as far as the stop signal is asked between them. */
  ops: number;
  steps: StepEvent[];
  /** Shares of the attribution that were told before it was put down. */
  shares: number[];
}

async function attempt(
  engine: Engine,
  asked: AttributeRequest,
  { stop, savepoint }: { stop?: Stop; savepoint?: Buffer } = {},
): Promise<Attempt> {
  const controller = new AbortController();
  let save: (() => Promise<Buffer>) | undefined;
  let saved: Promise<Buffer> | undefined;
  const end = () => {
    if (saved !== undefined || save === undefined) return;
    saved = save().finally(() => controller.abort());
  };
  let turns = 0;
  const timer =
    stop !== undefined && 'turns' in stop ? setInterval(() => ++turns >= stop.turns && end(), 0) : undefined;
  const [steps, shares]: [StepEvent[], number[]] = [[], []];
  let ops = 0;
  try {
    const output = await engine.attribute(asked, {
      ...hooks({ step: (step) => steps.push(step), signal: controller.signal }),
      progress: ({ phase, completed, total }) => {
        if (phase === 'attributing' && saved === undefined) shares.push(completed / total);
        if (stop !== undefined && 'phase' in stop && phase === stop.phase && completed / total >= stop.share) end();
      },
      stopped: () => {
        ops += 1;
        return false;
      },
      savable: (give) => {
        save = give;
      },
      ...(savepoint && { savepoint }),
    });
    await saved; // it has come too late
    return { output, savepoint: undefined, ops, steps, shares };
  } catch (error) {
    if (saved === undefined) throw error;
    return { output: null, savepoint: await saved, ops, steps, shares };
  } finally {
    clearInterval(timer);
  }
}

/** What may not differ between two runs of one request. */
function bytesOf(output: EngineOutput | null): { result: string; inseq: string } {
  assert.ok(output);
  const { info, ...rest } = output.result;
  return {
    result: JSON.stringify({ ...rest, info: { ...info, seconds: 0, metrics: undefined } }),
    inseq: output.inseq().replace(/"exec_time":[^,}]+/, ''),
  };
}

describe('what is put down', () => {
  /** Puts a text down that has added one piece, and says whether the next attempt goes on from it. */
  async function goesOn({ bytes = 8, failed = false, fingerprint = 'a' } = {}): Promise<boolean> {
    const counters = { forward: 0, backward: 0 };
    const loaded: number[] = [];
    const sums = { bytes, save: async () => 7, load: (saved: unknown) => void loaded.push(Number(saved)) };
    const savepoint = new Savepoint('a');
    const fold = savepoint.open(0, counters).fold(sums, 'cut');
    await fold.add(async () => {});
    if (failed) savepoint.drop(0);
    const next = new Savepoint(fingerprint, await savepoint.bytes());
    const has = next.open(0, counters).fold(sums, 'cut').passes();
    assert.deepEqual(loaded, has ? [7] : []);
    return has;
  }

  test('sums, but not those of a text that failed, of another model, or of more than 64 MiB', async () => {
    assert.equal(await goesOn(), true);
    assert.equal(await goesOn({ failed: true }), false, 'they are gone');
    assert.equal(await goesOn({ fingerprint: 'b' }), false);
    assert.equal(await goesOn({ bytes: 65 * 2 ** 20 }), false);
  });
});

describe('savepoints', () => {
  let engine: Engine;
  let started: TestEngine;

  before(async () => {
    started = await startTestEngine((folder) => [
      longModel(folder),
      { id: 'gpt2', path: modelDir('gpt2-tiny'), quantization: 'none' },
      { id: 'marian', path: modelDir('marian-tiny'), quantization: 'none' },
    ]);
    engine = started.engine;
  });
  after(() => started.close());

  const long = (changes: Partial<AttributeRequest>): AttributeRequest =>
    request({ model: 'long', input_texts: [PROMPT], generation_args: generation(24), ...changes });
  const batch: Partial<AttributeRequest> = {
    input_texts: [SHORT, PROMPT, `${SHORT} a green`, PROMPT.slice(0, 120)],
    generation_args: generation(8),
  };
  const contrast = { name: 'contrast_prob_diff', args: { contrast_targets: 'a green cat' } };
  const cases: [string, AttributeRequest][] = [
    ['saliency', long({ method: 'saliency' })],
    ['deeplift', long({ method: 'deeplift', method_args: { return_convergence_delta: true } })],
    ['integrated gradients', long({ method: 'integrated_gradients', method_args: { return_convergence_delta: true } })],
    ['noise', long({ method: 'smooth_grad', method_args: { n_samples: 30 }, aggregators: [] })],
    ['variances of noise', long({ method: 'var_grad', method_args: { n_samples: 30 } })],
    ['gradient SHAP', long({ method: 'gradient_shap', method_args: { n_samples: 20, stdevs: 0.1 } })],
    [
      'a path for each token',
      request({ model: 'long', input_texts: [SHORT], method: 'sequential_integrated_gradients' }),
    ],
    ['a path of words', long({ method: 'discretized_integrated_gradients' })],
    ['layers', long({ method: 'layer_gradient_x_activation', method_args: { target_layer: 'layers.*.mlp' } })],
    ['the path of a layer', long({ method: 'layer_integrated_gradients' })],
    [
      'the paths of layers',
      long({ method: 'layer_integrated_gradients', method_args: { target_layer: 'layers.*.mlp' } }),
    ],
    ['LIME', long({ method: 'lime', method_args: { n_samples: 120 } })],
    ['kernel SHAP', long({ method: 'kernel_shap', method_args: { n_samples: 120 } })],
    ['Shapley sampling', request({ model: 'long', input_texts: [SHORT.repeat(3)], method: 'shapley_sampling' })],
    ['occlusion', long({ method: 'occlusion' })],
    ['value zeroing', long({ method: 'value_zeroing' })],
    ['routes', long({ method: 'information_flow_routes' })],
    [
      'ReAGent',
      request({ model: 'long', input_texts: [SHORT], method: 'reagent', method_args: { max_probe_steps: 8 } }),
    ],
    ['attention', long({ method: 'attention' })],
    [
      'dropout beside it',
      request({
        input_texts: [SHORT],
        method: 'integrated_gradients',
        step_scores: [{ name: 'mc_dropout_prob_avg', args: { n_mcd_steps: 150 } }],
      }),
    ],
    [
      'dropout as what is attributed',
      request({
        input_texts: [SHORT],
        method: 'occlusion',
        attributed_fn: { name: 'mc_dropout_prob_avg', args: { n_mcd_steps: 5 } },
      }),
    ],
    [
      'a gradient through dropout',
      request({
        input_texts: [SHORT],
        method: 'integrated_gradients',
        attributed_fn: { name: 'mc_dropout_prob_avg', args: { n_mcd_steps: 3 } },
      }),
    ],
    ['a contrast', long({ method: 'saliency', generated_texts: [`${PROMPT} a red dog`], attributed_fn: contrast })],
    ['several texts', long({ method: 'integrated_gradients', ...batch })],
    ['several texts, raw', long({ method: 'saliency', aggregators: [], ...batch })],
    ['several texts, sampled', long({ ...batch, generation_args: generation(40, { do_sample: true, top_k: 0 }) })],
    ['beams', long({ ...batch, generation_args: generation(12, { num_beams: 3 }) })],
    [
      'metrics',
      long({
        ...batch,
        method: 'integrated_gradients',
        metrics: [
          { name: 'comprehensiveness', args: {} },
          { name: 'deletion', args: {} },
        ],
      }),
    ],
    [
      'a translation',
      request({
        model: 'marian',
        input_texts: ['every small cat', 'a green garden'],
        method: 'integrated_gradients',
        attribute_target: true,
      }),
    ],
  ];

  /** Spans are of positions, which the tokenizer decides. */
  async function spans(): Promise<AttributeRequest> {
    const asked = long({ method: 'integrated_gradients', generated_texts: [`${PROMPT} a red dog`] });
    const { output } = await attempt(engine, asked);
    const first = output?.result.sequences[0].attr_pos_start ?? 0;
    return { ...asked, target_spans: { unit: 'tokens', spans: [[[first, first + 2]]], locale: null } };
  }

  const all: [string, AttributeRequest | (() => Promise<AttributeRequest>)][] = [...cases, ['spans', spans]];
  for (const [title, request] of all) {
    test(`${title}: stopped again and again, the bytes are those of a whole run`, async () => {
      const asked = typeof request === 'function' ? await request() : request;
      const whole = await attempt(engine, asked);
      const expected = bytesOf(whole.output);
      const told = new Map<string, string>();
      let savepoint: Buffer | undefined;
      let last: Attempt | undefined;
      let carried = 0;
      for (let turns = 1; last === undefined || last.output === null; turns *= 2) {
        carried = last?.shares.at(-1) ?? 0;
        last = await attempt(engine, asked, { stop: { turns }, ...(savepoint && { savepoint }) });
        savepoint = last.savepoint ?? savepoint;
        assert.ok((last.shares[0] ?? 1) >= carried - 1e-9, `progress goes back from ${carried} to ${last.shares[0]}`);
        for (const step of last.steps) {
          const { text: _, ...column } = step;
          const key = `${step.sequence}/${step.position}`;
          assert.equal(told.get(key) ?? JSON.stringify(column), JSON.stringify(column), key);
          told.set(key, JSON.stringify(column));
        }
      }
      assert.deepEqual(bytesOf(last.output), expected);
      if (carried >= 0.5) assert.ok(last.ops < 0.8 * whole.ops, `${last.ops} of ${whole.ops} ops, ${carried} was done`);
      assert.deepEqual([...told.keys()].sort(), whole.steps.map((s) => `${s.sequence}/${s.position}`).sort());
      assert.deepEqual(last.output?.usage, whole.output?.usage);
    });
  }
});
