/** Texts and conversations against the positions of the model, in tokens. */
import { setImmediate } from 'node:timers/promises';
import type { AttributeBody, Message } from '../../contract/attribute-request.ts';
import type { ModelInfo } from '../../contract/catalogue.ts';
import { TokenizerError } from '../../tokenizers/errors.ts';
import type { Issues } from './issues.ts';
import { conversationPointer, pointerOf, type Texts } from './texts.ts';

/** Counts tokens as the worker will; null where this process has no tokenizer of the model: then the worker checks. */
export interface TokenCounter {
  /** Special tokens of the given side included unless the request skips them. */
  count(
    modelId: string,
    text: string,
    options: { side: 'source' | 'target'; specialTokens: boolean },
  ): Promise<number | null>;
  /**
   * Tokens of a conversation by the chat template, with a reply behind it.
   * @throws TokenizerError where the template refuses the conversation
   */
  countConversation(modelId: string, messages: readonly Message[], reply: string): Promise<number | null>;
}

/** Adds an issue for every text that, with what is to be generated, does not fit the model. */
export async function checkLengths(
  body: AttributeBody,
  texts: Texts,
  model: ModelInfo,
  counter: TokenCounter,
  issues: Issues,
): Promise<void> {
  if (texts.messages !== null) await checkConversations(body, texts.messages, texts, model, counter, issues);
  else if (model.max_positions !== null)
    await checkPlainTexts(body, texts, model, model.max_positions, counter, issues);
}

async function checkPlainTexts(
  body: AttributeBody,
  { input_texts, generated_texts }: Texts,
  model: ModelInfo,
  limit: number,
  counter: TokenCounter,
  issues: Issues,
): Promise<void> {
  const newTokens = generated_texts === null ? body.generation_args.max_new_tokens : 0;
  const specialTokens = !body.skip_special_tokens;
  for (const [index, text] of input_texts.entries()) {
    await setImmediate(); // counting is synchronous: other requests go on between texts
    const tokens = await counter.count(model.id, text, { side: 'source', specialTokens });
    if (tokens === null) return;
    const pointer = pointerOf(body.input_texts, 'input_texts', index);
    if (tokens > limit) {
      issues.add(pointer, tooLong(tokens, model, limit));
    } else if (model.architecture === 'decoder-only' && tokens + newTokens > limit) {
      issues.add('#/generation_args/max_new_tokens', tooManyNew(pointer, tokens, newTokens, model, limit));
    } else if (newTokens >= limit) {
      issues.add(
        '#/generation_args/max_new_tokens',
        `must be less than ${limit}, the positions of "${model.id}", got ${newTokens}.`,
      );
    }
  }
  for (const [index, text] of (generated_texts ?? []).entries()) {
    await setImmediate();
    const tokens = await counter.count(model.id, text, { side: 'target', specialTokens });
    if (tokens === null) return;
    if (tokens > limit) {
      issues.add(pointerOf(body.generated_texts, 'generated_texts', index), tooLong(tokens, model, limit));
    }
  }
}

async function checkConversations(
  body: AttributeBody,
  conversations: readonly Message[][],
  { generated_texts }: Texts,
  model: ModelInfo,
  counter: TokenCounter,
  issues: Issues,
): Promise<void> {
  const limit = model.max_positions ?? Number.POSITIVE_INFINITY;
  const newTokens = generated_texts === null ? body.generation_args.max_new_tokens : 0;
  for (const [index, messages] of conversations.entries()) {
    await setImmediate();
    const pointer = conversationPointer(body.messages, index);
    try {
      const tokens = await counter.countConversation(model.id, messages, generated_texts?.[index] ?? '');
      if (tokens === null) return;
      if (tokens > limit) issues.add(pointer, tooLong(tokens, model, limit));
      else if (tokens + newTokens > limit) {
        issues.add('#/generation_args/max_new_tokens', tooManyNew(pointer, tokens, newTokens, model, limit));
      }
    } catch (error) {
      if (!(error instanceof TokenizerError)) throw error;
      issues.add(pointer, `${error.message}.`);
    }
  }
}

function tooLong(tokens: number, model: ModelInfo, limit: number): string {
  return `is ${tokens} tokens long; "${model.id}" takes at most ${limit}: shorten it by ${tokens - limit} tokens.`;
}

function tooManyNew(pointer: string, tokens: number, newTokens: number, model: ModelInfo, limit: number): string {
  return `${pointer} has ${tokens} tokens, and with ${newTokens} new ones they are ${tokens + newTokens}; "${model.id}" takes at most ${limit}: ask for at most ${limit - tokens} or shorten the text.`;
}
