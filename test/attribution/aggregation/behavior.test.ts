import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AggregatorCall, aggregate } from '../../../src/attribution/aggregation/aggregate.ts';
import { listAggregators } from '../../../src/attribution/aggregation/registry.ts';
import type { SequenceAttribution, Token } from '../../../src/attribution/scores.ts';
import { CONTEXT, handmade } from './support.ts';

function run(sequence: SequenceAttribution, chain: AggregatorCall[], target = '') {
  const context = { ...CONTEXT, texts: { source: null, target } };
  return aggregate([sequence], chain, [context])[0];
}

const texts = ({ target }: SequenceAttribution) => target.map(({ token }) => token);

/** Tokens of a text, cut at the given offsets; the last is a special token. */
function cut(text: string, ...offsets: number[]): Token[] {
  const ends = [...offsets.slice(1), text.length];
  const tokens: Token[] = offsets.map((start, i) => ({
    id: i,
    token: text.slice(start, ends[i]),
    start,
    end: ends[i],
  }));
  return [...tokens, { id: 99, token: '</s>', start: null, end: null }];
}

/** A sequence over a text whose first token is the prompt. */
function over(text: string, ...offsets: number[]): SequenceAttribution {
  const target = cut(text, ...offsets);
  const steps = target.length - 1;
  return handmade({
    target,
    attrPosStart: 1,
    attrPosEnd: target.length,
    targetAttributions: {
      shape: [target.length, steps],
      data: Float32Array.from({ length: target.length * steps }, (_, i) => i),
    },
    stepScores: { probability: new Float32Array(steps).fill(0.5) },
  });
}

describe('words and sentences', () => {
  it('merge the pieces of each word and leave punctuation and special tokens alone', () => {
    const text = 'unhappy dogs bark.';
    const words = run(over(text, 0, 2, 7, 10, 12, 17), [{ name: 'words' }], text);
    assert.deepEqual(texts(words), ['unhappy', ' dogs', ' bark', '.', '</s>']);
    assert.deepEqual([words.attrPosStart, words.attrPosEnd], [0, 5]);
    assert.deepEqual(words.targetAttributions?.shape, [5, 5]);
    assert.deepEqual(Array.from(words.stepScores.probability), [0.5, 0.25, 0.5, 0.5, 0.5]);
    assert.deepEqual(words.target[1], { id: -1, token: ' dogs', start: 7, end: 12 });
  });

  it('find words where there are no spaces, in the given language', () => {
    const text = '東京に行く';
    const words = run(over(text, 0, 1, 2, 3, 4), [{ name: 'words', args: { locale: 'ja' } }], text);
    assert.ok(texts(words).includes('東京'));
  });

  it('find the words of Chinese and Arabic, and sentences', () => {
    const chinese = '我喜欢北京。你呢？';
    const each = [...chinese].map((_, at) => at);
    assert.deepEqual(texts(run(over(chinese, ...each), [{ name: 'words' }], chinese)).slice(0, 4), [
      '我',
      '喜欢',
      '北京',
      '。',
    ]);
    const parts = run(over(chinese, ...each), [{ name: 'sentences' }], chinese);
    assert.deepEqual(texts(parts), ['我喜欢北京。', '你呢？', '</s>']);
    const arabic = 'مرحبا بالعالم';
    const words = run(over(arabic, 0, 2, 5, 9), [{ name: 'words' }], arabic);
    assert.deepEqual(texts(words), ['مرحبا', ' بالعالم', '</s>']);
    assert.deepEqual([words.target[1].start, words.target[1].end], [5, arabic.length]);
  });

  it('a token that is a space belongs to what comes after it, the last one to none', () => {
    const text = 'big dog  ran \nfar ';
    const words = run(over(text, 0, 3, 4, 6, 7, 8, 9, 12, 13, 14, 17), [{ name: 'words' }], text);
    assert.deepEqual(texts(words), ['big', ' dog', '  ran', ' \n', 'far', ' ', '</s>']);
  });

  it('a character whose bytes are tokens of their own is shown once where tokens are shown as text', () => {
    const text = '日本';
    const bytes = [0, 0, 0, 1, 1, 1].map((at, id) => ({ id, token: text[at], start: at, end: at + 1 }));
    const whole = run({ ...over(text, 0), target: bytes, attrPosEnd: 2 }, [{ name: 'words' }], text);
    assert.deepEqual(texts(whole), ['日本']);
    const raw = bytes.map((token, k) => ({ ...token, token: `<${k}>` }));
    const joined = run({ ...over(text, 0), target: raw, attrPosEnd: 2 }, [{ name: 'words' }], text);
    assert.deepEqual(texts(joined), ['<0><1><2><3><4><5>']);
  });

  it('merge the tokens of each sentence', () => {
    const text = 'It rains. We stay.';
    const sentences = run(over(text, 0, 2, 8, 9, 12, 17), [{ name: 'sentences' }], text);
    assert.deepEqual(texts(sentences), ['It rains.', ' We stay.', '</s>']);
  });

  it('refuse what is no language', () => {
    const chain = [{ name: 'words', args: { locale: 'no such language' } }];
    assert.throws(() => run(handmade(), chain), { code: 'invalid_aggregator', pointer: '#/aggregators/0/args/locale' });
  });
});

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
    const ids = list.map(({ id }) => id).sort();
    for (const id of ['scores', 'spans', 'subwords', 'split', 'slices', 'pair', 'vnorm', 'words', 'sentences']) {
      assert.ok(ids.includes(id), id);
    }
    for (const { id, args_schema } of list) {
      assert.equal(args_schema.additionalProperties, false, id);
      assert.deepEqual(JSON.parse(JSON.stringify(args_schema)), args_schema, id);
    }
  });
});
