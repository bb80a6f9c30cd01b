import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sequence } from '../../../../src/attribution/passes/sequence-features.ts';
import {
  type ContrastTexts,
  resolveContrast,
} from '../../../../src/attribution/step-functions/parts/contrast-inputs.ts';

/** One token a letter; a special token (0) in front. */
const encode = (text: string, { addSpecialTokens }: { addSpecialTokens: boolean }): Int32Array =>
  Int32Array.from([...(addSpecialTokens ? [0] : []), ...[...text].map((letter) => letter.charCodeAt(0))]);

const ids = encode('abcdef', { addSpecialTokens: true });
const sequence: Sequence = {
  sourceIds: null,
  sourceBaselineIds: null,
  specialIds: new Set(),
  targetIds: ids,
  targetBaselineIds: ids,
  start: 3,
  end: 6,
};
const texts: ContrastTexts = {
  encodeTarget: encode,
  encodeSource: null,
  align: null,
  index: 1,
  count: 2,
  maxPositions: 10,
};
const translation: Sequence = { ...sequence, sourceIds: Int32Array.of(7, 8), sourceBaselineIds: Int32Array.of(1, 1) };
const translationTexts: ContrastTexts = { ...texts, encodeSource: encode };

const letters = (values: Int32Array): string => String.fromCharCode(...values);
const tokens = async (args: Parameters<typeof resolveContrast>[0], given = texts, of = sequence): Promise<string> => {
  const { targetIds, positions } = await resolveContrast(args, of, given);
  return letters(positions.map((at) => targetIds[at]));
};

describe('contrast inputs', () => {
  it('align a text of the same length token by token', async () => {
    assert.equal(await tokens({ contrast_targets: 'abxyzw' }), 'xyz');
  });

  it('align a text of another length from the ends, whatever span is attributed', async () => {
    assert.equal(await tokens({ contrast_targets: 'uvwxyz12' }), 'yz1');
    const whole = await tokens({ contrast_targets: 'uvwxyz12' }, texts, { ...sequence, end: 7 });
    assert.equal(whole.slice(0, 3), await tokens({ contrast_targets: 'uvwxyz12' }));
  });

  it('take explicit pairs first, of this input where there are lists', async () => {
    const pairs: [number, number][] = [
      [3, 6],
      [5, 1],
    ];
    assert.equal(await tokens({ contrast_targets: 'uvwxyz', contrast_targets_alignments: pairs }), 'zxu');
    assert.equal(await tokens({ contrast_targets: 'uvwxyz', contrast_targets_alignments: [[], pairs] }), 'zxu');
    assert.equal(await tokens({ contrast_targets: 'uvwxyz', contrast_targets_alignments: [pairs] }), 'zxu');
  });

  it('take one text for all inputs, or one for each', async () => {
    assert.equal(await tokens({ contrast_targets: ['uvwxyz', 'UVWXYZ'] }), 'WXY');
    assert.equal(await tokens({ contrast_targets: ['uvwxyz'] }), 'wxy');
  });

  it('leave out special tokens on request', async () => {
    const { targetIds } = await resolveContrast(
      { contrast_targets: 'uvwxyz', skip_special_tokens: true },
      sequence,
      texts,
    );
    assert.equal(letters(targetIds), 'uvwxyz');
  });

  it('read the generated text after another source', async () => {
    const { targetIds, sourceIds, positions } = await resolveContrast(
      { contrast_sources: 'xy' },
      translation,
      translationTexts,
    );
    assert.equal(targetIds, translation.targetIds);
    assert.deepEqual([...positions], [3, 4, 5]);
    assert.deepEqual(sourceIds, encode('xy', { addSpecialTokens: true }));
    const kept = await resolveContrast({ contrast_targets: 'uvwxyz' }, translation, translationTexts);
    assert.equal(kept.sourceIds, translation.sourceIds);
  });

  it('ask the aligner for "auto"', async () => {
    const align = async (target: Int32Array, contrast: Int32Array): Promise<[number, number][]> => {
      assert.equal(target, sequence.targetIds);
      assert.equal(contrast.length, 7);
      return [[4, 1]];
    };
    const args = { contrast_targets: 'uvwxyz', contrast_targets_alignments: 'auto' } as const;
    assert.equal(await tokens(args, { ...texts, align }), 'wuy');
  });

  const refused: [string, Parameters<typeof resolveContrast>[0], string, RegExp][] = [
    ['no contrast', {}, '/contrast_targets', /need contrast_targets$/],
    ['a source of a decoder-only model', { contrast_sources: 'x' }, '/contrast_sources', /decoder-only model has no/],
    ['too many texts', { contrast_targets: ['a', 'b', 'c'] }, '/contrast_targets', /3 texts do not fit 2 input texts/],
    ['a long text', { contrast_targets: 'abcdefghijkl' }, '/contrast_targets', /13 tokens.*positions for 10/],
    ['a text without a second token', { contrast_targets: '' }, '/contrast_targets', /1 tokens has nothing to predict/],
    [
      '"auto" without an aligner',
      { contrast_targets: 'uvwxyz', contrast_targets_alignments: 'auto' },
      '/contrast_targets_alignments',
      /needs an aligner, and the models file of this service names none/,
    ],
    [
      'a pair outside the text',
      { contrast_targets: 'uvwxyz', contrast_targets_alignments: [[3, 7]] },
      '/contrast_targets_alignments',
      /pair \[3, 7\] names token 7, but the contrast text has 7 tokens/,
    ],
    [
      'a pair with the first token',
      { contrast_targets: 'uvwxyz', contrast_targets_alignments: [[4, 0]] },
      '/contrast_targets_alignments',
      /token 4 of the generated text is aligned with the first token/,
    ],
    [
      'lists of pairs that do not fit',
      { contrast_targets: 'uvwxyz', contrast_targets_alignments: [[], [], []] },
      '/contrast_targets_alignments',
      /3 lists of pairs do not fit 2 input texts/,
    ],
  ];
  for (const [title, args, pointer, message] of refused) {
    it(`refuse ${title}`, () => {
      return assert.rejects(resolveContrast(args, sequence, texts), { name: 'AttributionError', pointer, message });
    });
  }
});
