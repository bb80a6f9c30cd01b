import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AlignedText } from '../../src/tokenizers/aligned-text.ts';
import { literalPattern, regexPattern } from '../../src/tokenizers/patterns.ts';
import { createPreTokenizer } from '../../src/tokenizers/pre-tokenizers.ts';
import { type SplitBehavior, split } from '../../src/tokenizers/split.ts';

// The example of the documentation of Hugging Face's tokenizers.
const BEHAVIORS: [SplitBehavior, string[]][] = [
  ['removed', ['the', 'final', 'countdown']],
  ['isolated', ['the', '-', 'final', '-', '-', 'countdown']],
  ['merged-with-previous', ['the-', 'final-', '-', 'countdown']],
  ['merged-with-next', ['the', '-final', '-', '-countdown']],
  ['contiguous', ['the', '-', 'final', '--', 'countdown']],
];

for (const [behavior, pieces] of BEHAVIORS) {
  test(`split: ${behavior}`, () => {
    const text = 'the-final--countdown';
    const parts = (invert: boolean) =>
      split(text, regexPattern(invert ? /[a-z]+/g : /-/g), behavior, invert).map(([from, to]) => text.slice(from, to));
    assert.deepEqual(parts(false), pieces);
    // With the pattern and its sense both turned round, runs of hyphens count as one match.
    if (behavior === 'removed' || behavior === 'contiguous') assert.deepEqual(parts(true), pieces);
  });
}

test('an empty text and a text of separators', () => {
  assert.deepEqual(split('', literalPattern('-'), 'isolated'), []);
  assert.deepEqual(split('--', literalPattern('-'), 'removed'), []);
  assert.deepEqual(split('--', literalPattern('-'), 'merged-with-previous'), [
    [0, 1],
    [1, 2],
  ]);
});

const pieces = (config: Record<string, unknown>, text: string): [string, number, number][] =>
  createPreTokenizer(config)(AlignedText.of(text)).map((piece) => [piece.text, ...piece.range(0, piece.text.length)]);

test('pre-tokenizers of other families', () => {
  assert.deepEqual(pieces({ type: 'Whitespace' }, 'a b!?\tc_1'), [
    ['a', 0, 1],
    ['b', 2, 3],
    ['!?', 3, 5],
    ['c_1', 6, 9],
  ]);
  assert.deepEqual(pieces({ type: 'WhitespaceSplit' }, ' a\u3000b! '), [
    ['a', 1, 2],
    ['b!', 3, 5],
  ]);
  assert.deepEqual(
    pieces({ type: 'Digits', individual_digits: true }, 'a12').map(([text]) => text),
    ['a', '1', '2'],
  );
  assert.deepEqual(
    pieces({ type: 'Digits', individual_digits: false }, 'a12٣').map(([text]) => text),
    ['a', '12٣'],
  );
  assert.deepEqual(
    pieces({ type: 'Punctuation', behavior: 'Contiguous' }, 'a..b').map(([text]) => text),
    ['a', '..', 'b'],
  );
  assert.deepEqual(
    pieces({ type: 'FixedLength', length: 2 }, 'ab🙂c').map(([text]) => text),
    ['ab', '🙂c'],
  );
  assert.deepEqual(
    pieces({ type: 'CharDelimiterSplit', delimiter: '|' }, 'a|b').map(([text]) => text),
    ['a', 'b'],
  );
  assert.deepEqual(pieces({ type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious' }, 'a b'), [
    ['a ', 0, 2],
    ['b', 2, 3],
  ]);
});

test('Llama 3’s pattern and the bytes after it', () => {
  const pattern =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const config = {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  };
  assert.deepEqual(pieces(config, "I'LL  é 12345\n"), [
    ['I', 0, 1],
    ["'LL", 1, 4],
    ['Ġ', 4, 5],
    ['ĠÃ©', 5, 7],
    ['Ġ', 7, 8],
    ['123', 8, 11],
    ['45', 11, 13],
    ['Ċ', 13, 14],
  ]);
});

test('Metaspace: where the space is put in front', () => {
  const metaspace = (over: Record<string, unknown>, text: AlignedText) =>
    createPreTokenizer({ type: 'Metaspace', replacement: '▁', ...over })(text).map((piece) => piece.text);
  assert.deepEqual(metaspace({ prepend_scheme: 'always' }, AlignedText.of('a  b', 5)), ['▁a', '▁', '▁b']);
  assert.deepEqual(metaspace({ prepend_scheme: 'first' }, AlignedText.of('a b')), ['▁a', '▁b']);
  assert.deepEqual(metaspace({ prepend_scheme: 'first' }, AlignedText.of('a b', 5)), ['a', '▁b']);
  assert.deepEqual(metaspace({ prepend_scheme: 'never' }, AlignedText.of('a b')), ['a', '▁b']);
  assert.deepEqual(metaspace({ add_prefix_space: false }, AlignedText.of('a b')), ['a', '▁b']);
  assert.deepEqual(metaspace({ split: false }, AlignedText.of('a b')), ['▁a▁b']);
});

test('what is not supported is named', () => {
  assert.throws(() => createPreTokenizer({ type: 'Morphemes' }), /pre-tokenizer "Morphemes" .* not supported/);
  assert.throws(() => createPreTokenizer({ type: 'Split' }), /no pattern/);
  assert.throws(
    () => createPreTokenizer({ type: 'Split', pattern: { String: 'a' }, behavior: 'Sideways' }),
    /behavior "Sideways"/,
  );
});
