/**
 * Small models that were really trained, from request to result: the texts that they are known to write, in float and in
 * int8. `stories260K` (llama2.c's, MIT) and `aren-translit-m2m100` (CTranslate2's test data, MIT).
 */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { trainedModelDir } from '../support/goldens.ts';
import { generation, hooks, request } from './request.ts';
import { startTestEngine, type TestEngine, type TestModel } from './start.ts';

const STORY =
  ', there was a little girl named Lily. She loved to play outside in the park. One day, she saw a big, red ball.';
const NAMES: [arabic: string, english: string][] = [
  ['باراك', 'barak'],
  ['روبرت', 'robert'],
];

let engine: Engine;
let started: TestEngine;

const attribute = async (changes: Partial<AttributeRequest>) => {
  const { result } = await engine.attribute(request(changes), hooks());
  return result;
};

before(async () => {
  const entries = { stories: 'stories260K', names: 'aren-translit-m2m100' };
  const models = (): TestModel[] =>
    Object.entries(entries).flatMap(([id, name]) => [
      { id: `${id}-float`, path: trainedModelDir(name), quantization: 'none' },
      { id: `${id}-int8`, path: trainedModelDir(name), quantization: 'int8' },
    ]);
  started = await startTestEngine(models, { threads: 1 });
  engine = started.engine;
});

after(() => started.close());

for (const quantization of ['float', 'int8']) {
  describe(`trained models in ${quantization}`, () => {
    test('stories260K tells its story', async () => {
      const { sequences } = await attribute({
        model: `stories-${quantization}`,
        input_texts: ['Once upon a time'],
        generation_args: generation(44),
        step_scores: [{ name: 'probability', args: {} }],
      });
      const [{ target, attr_pos_start: start, step_scores: scores }] = sequences;
      const text = target
        .slice(start)
        .map(({ token }) => token.replaceAll('▁', ' '))
        .join('');
      assert.ok(text.startsWith(STORY), text);
      const { probability } = scores;
      const surest = probability.map(Number).reduce((a, b) => Math.max(a, b));
      assert.ok(surest > 0.9, `a trained model is sure of something: ${surest}`);
    });

    test('aren-translit-m2m100 transliterates names, and its letters come from theirs', async () => {
      const { sequences } = await attribute({
        model: `names-${quantization}`,
        input_texts: NAMES.map(([arabic]) => arabic),
        method: 'occlusion',
        attribute_target: true,
        aggregators: [{ name: 'scores', args: {} }],
        generation_args: generation(20),
      });
      NAMES.forEach(([arabic, english], index) => {
        const { source, target, source_attributions: scores } = sequences[index];
        assert.deepEqual(
          source.map(({ token }) => token),
          [...arabic],
        );
        assert.deepEqual(
          target.map(({ token }) => token),
          ['<s>', ...english, '</s>'],
        );
        assert.ok(scores !== null);
        // The first letters of both belong to each other.
        const first = scores.map((row) => row[0] ?? 0) as number[];
        assert.equal(first.indexOf(Math.max(...first)), 0, `${english}: ${first}`);
      });
    });

    test('beams and sampling give whole names too', async () => {
      const ask = async (extra: Parameters<typeof generation>[1], seed = 42) => {
        const { sequences } = await attribute({
          model: `names-${quantization}`,
          input_texts: ['روبرت'],
          generation_args: generation(20, extra),
          seed,
        });
        return sequences[0].target.map(({ token }) => token).join('');
      };
      assert.equal(await ask({ num_beams: 4 }), '<s>robert</s>');
      const sampled = await ask({ do_sample: true, top_k: 2 });
      assert.equal(await ask({ do_sample: true, top_k: 2 }), sampled);
      assert.match(sampled, /^<s>[a-z]+<\/s>$/);
    });
  });
}
