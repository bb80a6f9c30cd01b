/** What contrastive step functions compared with what, for the result's info. */

import type { ResolvedContrast } from '../attribution/sequence-scores.ts';
import type { ContrastInfo } from '../contract/result.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** @param start - position of the first attributed token of the sequence */
export function contrastInfo(
  contrasts: readonly ResolvedContrast[],
  sequence: number,
  start: number,
  tokenizer: Tokenizer,
): ContrastInfo[] {
  return contrasts.map(({ fn, role, targetIds, positions }) => ({
    sequence,
    step_function: fn,
    role: role === 'attribute' ? 'attributed_fn' : 'step_score',
    alignments: Array.from(positions, (at, t) => [start + t, at]),
    contrast_tokens: Array.from(positions, (at) => tokenizer.idToToken(targetIds[at]) ?? ''),
  }));
}
