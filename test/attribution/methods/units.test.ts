/** Perturbation of whole units: what a unit is, what is replaced, what its tokens get, and what is refused. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { MethodScores } from '../../../src/attribution/method.ts';
import type { Counters } from '../../../src/attribution/passes/passes.ts';
import type { Sequence } from '../../../src/attribution/passes/sequence-features.ts';
import { loadRegistries } from '../../../src/attribution/registries.ts';
import type { ScoreArray } from '../../../src/attribution/scores.ts';
import { soloScores, soloTask } from '../../../src/attribution/solo.ts';
import probability from '../../../src/attribution/step-functions/probability.ts';
import { tokensOf } from '../../../src/engine/tokens.ts';
import { startBackend } from '../../../src/tensors/backend.ts';
import { tf } from '../../../src/tensors/tf.ts';
import { completedArgs, decoderSequence, loadTiny, type TinyModel } from '../tiny-model.ts';

const { methods } = await loadRegistries();
const PROMPT = 'Every small cat sees. A green garden';
const TEXT = `${PROMPT} sees Every small cat!`;
const SENTENCES = 2;

describe('units', () => {
  let tiny: TinyModel;
  let sequence: Sequence;
  before(async () => {
    await startBackend('tensorflow');
    tiny = await loadTiny('gpt2-tiny');
    sequence = decoderSequence(tiny.tokenizer, PROMPT, TEXT);
  });
  after(() => tiny.dispose());

  async function run(
    id: string,
    given: Record<string, unknown>,
    { of = sequence, counters = { forward: 0, backward: 0 }, secondsAllowed = Number.POSITIVE_INFINITY } = {} as {
      of?: Sequence;
      counters?: Counters;
      secondsAllowed?: number;
    },
  ): Promise<MethodScores> {
    const method = methods.get(id);
    assert.ok(method);
    const tensors = tf.memory().numTensors;
    const scores = soloScores({ model: tiny.model, sequence: of, counters, memoryBudget: 2 ** 28 });
    const { tokenizer } = tiny;
    const tokens = tokensOf(of.targetIds, { tokenizer, text: TEXT, encode: {}, prompt: PROMPT });
    try {
      const task = await soloTask(scores, method, {
        args: completedArgs(method.argsSchema, given),
        attributedFn: { fn: probability, args: { logprob: false }, pointer: '' },
        attributeTarget: true,
        text: { source: { tokens: [], text: '' }, target: { tokens, text: TEXT } },
        secondsAllowed,
      });
      return await method.attribute(task);
    } finally {
      scores.dispose();
      assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
    }
  }

  const targetOf = ({ target }: MethodScores): ScoreArray => {
    assert.ok(target !== null);
    return target;
  };

  /** Of every token the row of its scores. */
  const rowsOf = ({ shape, data }: ScoreArray): Float32Array[] => {
    const size = data.length / shape[0];
    return Array.from({ length: shape[0] }, (_, row) => data.slice(row * size, (row + 1) * size));
  };

  /** Units by their numbers: tokens whose scores agree where both have some, with the one before. */
  const starts = (array: ScoreArray): number[] => {
    const rows = rowsOf(array).slice(0, -1);
    const same = (a: Float32Array, b: Float32Array): boolean =>
      a.every((value, k) => Number.isNaN(value) || Number.isNaN(b[k]) || value === b[k]);
    return rows.flatMap((row, at) => (at > 0 && same(row, rows[at - 1]) ? [] : [at]));
  };

  it('occlusion of a unit is the change when all its tokens are replaced, for each of them', async () => {
    const [start, end] = [2, 5];
    const scores = targetOf(await run('occlusion', { units: 'spans', target_spans: [start, end], signed: true }));
    const replaced = sequence.targetIds.slice();
    replaced.set(sequence.targetBaselineIds.subarray(start, end), start);
    const probabilities = async (ids: Int32Array): Promise<Float32Array> => {
      const passes = soloScores({
        model: tiny.model,
        sequence: { ...sequence, targetIds: ids },
        memoryBudget: 2 ** 28,
      });
      // The tokens that are predicted stay those of the text.
      const logits = await passes.passes.score(passes.passes.clean, passes.passes.readRows, (all) => {
        const own = tf
          .softmax(all)
          .mul(tf.oneHot(tf.tensor1d(sequence.targetIds.slice(sequence.start), 'int32'), all.shape[1]));
        return tf.sum(own, 1) as never;
      });
      passes.dispose();
      return logits;
    };
    const [clean, changed] = [await probabilities(sequence.targetIds), await probabilities(replaced)];
    const rows = rowsOf(scores);
    for (let token = start; token < end; token++) {
      rows[token].forEach((value, step) => {
        assert.ok(Math.abs(value - (clean[step] - changed[step])) < 1e-6, `token ${token}, step ${step}`);
      });
    }
    const single = rowsOf(targetOf(await run('occlusion', { signed: true })));
    assert.deepEqual(rows[0], single[0], 'tokens outside the spans are units of their own');
  });

  it('a step that sees a part of a unit has the scores of that part, and none for the rest', async () => {
    const { start: first } = sequence;
    const span = [first - 1, first + 2];
    const rows = rowsOf(targetOf(await run('occlusion', { units: 'spans', target_spans: span, signed: true })));
    const single = rowsOf(targetOf(await run('occlusion', { signed: true })));
    assert.ok(Math.abs(rows[first - 1][0] - single[first - 1][0]) < 1e-7);
    assert.ok(Number.isNaN(rows[first][0]) && Number.isNaN(rows[first + 1][0]));
    assert.equal(rows[first][1], rows[first - 1][1]);
    assert.ok(Number.isNaN(rows[first + 1][1]));
  });

  for (const id of ['occlusion', 'value_zeroing']) {
    it(`${id}: windows, words and sentences cost a copy each`, async () => {
      const counters = { forward: 0, backward: 0 };
      const windows = targetOf(await run(id, { units: 'windows', window_size: 3 }, { counters }));
      const length = sequence.end - 1;
      assert.equal(counters.forward, 1 + Math.ceil(length / 3));
      const expected = Array.from({ length: Math.ceil(length / 3) }, (_, window) => 3 * window);
      assert.deepEqual(starts(windows), expected);
      const count = async (units: string): Promise<number> => starts(targetOf(await run(id, { units }))).length;
      const [tokens, words, sentences] = [await count('tokens'), await count('words'), await count('sentences')];
      assert.ok(tokens > words && words > sentences, `${tokens}, ${words}, ${sentences}`);
      assert.equal(sentences, SENTENCES);
    });
  }

  it('value zeroing gives units shares that add up to 1', async () => {
    const { shape, data } = targetOf(await run('value_zeroing', { units: 'windows', window_size: 4 }));
    const [tokens, steps, layers] = shape;
    for (let step = 0; step < steps; step++) {
      for (let layer = 0; layer < layers; layer++) {
        let total = 0;
        for (let token = 0; token < tokens - 1; token += 4) {
          const value = data[(token * steps + step) * layers + layer];
          if (!Number.isNaN(value)) total += value;
        }
        assert.ok(Math.abs(total - 1) < 1e-5, `step ${step}, layer ${layer}: ${total}`);
      }
    }
  });

  it('refuses spans without the units "spans", and the units without spans', async () => {
    await assert.rejects(run('occlusion', { target_spans: [0, 2] }), {
      message: 'target_spans is for the units "spans", and units is "tokens": leave one of them out',
      pointer: '#/method_args/target_spans',
    });
    await assert.rejects(run('value_zeroing', { units: 'spans' }), {
      message: 'the units "spans" need source_spans or target_spans',
      pointer: '#/method_args/units',
    });
    await assert.rejects(run('occlusion', { units: 'spans', target_spans: [3, 99] }), {
      message: /the span \[3, 99\] ends after the \d+ tokens of this side/,
      pointer: '#/method_args/target_spans',
    });
    await assert.rejects(run('occlusion', { units: 'words', locale: 'no language' }), {
      pointer: '#/method_args/locale',
    });
  });
});
