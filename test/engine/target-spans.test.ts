/** `target_spans`: the sum of a span's scores is one output, whose attributions are those of its tokens summed. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { StepEvent } from '../../src/contract/events.ts';
import type { ResultSequence, Scores } from '../../src/contract/result.ts';
import type { TargetSpans } from '../../src/contract/target-spans.ts';
import { modelDir } from '../support/goldens.ts';
import { generation, hooks, request } from './request.ts';
import { startTestEngine, type TestEngine } from './start.ts';

const TOKENS = 9;
/**
 * Of the generated tokens, counted from the first: they leave one out, and one is alone. They end with the text, so that
 * as many tokens are run as without them, and what is drawn at random is the same.
 */
const SPANS = [
  [0, 3],
  [4, 5],
  [5, TOKENS],
];
const TEXTS = ['Every small cat sees', 'The doctor visits the old town because it'];

type Case = [title: string, changes: Partial<AttributeRequest>];
const call = (name: string, args: Record<string, unknown> = {}) => ({ name, args });

/** Signed and linear in the score: raw scores of a span are the sums of its tokens'. */
const SUMS: Case[] = [
  ['input_x_gradient', {}],
  ['saliency', { method: 'saliency', method_args: { abs: false } }],
  ['integrated_gradients', { method: 'integrated_gradients', method_args: { n_steps: 5 } }],
  ['deeplift', { method: 'deeplift' }],
  ['gradient_shap', { method: 'gradient_shap', method_args: { stdevs: 0.01 } }],
  ['smooth_grad', { method: 'smooth_grad', method_args: { n_samples: 4 } }],
  ['discretized_integrated_gradients', { method: 'discretized_integrated_gradients', method_args: { n_steps: 4 } }],
  ['sequential_integrated_gradients', { method: 'sequential_integrated_gradients', method_args: { n_steps: 2 } }],
  ['a layer', { method: 'layer_gradient_x_activation' }],
  ['a layer by DeepLIFT', { method: 'layer_deeplift' }],
  ['occlusion', { method: 'occlusion', method_args: { signed: true } }],
  ['shapley_sampling', { method: 'shapley_sampling', method_args: { n_samples: 2 } }],
  ['a contrast', { attributed_fn: call('contrast_prob_diff', { contrast_targets: null }) }],
  ['Monte Carlo dropout', { attributed_fn: call('mc_dropout_prob_avg', { n_mcd_steps: 3 }) }],
  [
    'log-probabilities of the decoder',
    { attributed_fn: call('probability', { logprob: true }), attribute_target: true },
  ],
];

/** Shares of a whole: a span has their mean. */
const MEANS: Case[] = [
  ['attention', { method: 'attention' }],
  ['value_zeroing', { method: 'value_zeroing' }],
  ['reagent', { method: 'reagent', method_args: { max_probe_steps: 2, num_probes: 2 } }],
];

for (const backend of ['tensorflow', 'wasm'] as const) {
  describe(`spans as outputs, on ${backend}`, () => {
    let started: TestEngine;
    before(async () => {
      started = await startTestEngine(
        () => [
          { id: 'gpt2', path: modelDir('gpt2-tiny'), quantization: 'none' },
          { id: 'int8', path: modelDir('llama-tiny'), quantization: 'int8' },
          { id: 'marian', path: modelDir('marian-tiny'), quantization: 'none' },
        ],
        { backend },
      );
    });
    after(() => started.close());

    const attribute = async (changes: Partial<AttributeRequest>, steps: StepEvent[] = []) => {
      const args = {
        generation_args: generation(TOKENS, { min_new_tokens: TOKENS }),
        step_scores: [call('probability')],
      };
      const asked = request({ input_texts: TEXTS, aggregators: [], ...args, ...changes });
      return (await started.engine.attribute(asked, hooks({ step: (step) => steps.push(step) }))).result;
    };

    /** The same texts by token and by span. */
    async function both(model: string, changes: Partial<AttributeRequest>) {
      const asked = forcedContrast(model, changes);
      const byToken = await attribute({ model, ...asked });
      const spans = byToken.sequences.map(({ attr_pos_start: first }) =>
        SPANS.map(([start, end]): [number, number] => [first + start, first + end]),
      );
      const target_spans: TargetSpans = { unit: 'tokens', spans, locale: null };
      return { byToken, bySpan: await attribute({ model, ...asked, target_spans }) };
    }

    for (const model of ['gpt2', 'int8', 'marian']) {
      for (const [title, changes] of backend === 'wasm' ? SUMS.slice(0, 4) : SUMS) {
        it(`${model}, ${title}: the sums of the tokens' attributions`, async () => {
          const { byToken, bySpan } = await both(model, changes);
          assert.equal(bySpan.sequences.length, TEXTS.length);
          for (const [i, sequence] of bySpan.sequences.entries()) {
            checkColumns(sequence, byToken.sequences[i], sum, 1e-4);
          }
        });
      }
      for (const [title, changes] of backend === 'wasm' ? MEANS.slice(0, 1) : MEANS) {
        it(`${model}, ${title}: the means of the tokens' shares`, async () => {
          const { byToken, bySpan } = await both(model, changes);
          for (const [i, sequence] of bySpan.sequences.entries()) {
            checkColumns(sequence, byToken.sequences[i], (values, count) => sum(values) / count, 1e-5);
          }
        });
      }
    }

    it('spans say what they are of, and what was summed', async () => {
      const { byToken, bySpan } = await both('gpt2', {});
      bySpan.sequences.forEach(({ target, target_spans: spans = [], step_scores, attr_pos_start: first }, i) => {
        const answer = bySpan.info.continuations[i] ?? '';
        const own = byToken.sequences[i];
        assert.deepEqual(target, own.target);
        assert.equal(first, own.attr_pos_start);
        assert.deepEqual(step_scores, own.step_scores, 'step scores stay those of tokens');
        spans.forEach((span, at) => {
          const [start, end] = SPANS[at];
          assert.deepEqual([span.attr_pos_start, span.attr_pos_end], [first + start, first + end]);
          assert.equal(span.text, answer.slice(span.start, span.end));
          const whole = own.target[0].start === 0 ? (bySpan.info.generated_texts[i] ?? '') : '';
          const [from, to] = [own.target[first + start].start, own.target[first + end - 1].end];
          assert.equal(span.text, whole.slice(Number(from), Number(to)));
          const expected = sum(own.step_scores.probability.slice(start, end).map(Number));
          assert.ok(Math.abs(Number(span.score) - expected) < 1e-6, 'the score is the sum of probabilities');
          assert.ok(Math.abs(Number(span.step_scores.probability) - expected) < 1e-6);
        });
      });
    });

    const PROMPT = 'Every small cat';
    const ANSWER = ' sees a green garden. The engineer argued with it!';
    const forced = (target_spans: TargetSpans, changes: Partial<AttributeRequest> = {}, steps: StepEvent[] = []) =>
      attribute(
        { model: 'gpt2', input_texts: [PROMPT], generated_texts: [PROMPT + ANSWER], target_spans, ...changes },
        steps,
      );
    const textsOf = ({ sequences: [{ target_spans: spans = [] }] }: Awaited<ReturnType<typeof forced>>) =>
      spans.map(({ text }) => text);
    const unit = (name: TargetSpans['unit']): TargetSpans => ({ unit: name, spans: null, locale: null });
    const characters = (...spans: [number, number][]): TargetSpans => ({
      unit: 'characters',
      spans: [spans],
      locale: null,
    });

    it('words, sentences, tokens and the sequence are found in the answer', async () => {
      assert.deepEqual(textsOf(await forced(unit('sequence'))), [ANSWER]);
      assert.deepEqual(textsOf(await forced(unit('sentences'))), [
        ' sees a green garden.',
        ' The engineer argued with it!',
      ]);
      assert.deepEqual(textsOf(await forced(unit('words'))), [
        ...[' sees', ' a', ' green', ' garden', '.', ' The', ' engineer', ' argued', ' with', ' it', '!'],
      ]);
      const { sequences } = await forced(unit('tokens'));
      const [{ target_spans: spans = [], attr_pos_start: start, attr_pos_end: end }] = sequences;
      assert.deepEqual(
        spans.map((span) => [span.attr_pos_start, span.attr_pos_end]),
        Array.from({ length: end - start }, (_, t) => [start + t, start + t + 1]),
      );
      const whole = await forced(unit('tokens'), { attr_pos_start: start + 1, attr_pos_end: end - 1 });
      assert.equal(textsOf(whole).length, end - start - 2, 'within what is attributed');
    });

    it('characters are widened to whole tokens, and the rest of the answer is not attributed', async () => {
      const result = await forced(characters([1, 3], [ANSWER.indexOf('gre') + 2, ANSWER.indexOf('.')]));
      assert.deepEqual(textsOf(result), [' sees', 'reen garden'], 'the tokens are Ġg, re and en');
      const [{ target, attr_pos_end: end, target_attributions: scores }] = result.sequences;
      assert.equal(target[end - 1].end, PROMPT.length + ANSWER.indexOf('.'));
      assert.equal(scores?.[0].length, 2);
      assert.deepEqual(result.info.request.target_spans, {
        unit: 'characters',
        spans: [
          [
            [1, 3],
            [ANSWER.indexOf('gre') + 2, ANSWER.indexOf('.')],
          ],
        ],
      });
    });

    it('spans that do not fit the answer are refused with its numbers', async () => {
      const refusals: [TargetSpans, RegExp][] = [
        [characters([0, 900]), /\[0, 900\] holds no token of the answer, which has 50 characters/],
        [
          characters([1, 2], [2, 4]),
          /\[2, 4\] and the one before it share the token "Ġsees": part them between tokens/,
        ],
        [
          { ...unit('tokens'), spans: [[[0, 4]]] },
          /\[0, 4\] is not within the attributed tokens, which are the target positions 7 to 32/,
        ],
        [{ ...unit('tokens'), spans: [[[4, 99]]] }, /\[4, 99\] is not within the attributed tokens/],
      ];
      for (const [spans, message] of refusals) {
        await assert.rejects(forced(spans), { message, pointer: '#/target_spans/spans' });
      }
    });

    it('aggregators merge rows and leave the columns', async () => {
      const raw = await forced(unit('sentences'));
      const chain = [call('sum', { normalize: false }), call('words', { aggregate_fn: 'sum' }), call('weight')];
      const { sequences } = await forced(unit('sentences'), { aggregators: chain });
      const [sequence] = sequences;
      const { target, target_spans: spans = [], target_attributions: scores, step_scores } = sequence;
      assert.deepEqual(
        spans.map((span) => target.slice(span.attr_pos_start, span.attr_pos_end).length),
        [5, 6],
        'words of each sentence',
      );
      assert.equal(step_scores.probability.length, 11, 'of words');
      const total = (rows: Scores[][] | null, column: number) =>
        sum((rows ?? []).flatMap((row) => numbers(row[column])));
      spans.forEach((span, column) => {
        const expected = total(raw.sequences[0].target_attributions, column) * Number(span.step_scores.probability);
        assert.ok(Math.abs(total(scores, column) - expected) < 1e-5 * Math.max(1, Math.abs(expected)));
      });
    });

    it('tells no steps, has no Inseq form, and counts one pass there and back', async () => {
      const steps: StepEvent[] = [];
      const { info } = await forced(unit('sentences'), { step_scores: [] }, steps);
      assert.deepEqual([info.forward_passes, info.backward_passes, steps.length], [1, 1, 0]);
      const asked = request({ model: 'gpt2', target_spans: unit('sequence') });
      assert.equal((await started.engine.attribute(asked, hooks())).inseq(), 'null');
    });
  });
}

/** A contrast needs texts of its own: the output of every text, one word changed. */
function forcedContrast(model: string, changes: Partial<AttributeRequest>): Partial<AttributeRequest> {
  if (changes.attributed_fn?.name !== 'contrast_prob_diff') {
    return model === 'marian' ? changes : { ...changes, attribute_target: false };
  }
  const answer = ' a green garden and an old town of it.';
  const other = ' a green window and an old house of it.';
  const prompt = (text: string): string => (model === 'marian' ? '' : text);
  return {
    ...changes,
    generated_texts: TEXTS.map((text) => `${prompt(text)}${answer}`),
    attributed_fn: call('contrast_prob_diff', { contrast_targets: TEXTS.map((text) => `${prompt(text)}${other}`) }),
  };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Holds the columns of spans against those of their tokens. */
function checkColumns(
  bySpan: ResultSequence,
  byToken: ResultSequence,
  combine: (values: number[], count: number) => number,
  tolerance: number,
): void {
  assert.equal(bySpan.target_spans?.length, SPANS.length);
  let compared = 0;
  for (const side of ['source_attributions', 'target_attributions'] as const) {
    const [found, tokens] = [bySpan[side], byToken[side]];
    assert.equal(found === null, tokens === null, side);
    if (found === null || tokens === null) continue;
    const largest = Math.max(...tokens.flat().flatMap(numbers).map(Math.abs));
    found.forEach((row, token) => {
      SPANS.forEach(([start, end], column) => {
        const own = tokens[token].slice(start, end).map(numbers);
        const seen = own.filter((values) => values.length > 0);
        const values = numbers(row[column]);
        assert.equal(values.length, seen[0]?.length ?? 0, `${side}, token ${token}, span ${column} sees it or not`);
        values.forEach((value, k) => {
          const expected = combine(
            seen.map((cell) => cell[k]),
            end - start,
          );
          assert.ok(
            Math.abs(value - expected) <= tolerance * largest,
            `${side}, token ${token}, span ${column}: ${value} is not ${expected}`,
          );
          if (expected !== 0) compared += 1;
        });
      });
    });
  }
  assert.ok(compared > 0, 'numbers were compared');
}

/** The numbers of a cell. */
function numbers(scores: Scores): number[] {
  if (scores === null) return [];
  return typeof scores === 'number' ? [scores] : scores.flatMap(numbers);
}
