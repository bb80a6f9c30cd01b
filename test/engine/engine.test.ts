/** The engine as the worker uses it: requests to results, on tiny real models. */

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { StepEvent } from '../../src/contract/events.ts';
import type { Engine } from '../../src/engine/engine.ts';
import { tf } from '../../src/tensors/tf.ts';
import { assertClose, attributionCases, modelDir } from '../support/goldens.ts';
import { generation, hooks, request } from './request.ts';
import { editedCheckpoint, startTestEngine, type TestEngine } from './start.ts';

const CHAT_TEMPLATE =
  '{% for message in messages %}<{{ message.role }}>{{ message.content }}\n{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}';

let engine: Engine;
let started: TestEngine;

const attribute = (changes: Partial<AttributeRequest>) => engine.attribute(request(changes), hooks());

before(async () => {
  const gpt2 = modelDir('gpt2-tiny');
  started = await startTestEngine((folder) => [
    { id: 'gpt2', path: gpt2, quantization: 'none' },
    { id: 'chat', path: chatModel(folder), quantization: 'none' },
    { id: 'm2m100', path: modelDir('m2m100-tiny'), quantization: 'none' },
    { id: 'wishes', path: wishes(folder), quantization: 'none' },
    { id: 'beyond', path: beyondTheVocabulary(folder), quantization: 'none' },
    { id: 'elsewhere', path: gpt2, pool: 'other' },
  ]);
  engine = started.engine;
});
after(() => started.close());

function chatModel(folder: string): string {
  return editedCheckpoint(folder, 'chat', modelDir('gpt2-tiny'), {
    'tokenizer_config.json': { chat_template: CHAT_TEMPLATE },
  });
}

/** A checkpoint whose generation_config.json asks for more than a greedy search. */
function wishes(folder: string): string {
  const copy = editedCheckpoint(folder, 'wishes', modelDir('gpt2-tiny'), {});
  const config = { eos_token_id: 0, do_sample: true, repetition_penalty: 1.5, suppress_tokens: [3] };
  writeFileSync(join(copy, 'generation_config.json'), JSON.stringify(config));
  return copy;
}

/** A checkpoint whose tokenizer has ids that its embeddings do not. */
function beyondTheVocabulary(folder: string): string {
  const copy = editedCheckpoint(folder, 'beyond', modelDir('gpt2-tiny'), {});
  const tokenizer = JSON.parse(readFileSync(join(copy, 'tokenizer.json'), 'utf8'));
  for (const token of Object.keys(tokenizer.model.vocab)) tokenizer.model.vocab[token] += 1_000_000;
  writeFileSync(join(copy, 'tokenizer.json'), JSON.stringify(tokenizer));
  return copy;
}

describe('the engine', () => {
  test('follows generation_config.json where the request is silent, and tells it', async () => {
    const generation_args = { do_sample: false, max_new_tokens: 4 };
    const { result } = await attribute({ model: 'wishes', generation_args });
    const { info, sequences } = result;
    assert.deepEqual(info.generation_config, {
      file: 'generation_config.json',
      applied: { eos_token_id: [0], repetition_penalty: 1.5, suppress_tokens: [3] },
      ignored: { do_sample: { value: true, reason: 'a request alone switches sampling on' } },
    });
    const told = info.generation_args as AttributeRequest['generation_args'];
    assert.equal(told.repetition_penalty, 1.5);
    const again = await attribute({ model: 'wishes', generation_args: told });
    assert.deepEqual(again.result.sequences, sequences);
    const { result: given } = await attribute({ generated_texts: ['The engineer argued with the man'] });
    assert.equal(given.info.generation_args, null);
    assert.ok(!('generation_config' in given.info));
  });

  test('says which token its tokenizer has and the model has not', async () => {
    await assert.rejects(attribute({ model: 'beyond' }), {
      name: 'AttributionError',
      message: /^the text has the token ".+" with the id 1000\d+, but "beyond" has embeddings of \d+ tokens: its tok/,
    });
  });

  test('says what it can do, for its own pool', () => {
    const { models, methods, step_functions, aggregators } = engine.catalogue();
    assert.deepEqual(
      models.map(({ id }) => id),
      ['gpt2', 'chat', 'm2m100', 'wishes', 'beyond'],
    );
    assert.equal(models[0].architecture, 'decoder-only');
    assert.ok(models[2].languages?.includes('fr'));
    for (const list of [methods, step_functions, aggregators]) assert.ok(list.length > 5);
  });

  test('forced text: Inseq numbers end to end', async () => {
    const golden = attributionCases('gpt2-tiny').get('input_x_gradient-b-forced');
    assert.ok(golden);
    const { result } = await attribute({
      input_texts: [String(golden.input_texts)],
      generated_texts: [String(golden.generated_texts)],
    });
    const [sequence] = result.sequences;
    const wanted = golden.sequences[0];
    assert.equal(sequence.attr_pos_start, wanted.attr_pos_start);
    assert.deepEqual(
      sequence.target.map(({ token, id }) => [token, id]),
      wanted.target,
    );
    const { aggregated } = wanted;
    assert.ok(aggregated && 'target_attributions' in aggregated && aggregated.target_attributions);
    const flat = (sequence.target_attributions as (number | null)[][]).flat();
    const expected = (aggregated.target_attributions.data as (number | null)[][]).flat();
    assertClose(
      flat.map((value) => value ?? Number.NaN),
      expected,
      golden.tolerance,
      'aggregated',
    );
  });

  test('generated text: the generated ids themselves, with offsets into the text', async () => {
    const { result } = await attribute({});
    const [{ target, attr_pos_start: start, attr_pos_end: end }] = result.sequences;
    assert.equal(end - start, 5);
    assert.equal(target.length, end);
    for (const [k, token] of target.entries()) {
      if (k > 0 && token.start !== null) assert.ok(token.start >= (target[k - 1].start ?? 0));
    }
  });

  test('a batch equals its texts one by one, also when sampling', async () => {
    const texts = ['The engineer argued with the', 'Every small cat'];
    const sampling = { generation_args: generation(4, { do_sample: true, temperature: 2 }) };
    const together = await attribute({ input_texts: texts, ...sampling });
    const alone = await Promise.all(texts.map((text) => attribute({ input_texts: [text], ...sampling })));
    const sequences = alone.flatMap(({ result }) => result.sequences);
    const asJson = (list: typeof sequences) => list.map((sequence) => JSON.stringify(sequence));
    assert.deepEqual(asJson(together.result.sequences), asJson(sequences));
  });

  test('the same seed gives the same result, another seed another', async () => {
    const of = async (seed: number) => (await attribute({ method: 'gradient_shap', seed })).result.sequences;
    const first = await of(1);
    assert.deepEqual(await of(1), first);
    assert.notDeepEqual(await of(2), first);
  });

  test('the info of a result makes it again, and has every argument', async () => {
    const messages = [[{ role: 'user', content: 'Every cat' }]];
    const requests: Partial<AttributeRequest>[] = [
      { method: 'lime', method_args: { n_samples: 20 }, skip_special_tokens: true, seed: 7 },
      { method: 'attention', clean_special_chars: true },
      { method: 'saliency', step_scores: [{ name: 'mc_dropout_prob_avg', args: { n_mcd_steps: 2 } }] },
      { model: 'chat', input_texts: [], messages, aggregators: [{ name: 'scores', args: { normalize: false } }] },
    ];
    for (const changes of requests) {
      const { result } = await attribute(changes);
      const { info } = result;
      const { attributed_fn: name, attributed_fn_args: args = {}, input_texts: texts, ...same } = info;
      const again = await attribute({
        ...(same as unknown as Partial<AttributeRequest>),
        attributed_fn: { name, args },
        input_texts: (texts as string[] | null) ?? [],
        messages: (info.messages as AttributeRequest['messages'] | undefined) ?? null,
        generated_texts: null,
      });
      assert.deepEqual(again.result.sequences, result.sequences);
      const { seconds: _a, ...first } = info;
      const { seconds: _b, ...second } = again.result.info;
      assert.deepEqual(second, first);
    }
    const { info } = (await attribute({})).result;
    assert.deepEqual(info.aggregators, [
      { name: 'vnorm', args: { vnorm_ord: 2, normalize: true, rescale: false, select_idx: null } },
    ]);
  });

  test('what was generated is attributed also where the prompt ends in the middle of a token', async () => {
    const generated = { generated_texts: ['The engineer argued with the client'] };
    const plain = await attribute({ input_texts: ['The engineer argued with the'], ...generated });
    const seam = await attribute({ input_texts: ['The engineer argued with the '], ...generated });
    const [expected] = plain.result.sequences;
    const [found] = seam.result.sequences;
    assert.equal(found.attr_pos_start, expected.attr_pos_start);
    assert.deepEqual(found.target_attributions, expected.target_attributions);
  });

  test('an empty prompt starts from the beginning-of-sequence token', async () => {
    const { result } = await attribute({ input_texts: [''] });
    assert.equal(result.sequences[0].attr_pos_start, 1);
    assert.equal(result.sequences[0].target[0].start, null);
  });

  test('the default of new tokens shrinks to what each text leaves of the positions', async () => {
    const { max_new_tokens: _, ...rest } = generation(20, { min_new_tokens: 4 });
    const { result } = await attribute({ input_texts: [' word'.repeat(20), ' word'], generation_args: rest });
    const [long, short] = result.sequences;
    assert.equal(long.attr_pos_start, 60);
    assert.equal(long.target.length, 64);
    assert.ok(short.target.length <= 3 + 20 && short.target.length >= 3 + 4);
  });

  test('the attributed span is cut as asked', async () => {
    const { result } = await attribute({ attr_pos_start: -3, attr_pos_end: -1 });
    const [{ attr_pos_start: start, attr_pos_end: end, target, step_scores }] = result.sequences;
    assert.equal(start, target.length - 3);
    assert.equal(end, target.length - 1);
    assert.deepEqual(step_scores, {});
  });

  test('faults of a request name the field', async () => {
    const faults: [Partial<AttributeRequest>, RegExp, string][] = [
      [{ attr_pos_start: 9, attr_pos_end: 3 }, /select no token/, '#/attr_pos_end'],
      [{ generated_texts: ['The engineer argued with the'] }, /adds no token/, '#/generated_texts'],
      [{ input_texts: ['word '.repeat(200)] }, /positions/, '#/generation_args/max_new_tokens'],
      [{ method: 'nothing' }, /there is no method/, '#/method'],
      [{ messages: [[{ role: 'user', content: 'x' }]] }, /no chat template/, '#/messages'],
      [
        { method: 'layer_gradient_x_activation', method_args: { target_layer: 'h.2.mpl' } },
        /not a module of the model\. Did you mean "h\.2\.mlp"\? .* transformer\.h\.\{0\.\.2\}\.mlp,/,
        '#/method_args/target_layer',
      ],
      [
        { method: 'layer_gradient_x_activation', method_args: { target_layer: 'encoder' } },
        /not a module of the model\. Its modules: transformer\.wte,/,
        '#/method_args/target_layer',
      ],
      [
        { method: 'layer_gradient_x_activation', method_args: { target_layer: 'mlp' } },
        /means 3 modules: transformer\.h\.0\.mlp, .*pattern/,
        '#/method_args/target_layer',
      ],
      [
        { attributed_fn: { name: 'contrast_prob_diff', args: {} } },
        /contrast_targets/,
        '#/attributed_fn/args/contrast_targets',
      ],
      [{ attributed_fn: { name: 'top_p_size', args: { top_p: 0.9 } } }, /no gradient/, '#/attributed_fn'],
    ];
    for (const [changes, message, pointer] of faults) {
      await assert.rejects(attribute(changes), (error: Error & { pointer?: string }) => {
        assert.equal(error.name, 'AttributionError', `${JSON.stringify(changes).slice(0, 80)}: ${error.stack}`);
        assert.match(error.message, message);
        assert.ok(error.pointer?.endsWith(pointer.replace('#', '')), `${error.pointer} for ${pointer}`);
        return true;
      });
    }
  });

  test('chat messages are rendered by the template, and tokens carry their role', async () => {
    const { result } = await engine.attribute(
      request({ model: 'chat', input_texts: [], messages: [[{ role: 'user', content: 'Every cat' }]] }),
      hooks(),
    );
    const [{ target, attr_pos_start: start }] = result.sequences;
    assert.ok(target.some(({ role }) => role === 'user'));
    const generated = target.slice(start).filter((token) => token.start !== null);
    assert.ok(generated.every(({ role }) => role === 'assistant'));
  });

  test('the target language is forced, and marked as forced', async () => {
    for (const language of ['fr', 'de']) {
      const { result } = await engine.attribute(
        request({
          model: 'm2m100',
          input_texts: ['The old doctor.'],
          src_lang: 'en',
          tgt_lang: language,
          attribute_target: true,
        }),
        hooks(),
      );
      const [{ source, target, source_attributions, target_attributions }] = result.sequences;
      assert.equal(source[0].token, '__en__');
      assert.deepEqual([target[1].token, target[1].forced], [`__${language}__`, true]);
      assert.equal(source_attributions?.length, source.length);
      assert.ok(target_attributions);
    }
  });

  test('raw scores, several layers, Inseq format', async () => {
    const raw = await attribute({ aggregators: [] });
    const rows = raw.result.sequences[0].target_attributions as number[][][];
    assert.equal(rows[0][0].length, 36);
    const layers = await attribute({ method: 'layer_gradient_x_activation', method_args: { target_layer: 'h.*.mlp' } });
    const [{ target_attributions, axes, layers: names }] = layers.result.sequences;
    assert.deepEqual(axes, ['layer']);
    assert.deepEqual(
      names,
      [0, 1, 2].map((layer) => `transformer.h.${layer}.mlp`),
    );
    assert.equal((target_attributions as number[][][])[0][0].length, 3);
    const inseq = JSON.parse(raw.inseq());
    assert.deepEqual(inseq.__instance_type__, ['inseq.data.attribution', 'FeatureAttributionOutput']);
  });

  test('each generated token is reported as a step', async () => {
    const steps: StepEvent[] = [];
    const output = await engine.attribute(
      request({ step_scores: [{ name: 'probability', args: {} }] }),
      hooks({ step: (step) => steps.push(step) }),
    );
    const [sequence] = output.result.sequences;
    assert.equal(steps.length, sequence.attr_pos_end - sequence.attr_pos_start);
    const column = (sequence.target_attributions as (number | null)[][]).map((row) => row[1]);
    assert.deepEqual(steps[1].target_attributions, column);
    assert.equal(steps[1].step_scores.probability, sequence.step_scores.probability[1]);
  });

  test('an aborted job stops, and no job leaves tensors behind', async () => {
    await attribute({});
    const before = tf.memory().numTensors;
    for (const method of engine.catalogue().methods.map(({ id }) => id)) {
      if (method === 'reagent') continue;
      await attribute({ method, generation_args: generation(2) });
      assert.equal(tf.memory().numTensors, before, method);
    }
    const controller = new AbortController();
    controller.abort(new Error('canceled'));
    await assert.rejects(engine.attribute(request({}), hooks({ signal: controller.signal })), /canceled/);
    let ticks = 0;
    const late = new AbortController();
    const running = engine.attribute(
      request({ method: 'integrated_gradients', method_args: { n_steps: 200, internal_batch_size: 1 } }),
      {
        progress: () => {
          ticks += 1;
          if (ticks === 20) late.abort(new Error('late'));
        },
        step: () => {},
        signal: late.signal,
      },
    );
    await assert.rejects(running, /late/);
    assert.equal(tf.memory().numTensors, before, 'after an abort');
  });
});
