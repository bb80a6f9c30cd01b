/** Golden cases of v0.4.0 that were given a contrast by its ids, as the request that means the same. */

import assert from 'node:assert/strict';
import type { Tokenizer } from '../../src/tokenizers/tokenizer.ts';
import type { AttributionCase } from '../support/goldens.ts';
import { forcedIds } from './tiny-model.ts';

/**
 * The case with the contrast as a text. v0.4.0 pairs equal positions, and each side follows its own prefix.
 * @param decode - the text of ids, without special tokens
 * @param encode - its ids again, as a sequence's own are made
 */
export function contrastAsText(
  golden: AttributionCase,
  decode: (ids: number[]) => string,
  encode: (text: string) => Int32Array,
): AttributionCase {
  const { contrast_ids: given, contrast_attention_mask: _, ...kwargs } = golden.attribute_kwargs;
  if (given === undefined) return golden;
  const [ids] = given as number[][];
  const text = decode(ids);
  assert.deepEqual(Array.from(encode(text)), ids, 'the contrast text has the recorded ids');
  return {
    ...golden,
    attribute_kwargs: {
      ...kwargs,
      contrast_targets: text,
      contrast_targets_alignments: ids.map((_id, position) => [position, position]).slice(1),
      contrast_force_inputs: true,
    },
  };
}

/** The same for a decoder-only model. */
export function decoderContrastAsText(tokenizer: Tokenizer, golden: AttributionCase): AttributionCase {
  const decode = (ids: number[]) => tokenizer.decode(ids, { skipSpecialTokens: true });
  return contrastAsText(golden, decode, (text) => forcedIds(tokenizer, text));
}
