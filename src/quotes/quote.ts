/** What a complete request will take, as far as it can be told without computing it. */

import type { AttributeContextRequest } from '../contract/attribute-context-request.ts';
import type { AttributeRequest } from '../contract/attribute-request.ts';
import type { Catalogue, ModelInfo } from '../contract/catalogue.ts';
import type { Quote } from '../contract/quote.ts';
import { type Effort, effortOf } from '../effort.ts';
import type { TextQuestion, TextTokens } from '../tokenizers/text-sizes.ts';
import { asAttribution, passesOfContext } from './context.ts';
import { type Extent, extentOf, questionsOf } from './extent.ts';
import { memoryOf } from './memory.ts';
import { passesOf, type TextPasses } from './passes.ts';

/** What texts come to in tokens; null where this process has no tokenizer of the model. */
export type Sizes = (modelId: string, question: TextQuestion) => Promise<TextTokens | null>;

/** A request's part of a quote; what is null is not known. */
export interface Outlook {
  tokens: number | null;
  passes: Quote['passes'];
  memory: Quote['memory'];
  effort: Effort | null;
  extents: readonly Extent[];
}

const UNKNOWN: Outlook = { tokens: null, passes: null, memory: null, effort: null, extents: [] };

/** @throws TokenizerError where the tokenizer or the chat template refuses a text */
export async function lookAhead(
  request: AttributeRequest | AttributeContextRequest,
  model: ModelInfo,
  catalogue: Catalogue,
  sizes: Sizes,
): Promise<Outlook> {
  const asked = request.kind === 'attribute-context' ? asAttribution(request, model) : request;
  const extents: Extent[] = [];
  for (const question of questionsOf(asked, model)) {
    const tokens = await sizes(model.id, question);
    if (tokens === null) return UNKNOWN;
    extents.push(extentOf(asked, model, tokens));
  }
  const tokens = extents.reduce((sum, { sourceLength, length }) => sum + sourceLength + length + 1, 0);
  const passes = extents.map((extent) => {
    const own = passesOf(asked, model, catalogue, extent);
    return request.kind === 'attribute-context' ? passesOfContext(request, own, extent) : own;
  });
  if (!passes.every((one) => one !== null)) return { ...UNKNOWN, tokens, extents };
  const total = totalOf(passes);
  const texts = extents.map((extent) => ({ ...extent, generated: extent.generated * extent.beams }));
  return {
    tokens,
    passes: total,
    memory: memoryOf(model, extents, passes),
    effort: effortOf(texts, total),
    extents,
  };
}

function totalOf(passes: readonly TextPasses[]): NonNullable<Quote['passes']> {
  const because = [...new Set(passes.flatMap((one) => one.because))];
  return {
    forward: passes.reduce((sum, { forward }) => sum + forward, 0),
    backward: passes.reduce((sum, { backward }) => sum + backward, 0),
    exact: because.length === 0,
    because,
  };
}
