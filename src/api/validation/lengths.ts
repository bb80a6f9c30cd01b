/** Texts against the positions of the model, in tokens. */
import { setImmediate } from 'node:timers/promises';
import type { AttributeBody } from '../../contract/attribute-request.ts';
import type { ModelInfo } from '../../contract/catalogue.ts';
import type { Issues } from './issues.ts';
import { pointerOf, type Texts } from './texts.ts';

/** Counts tokens as the worker will: special tokens of the given side included unless the request skips them. */
export interface TokenCounter {
  /** Null where this process has no tokenizer of the model: then the worker checks. */
  count(
    modelId: string,
    text: string,
    options: { side: 'source' | 'target'; specialTokens: boolean },
  ): Promise<number | null>;
}

/** Adds an issue for every text that, with what is to be generated, does not fit the model. */
export async function checkLengths(
  body: AttributeBody,
  texts: Texts,
  model: ModelInfo,
  counter: TokenCounter,
  issues: Issues,
): Promise<void> {
  const { max_positions: limit, architecture } = model;
  if (limit === null) return;
  const newTokens = texts.generated_texts === null ? body.generation_args.max_new_tokens : 0;
  const specialTokens = !body.skip_special_tokens;
  for (const [index, text] of texts.input_texts.entries()) {
    await setImmediate(); // counting is synchronous: other requests go on between texts
    const tokens = await counter.count(model.id, text, { side: 'source', specialTokens });
    if (tokens === null) return;
    const pointer = pointerOf(body.input_texts, 'input_texts', index);
    if (tokens > limit) {
      issues.add(
        pointer,
        `is ${tokens} tokens long; "${model.id}" takes at most ${limit}: shorten it by ${tokens - limit} tokens.`,
      );
    } else if (architecture === 'decoder-only' && tokens + newTokens > limit) {
      issues.add(
        '#/generation_args/max_new_tokens',
        `${pointer} has ${tokens} tokens, and with ${newTokens} new ones they are ${tokens + newTokens}; "${model.id}" takes at most ${limit}: ask for at most ${limit - tokens} or shorten the text.`,
      );
    } else if (newTokens >= limit) {
      issues.add(
        '#/generation_args/max_new_tokens',
        `must be less than ${limit}, the positions of "${model.id}", got ${newTokens}.`,
      );
    }
  }
  for (const [index, text] of (texts.messages === null ? (texts.generated_texts ?? []) : []).entries()) {
    await setImmediate();
    const tokens = await counter.count(model.id, text, { side: 'target', specialTokens });
    if (tokens === null) return;
    if (tokens > limit) {
      const pointer = pointerOf(body.generated_texts, 'generated_texts', index);
      issues.add(
        pointer,
        `is ${tokens} tokens long; "${model.id}" takes at most ${limit}: shorten it by ${tokens - limit} tokens.`,
      );
    }
  }
}
