import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aggregate } from '../../../src/attribution/aggregation/aggregate.ts';
import { listAggregators } from '../../../src/attribution/aggregation/registry.ts';
import { CONTEXT, handmade, over, run, texts } from './support.ts';

describe('subwords', () => {
  const sequence = () => {
    const target = ['▁a', '▁gard', 'en', '▁gr', 'een', '</s>'].map((token, id) => {
      return { id, token, start: token === '</s>' ? null : id, end: token === '</s>' ? null : id + 1 };
    });
    const targetAttributions = { shape: [6, 1], data: Float32Array.of(1, -3, 2, 4, 5, 6) };
    return handmade({ target, attrPosStart: 5, attrPosEnd: 6, targetAttributions, stepScores: {} });
  };

  it('merge the last word too, and never a special token', () => {
    const merged = run(sequence(), [{ name: 'subwords' }]);
    assert.deepEqual(texts(merged), ['▁a', '▁garden', '▁green', '</s>']);
    assert.deepEqual(Array.from(merged.targetAttributions?.data ?? []), [1, -3, 5, 6]);
  });

  it('leave a text alone that has no marks', () => {
    const merged = run(sequence(), [{ name: 'subwords', args: { special_chars: '##' } }]);
    assert.equal(merged.target.length, 6);
  });
});

describe('spans', () => {
  it('passes over what does not apply, and multiplies probabilities', () => {
    const merged = run(handmade(), [{ name: 'spans', args: { target_spans: [2, 4] } }]);
    assert.deepEqual(texts(merged), ['a', 'b', 'cd']);
    assert.deepEqual(Array.from(merged.targetAttributions?.data ?? []), [-2, 4, 5]);
    assert.deepEqual(Array.from(merged.stepScores.probability), [0.125]);
  });

  for (const [spans, message] of [
    [[[2, 2]], /is empty/],
    [[[3, 5]], /after the 4 tokens/],
    [
      [
        [0, 2],
        [1, 3],
      ],
      /begins before/,
    ],
  ] as const) {
    it(`refuses ${JSON.stringify(spans)}`, () => {
      const chain = [{ name: 'scores' }, { name: 'spans', args: { target_spans: spans } }];
      assert.throws(
        () => run(handmade(), chain),
        (error: { message: string; pointer: string }) => {
          assert.match(error.message, message);
          assert.equal(error.pointer, '#/aggregators/1/args/target_spans');
          return true;
        },
      );
    });
  }
});

describe('split', () => {
  it('stops a pattern that backtracks without end', () => {
    const target = handmade().target.map((token) => ({ ...token, token: `${'a'.repeat(40)}!` }));
    const chain = [{ name: 'split', args: { split_pattern: '^(a+)+$' } }];
    assert.throws(() => run(handmade({ target }), chain), /took more than 250 ms/);
  });

  it('refuses what is no regular expression', () => {
    assert.throws(() => run(handmade(), [{ name: 'split', args: { split_pattern: '(' } }]), /not a regular expression/);
  });
});

describe('slices, pair, weight', () => {
  it('slices refuses attributed tokens', () => {
    assert.throws(() => run(handmade(), [{ name: 'slices', args: { target_spans: [1, 3] } }]), /begin at 2/);
  });

  it('pair shows both tokens, and refuses texts of another length', () => {
    const other = handmade({
      target: handmade().target.map((token, i) => (i === 1 ? { ...token, token: 'x' } : token)),
    });
    const chain = [{ name: 'pair', args: { paired: 1 } }];
    const [first] = aggregate([handmade(), other], chain, [CONTEXT, CONTEXT]);
    assert.deepEqual(texts(first), ['a', 'b → x', 'c', 'd']);
    assert.equal(first.targetAttributions?.data[0], 0);
    const longer = over('abcde', 0, 1, 2, 3, 4);
    assert.throws(() => aggregate([handmade(), longer], chain, [CONTEXT, CONTEXT]), /texts 0 and 1 cannot be compared/);
    assert.throws(() => aggregate([handmade()], chain, [CONTEXT]), /no text 1/);
  });

  it('weight names the step scores that there are', () => {
    assert.throws(() => run(handmade(), [{ name: 'weight', args: { step_score: 'logit' } }]), /asks for: probability/);
  });
});

describe('scores', () => {
  const raw = () =>
    handmade({
      kind: 'multidimensional',
      axes: ['layer', 'head'],
      targetAttributions: { shape: [4, 2, 1, 2], data: Float32Array.from({ length: 16 }, (_, i) => i) },
    });

  it('keeps the names of the axes that are left', () => {
    const chain = [{ name: 'max', args: { normalize: false } }];
    const maxima = run(raw(), chain);
    assert.deepEqual(maxima.axes, ['layer']);
    assert.deepEqual(Array.from(maxima.targetAttributions?.data ?? []), [1, 3, 5, 7, 9, 11, 13, 15]);
  });

  it('refuses units that there are not, and arguments that it does not know', () => {
    const withArgs = (args: Record<string, unknown>) => () => run(raw(), [{ name: 'mean', args }]);
    assert.throws(withArgs({ select_idx: 2 }), /no unit 2: the last axis has 2 units/);
    assert.throws(withArgs({ select_idx: { start: 1, end: 1 } }), /not within the 2 units/);
    assert.throws(withArgs({ normalise: true }), { code: 'invalid_aggregator' });
    assert.throws(() => run(raw(), [{ name: 'rank' }]), { pointer: '#/aggregators/0' });
  });

  it('leaves raw scores as they are where no aggregator is asked for', () => {
    assert.deepEqual(run(raw(), []), raw());
  });
});

describe('the list of aggregators', () => {
  it('describes every one with a JSON schema that refuses unknown arguments', () => {
    const list = listAggregators();
    assert.ok(list.length > 0);
    for (const { id, args_schema } of list) {
      assert.equal(args_schema.additionalProperties, false, id);
      assert.deepEqual(JSON.parse(JSON.stringify(args_schema)), args_schema, id);
    }
  });
});
