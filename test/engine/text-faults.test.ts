/** One text's failure is that text's alone, and what did not fail is as if it had been alone. */

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { AttributionError } from '../../src/attribution/errors.ts';
import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import { eachText, TextFault } from '../../src/engine/text-faults.ts';
import { modelDir } from '../support/goldens.ts';
import { generation, hooks, request } from './request.ts';
import { startTestEngine, type TestEngine } from './start.ts';

const GOOD = ['The engineer argued with the', 'Every small cat'];
const TOO_LONG = 'word '.repeat(200);

describe('a job whose texts fail in part', () => {
  let started: TestEngine;
  const attribute = (changes: Partial<AttributeRequest>) => started.engine.attribute(request(changes), hooks());
  before(async () => {
    started = await startTestEngine(() => [{ id: 'gpt2', path: modelDir('gpt2-tiny'), quantization: 'none' }]);
  });
  after(() => started.close());

  test('gives the others as if they were alone, in their order', async () => {
    const args = { generation_args: generation(3) };
    const { result, failedTexts, inseq } = await attribute({ input_texts: [GOOD[0], TOO_LONG, GOOD[1]], ...args });
    assert.equal(failedTexts, 1);
    const [first, failed, last] = result.sequences;
    const alone = await Promise.all(GOOD.map((text) => attribute({ input_texts: [text], ...args })));
    const asJson = (sequences: typeof result.sequences) => sequences.map((sequence) => JSON.stringify(sequence));
    assert.deepEqual(asJson([first, last]), asJson(alone.flatMap((one) => one.result.sequences)));
    assert.equal(failed.error?.code, 'too_long');
    assert.match(String(failed.error?.message), /are more than the 64 positions of "gpt2"; shorten/);
    assert.equal(failed.error?.pointer, '#/generation_args/max_new_tokens');
    assert.deepEqual([failed.target, failed.target_attributions], [[], null]);
    const { info } = result;
    assert.deepEqual(info.continuations, [
      alone[0].result.info.continuations[0],
      null,
      alone[1].result.info.continuations[0],
    ]);
    const { attributes } = JSON.parse(inseq());
    assert.equal(attributes.sequence_attributions.length, 2);
    assert.deepEqual(attributes.info.input_texts, GOOD);
  });

  test('a fault while a text is attributed is its own as well', async () => {
    // Positions 8 and 9 are there in one of the texts alone.
    const texts = { input_texts: ['The engineer argued with the', 'Every'], generation_args: generation(6) };
    const { result, failedTexts } = await attribute({ ...texts, attr_pos_start: 9 });
    assert.equal(failedTexts, 1);
    assert.equal(result.sequences[0].error, undefined);
    assert.equal(result.sequences[1].error?.code, 'empty_span');
  });

  test('an aggregator that does not fit one text leaves the others', async () => {
    const pair = [
      { name: 'scores', args: {} },
      { name: 'pair', args: { paired: 0 } },
    ];
    const texts = ['The engineer argued with the', 'The engineer argued with a', 'Every'];
    const { result, failedTexts } = await attribute({ input_texts: texts, aggregators: pair });
    assert.equal(failedTexts, 1);
    assert.match(String(result.sequences[2].error?.message), /texts 2 and 0 cannot be compared/);
    assert.equal(result.sequences[2].error?.pointer, '#/aggregators/1/args/paired');
    const missing = await attribute({ input_texts: [TOO_LONG, GOOD[0], GOOD[1]], aggregators: [pair[0]] });
    assert.equal(missing.failedTexts, 1);
    await assert.rejects(attribute({ input_texts: [TOO_LONG, GOOD[0]], aggregators: pair }), {
      message: /^none of the 2 texts could be attributed; the first: \d+ tokens are more/,
    });
  });

  test('where all fail of the same, the job says it once', async () => {
    const changes = { input_texts: GOOD, method: 'layer_gradient_x_activation', method_args: { target_layer: 'none' } };
    await assert.rejects(attribute(changes), {
      name: 'AttributionError',
      message: /^"?none"? .*is not a module|not a module/,
    });
  });

  test('a stopped job is stopped, whatever became of its texts', async () => {
    const stop = new AbortController();
    stop.abort(new Error('canceled'));
    const run = started.engine.attribute(request({ input_texts: [TOO_LONG, ...GOOD] }), hooks({ signal: stop.signal }));
    await assert.rejects(run, /canceled/);
  });
});

describe('texts that fail unexpectedly', () => {
  const fulfilled = (value: number) => ({ status: 'fulfilled' as const, value });
  const rejected = (reason: unknown) => ({ status: 'rejected' as const, reason });

  test('are tried once more, alone, where others succeed', async () => {
    const tried: number[][] = [];
    const results = await eachText(
      [4, 5, 6],
      () => {},
      async (texts) => {
        tried.push([...texts]);
        return texts.map((text) =>
          text === 5 && texts.length > 1 ? rejected(new Error('out of memory')) : fulfilled(text),
        );
      },
    );
    assert.deepEqual(results, [4, 5, 6]);
    assert.deepEqual(tried, [[4, 5, 6], [5]]);
  });

  test('keep what is wrong inside to the log', async () => {
    const bug = new TypeError('/secret/path: x is undefined');
    const results = await eachText(
      [0, 1],
      () => {},
      async (texts) => texts.map((text) => (text === 0 ? rejected(bug) : fulfilled(text))),
    );
    const [fault] = results;
    assert.ok(fault instanceof TextFault && !fault.isExpected);
    assert.equal(fault.reason, bug);
    assert.deepEqual(fault.error, {
      code: 'engine_error',
      message: 'The engine failed on this text. The log of the worker says why.',
      pointer: null,
    });
  });

  test('a fault of the request is not tried again', async () => {
    let attempts = 0;
    await eachText(
      [0, 1],
      () => {},
      async (texts) => {
        attempts += 1;
        return texts.map((text) => (text === 0 ? rejected(new AttributionError('x', 'y')) : fulfilled(text)));
      },
    );
    assert.equal(attempts, 1);
  });
});
