/** Sources among documents: offsets, support, and scores against passes over texts that were written out in full. */

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DocumentsRequest } from '../../../src/contract/attribute-context-request.ts';
import type { Sources } from '../../../src/contract/attribute-context-result.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { modelDir } from '../../support/goldens.ts';
import { hooks, request } from '../request.ts';
import { startTestEngine, type TestEngine } from '../start.ts';
import { documentsRequest } from './documents-request.ts';

const MODELS = ['gpt2-tiny', 'llama-tiny', 't5-tiny'];

let started: TestEngine;
let engine: Engine;
before(async () => {
  started = await startTestEngine(() =>
    MODELS.map((name) => ({ id: name, path: modelDir(name), quantization: 'none' as const })),
  );
  engine = started.engine;
});
after(() => started.close());

async function cite(changes: Partial<DocumentsRequest>): Promise<{ sources: Sources; info: Record<string, unknown> }> {
  const { result } = await engine.attribute(documentsRequest({ model: 'gpt2-tiny', ...changes }), hooks());
  assert.ok(result.sources);
  return { sources: result.sources, info: result.info };
}

/** Log-probabilities of the tokens that a text adds to a prompt, from a job of its own; with the tokens' characters. */
async function logProbabilities(model: string, prompt: string, text: string) {
  const step_scores = [{ name: 'probability', args: { logprob: true } }];
  const decoderOnly = model !== 't5-tiny';
  const changes = { model, input_texts: [prompt], generated_texts: [text], method: 'dummy', step_scores };
  const { result } = await engine.attribute(request(changes), hooks());
  const [{ target, attr_pos_start: start, step_scores: scores }] = result.sequences;
  const offset = decoderOnly ? prompt.length : 0;
  return scores.probability.map((value, t) => ({
    value: value ?? Number.NaN,
    end: (target[start + t].end ?? 0) - offset,
  }));
}

/** Sum over the tokens that end within [start, end] of the answer, of which one character is the separator before it. */
const within = (scores: { value: number; end: number }[], [start, end]: [number, number], lead: number): number =>
  scores.filter((one) => one.end > start + lead && one.end <= end + lead).reduce((sum, { value }) => sum + value, 0);

const ANSWER = 'visits the garden. It was true.';
const SENTENCES: [number, number][] = [
  [0, 18],
  [19, 31],
];
const WHOLE =
  'The old dog sees a house. The cat follows the train.\n\nWeather\nIt was late. The rain began.\n\nThe student';
/** The prompt without each sentence, written out. */
const WITHOUT = [
  'The cat follows the train.\n\nWeather\nIt was late. The rain began.\n\nThe student',
  'The old dog sees a house. \n\nWeather\nIt was late. The rain began.\n\nThe student',
  'The old dog sees a house. The cat follows the train.\n\nWeather\nThe rain began.\n\nThe student',
  'The old dog sees a house. The cat follows the train.\n\nWeather\nIt was late. \n\nThe student',
];

for (const model of MODELS) {
  test(`${model}: leaving a sentence out costs what passes over the texts without it say`, async () => {
    const { sources, info } = await cite({ model, approach: 'leave_one_out' });
    const lead = model === 't5-tiny' ? 0 : 1;
    const join = (prompt: string): string => (lead === 0 ? ANSWER : `${prompt} ${ANSWER}`);
    const clean = await logProbabilities(model, WHOLE, join(WHOLE));
    for (const [u, prompt] of WITHOUT.entries()) {
      const without = await logProbabilities(model, prompt, join(prompt));
      for (const [c, range] of SENTENCES.entries()) {
        const expected = within(clean, range, lead) - within(without, range, lead);
        const found = sources.scores[u][c] ?? Number.NaN;
        assert.ok(Math.abs(found - expected) < 1e-3, `unit ${u}, sentence ${c}: ${found} is not ${expected}`);
      }
    }
    const bare = await logProbabilities(model, 'The student', join('The student'));
    for (const [c, range] of SENTENCES.entries()) {
      const { support, log_probability: own } = sources.citations[c];
      assert.ok(Math.abs((own ?? Number.NaN) - within(clean, range, lead)) < 1e-3);
      assert.ok(Math.abs((support ?? Number.NaN) - within(clean, range, lead) + within(bare, range, lead)) < 1e-3);
    }
    assert.equal(info.perturbed_copies, 5);
    assert.equal(info.forward_passes, 6);
    assert.equal(Number(info.rows_shared) > 0, model !== 't5-tiny');
  });
}

test('units have their exact characters, whatever they are', async () => {
  const documents = [
    { id: 'x', title: null, text: ' One line.  Another, é漢😀!\n\n\n  A paragraph of its own. ' },
    { id: 'y', title: 'T', text: 'Short.' },
  ];
  const texts = {
    document: ['One line.  Another, é漢😀!\n\n\n  A paragraph of its own.', 'Short.'],
    paragraph: ['One line.  Another, é漢😀!', 'A paragraph of its own.', 'Short.'],
    sentence: ['One line.', 'Another, é漢😀!', 'A paragraph of its own.', 'Short.'],
  };
  for (const unit of ['document', 'paragraph', 'sentence'] as const) {
    const { sources } = await cite({ model: 't5-tiny', documents, unit, approach: 'leave_one_out' });
    assert.deepEqual(
      sources.units.map(({ text }) => text),
      texts[unit],
    );
    for (const { document_index: d, document_id: id, start, end, text } of sources.units) {
      assert.equal(documents[d].text.slice(start, end), text);
      assert.equal(documents[d].id, id);
    }
  }
  const spans = [{ document: 0, start: 1, end: 4 }];
  const { sources } = await cite({ model: 't5-tiny', documents, unit: spans, approach: 'leave_one_out' });
  assert.deepEqual(
    sources.units.map(({ text }) => text),
    ['One'],
  );
});

test('citations are the sentences of the answer and the spans that are named', async () => {
  const { sources } = await cite({ answer_spans: [[11, 17]] });
  assert.equal(sources.answer, ANSWER);
  assert.deepEqual(
    sources.citations.map(({ start, end, text }) => [start, end, text]),
    [
      [0, 18, 'visits the garden.'],
      [19, 31, 'It was true.'],
      [11, 17, 'garden'],
    ],
  );
  for (const { sources: own } of sources.citations) {
    for (const [k, { unit, score }] of own.entries()) {
      assert.ok(score > 0 && (k === 0 || own[k - 1].score >= score));
      assert.deepEqual(own[k].text, sources.units[unit].text);
    }
  }
});

test('an ablation is fitted and judged by copies that it has not seen, and says the same twice', async () => {
  const { sources, info } = await cite({ num_ablations: 32, held_out_ablations: 16, lasso_alpha: 0 });
  for (const { fit } of sources.citations) {
    assert.ok(fit && fit.r2 !== null && fit.r2 > 0 && fit.r2 <= 1, JSON.stringify(fit));
    assert.ok(fit.held_out_error !== null && fit.held_out_error > 0);
  }
  assert.equal(info.perturbed_copies, 49);
  const again = await cite({ num_ablations: 32, held_out_ablations: 16, lasso_alpha: 0 });
  assert.deepEqual(again.sources, sources);
  const other = await cite({ num_ablations: 32, held_out_ablations: 16, lasso_alpha: 0, seed: 7 });
  assert.notDeepEqual(other.sources.scores, sources.scores);
});

test('a replaced unit leaves everything in its place', async () => {
  const { sources, info } = await cite({ approach: 'leave_one_out', perturbation: 'replace' });
  const removed = await cite({ approach: 'leave_one_out' });
  assert.notDeepEqual(sources.scores, removed.sources.scores);
  // All copies are as long as the prompt with its answer.
  const lengths = Number(info.rows_computed) + Number(info.rows_shared);
  assert.equal(lengths % 5, 0);
});

test('Jensen-Shannon divergences lie between 0 and ln 2 for each token', async () => {
  const { sources } = await cite({ approach: 'leave_one_out', divergence: 'jensen_shannon' });
  for (const value of sources.scores.flat()) assert.ok(value !== null && value > 0 && value < 31 * Math.LN2);
});

test('below the threshold of support there are no sources, and the citation says so', async () => {
  const { sources } = await cite({ support_threshold: 1000 });
  for (const { unsupported, sources: own } of sources.citations) {
    assert.equal(unsupported, true);
    assert.deepEqual(own, []);
  }
});

for (const approach of ['tokens', 'pecore'] as const) {
  test(`${approach}: scores of units are sums of the scores of their tokens`, async () => {
    const { sources } = await cite({ approach, return_token_scores: true });
    const { token_scores: tokens } = sources;
    assert.ok(tokens);
    const [{ text }] = sources.units;
    const own = tokens.input_tokens.flatMap(({ start, end }, i) =>
      Number(start) < text.length && Number(end) > 0 ? [i] : [],
    );
    const answered = [0, 1].map((c) =>
      tokens.answer_tokens.flatMap(({ start, end }, t) => {
        const [from, to] = SENTENCES[c].map((at) => at + WHOLE.length + 1);
        return Math.max(Number(start), from) < Math.min(Number(end), to) ? [t] : [];
      }),
    );
    for (const [c, columns] of answered.entries()) {
      const scored = columns.filter((t) => tokens.scores[0][t] !== null);
      const sums = scored.map((t) => own.reduce((sum, i) => sum + (tokens.scores[i][t] ?? 0), 0));
      const mean = sums.length === 0 ? 0 : sums.reduce((a, b) => a + b, 0) / sums.length;
      const found = sources.scores[0][c] ?? Number.NaN;
      assert.ok(Math.abs(found - mean) <= 1e-5 * Math.abs(mean), `${found} is not ${mean}`);
    }
  });
}

test('an answer that the model generates is cited, too', async () => {
  for (const model of MODELS) {
    const { sources, info } = await cite({ model, output_current_text: null });
    assert.ok(sources.answer.length > 0 && sources.citations.length > 0, model);
    assert.ok(info.generation_args);
  }
});

test('what does not fit is refused with the field and the numbers', async () => {
  const long = [{ id: 'a', title: null, text: 'The old dog sees a house. '.repeat(40) }];
  await assert.rejects(cite({ documents: long }), { code: 'too_long', pointer: '#/documents' });
  const blank = [{ id: 'a', title: null, text: '   ' }];
  await assert.rejects(cite({ documents: blank }), { code: 'no_units', pointer: '#/documents' });
});
