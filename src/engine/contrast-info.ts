/** What contrastive step functions compared with what, for tokens and for the result's info. */

import type { Token } from '../attribution/scores.ts';
import type { ResolvedContrast } from '../attribution/sequence-scores.ts';
import type { ContrastInfo } from '../contract/result.ts';
import type { Tokenizer } from '../tokenizers/tokenizer.ts';

/** What one sequence was compared with. */
export interface SequenceContrasts {
  contrasts: readonly ResolvedContrast[];
  /** Position of the first attributed token. */
  start: number;
  target: readonly Token[];
  tokenizer: Tokenizer;
}

/** @param sequence - which of the sequences */
export function contrastInfo(
  { contrasts, start, target, tokenizer }: SequenceContrasts,
  sequence: number,
): ContrastInfo[] {
  return contrasts.map(({ fn, role, targetIds, positions }) => {
    const tokens = Array.from(positions, (at) => tokenizer.idToToken(targetIds[at]) ?? '');
    return {
      sequence,
      step_function: fn,
      role: role === 'attribute' ? 'attributed_fn' : 'step_score',
      alignments: Array.from(positions, (at, t) => [start + t, at]),
      contrast_tokens: tokens,
      pairs: tokens.map((token, t) => `${token} → ${target[start + t].token}`),
    };
  });
}

/** The target's tokens, those attributed with what the attributed function, or else the first step score, compares them. */
export function withContrasts({ contrasts, start, target, tokenizer }: SequenceContrasts): Token[] {
  const shown = contrasts.find(({ role }) => role === 'attribute') ?? contrasts[0];
  if (shown === undefined) return [...target];
  return target.map((token, at) => {
    const position = shown.positions[at - start];
    if (position === undefined) return token;
    const id = shown.targetIds[position];
    return { ...token, contrast: { id, token: tokenizer.idToToken(id) ?? '', position } };
  });
}
