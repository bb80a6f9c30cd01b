/** Texts and conversations against the positions of the model, in tokens. */
import { setTimeout } from 'node:timers/promises';
import type { AttributeBody, GenerationArgs, Message } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import { TokenizerError, TokenizerLimitError } from '../tokenizers/errors.ts';
import type { Issues } from './issues.ts';
import { conversationPointer, pointerOf, type Texts } from './texts.ts';

/** Counts tokens as the worker will; null where this process has no tokenizer of the model: then the worker checks. */
export interface TokenCounter {
  /**
   * Special tokens of the given side included unless the request skips them.
   * @throws TokenizerLimitError where the tokenizer takes too long for the text
   */
  count(
    modelId: string,
    text: string,
    options: { side: 'source' | 'target'; specialTokens: boolean },
  ): Promise<number | null>;
  /**
   * Tokens of a conversation by the chat template, with a reply behind it.
   * @throws TokenizerError where the template refuses the conversation, or takes too long for it
   */
  countConversation(modelId: string, messages: readonly Message[], reply: string): Promise<number | null>;
  /** The most characters (UTF-16 units) of one token; null where that is not known, or there is no such limit. */
  longestToken(modelId: string): Promise<number | null>;
}

/**
 * Milliseconds that a request waits for its counts. What is not counted by then is left to the worker, which counts
 * again in any case: many long texts, or many requests for one model, are not the request's fault.
 */
const PATIENCE_MS = 8_000;

/** Which side of the model a text is on, with what is generated after it. */
interface Place {
  /** The text in the body. */
  pointer: string;
  /** What counts against the positions together with new tokens: the prompt, or 0 where they have a side of their own. */
  promptTokens: number;
}

/**
 * Adds an issue for every text that, with what is to be generated, does not fit the model.
 * Where nothing was asked for, the worker generates as many tokens as there is room for.
 */
export async function checkLengths(
  body: AttributeBody,
  texts: Texts,
  model: ModelInfo,
  counter: TokenCounter,
  issues: Issues,
  patienceMs = PATIENCE_MS,
): Promise<void> {
  const limit = model.max_positions ?? Number.POSITIVE_INFINITY;
  const over = new AbortController();
  const patience = setTimeout(patienceMs, null, { signal: over.signal, ref: false }).catch(() => null);
  const context: Counting = { model, limit, counter, issues, patience };
  try {
    const places =
      texts.messages !== null
        ? await conversations(body, texts.messages, texts.generated_texts, context)
        : limit === Number.POSITIVE_INFINITY
          ? []
          : await plainTexts(body, texts, context);
    if (texts.generated_texts === null && places !== null) checkRoom(places, body.generation_args, context);
  } finally {
    over.abort();
  }
}

interface Counting {
  model: ModelInfo;
  limit: number;
  counter: TokenCounter;
  issues: Issues;
  /** Null, when the request has waited long enough. */
  patience: Promise<null>;
}

/** The places of input texts; null where not all could be counted. */
async function plainTexts(body: AttributeBody, texts: Texts, context: Counting): Promise<Place[] | null> {
  const { model, limit, issues, counter } = context;
  const longest = await Promise.race([counter.longestToken(model.id).catch(() => null), context.patience]);
  const sides = [
    { field: 'input_texts', side: 'source', given: texts.input_texts },
    { field: 'generated_texts', side: 'target', given: texts.generated_texts ?? [] },
  ] as const;
  const places: Place[] = [];
  for (const { field, side, given } of sides) {
    for (const [index, text] of given.entries()) {
      if (issues.isFull) return null;
      const pointer = pointerOf(body[field], field, index);
      if (longest !== null && text.length > limit * longest) {
        issues.add(pointer, tooManyCharacters(text, longest, model, limit));
        continue;
      }
      const options = { side, specialTokens: !body.skip_special_tokens };
      const tokens = await counted(() => counter.count(model.id, text, options), pointer, context);
      if (tokens === null) return null;
      if (tokens > limit) issues.add(pointer, tooLong(tokens, model, limit));
      else if (side === 'source') {
        places.push({ pointer, promptTokens: model.architecture === 'decoder-only' ? tokens : 1 });
      }
    }
  }
  return places;
}

async function conversations(
  body: AttributeBody,
  given: readonly Message[][],
  replies: readonly string[] | null,
  context: Counting,
): Promise<Place[] | null> {
  const { model, limit, issues, counter } = context;
  const places: Place[] = [];
  for (const [index, messages] of given.entries()) {
    if (issues.isFull) return null;
    const pointer = conversationPointer(body.messages, index);
    const reply = replies?.[index] ?? '';
    const tokens = await counted(() => counter.countConversation(model.id, messages, reply), pointer, context);
    if (tokens === null) return null;
    if (tokens > limit) issues.add(pointer, tooLong(tokens, model, limit));
    else places.push({ pointer, promptTokens: tokens });
  }
  return places;
}

/** A count; null where there is none, none in time, or an issue says why. */
async function counted(
  count: () => Promise<number | null>,
  pointer: string,
  { patience, issues }: Counting,
): Promise<number | null> {
  try {
    return await Promise.race([count(), patience]);
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error;
    issues.add(pointer, `${error.message}.`);
    // A text that breaks a limit of time has cost a thread; the others wait for the client to mend it.
    return error instanceof TokenizerLimitError ? null : 0;
  }
}

/** Adds an issue for every text that has no room for what is asked for, or for nothing at all. */
function checkRoom(
  places: readonly Place[],
  { max_new_tokens: asked, min_new_tokens: fewest = 0 }: GenerationArgs,
  { model, limit, issues }: Counting,
): void {
  for (const { pointer, promptTokens } of places) {
    const room = limit - promptTokens;
    if (asked !== undefined && asked > room) {
      issues.add('#/generation_args/max_new_tokens', tooManyNew(pointer, promptTokens, asked, model, limit));
    } else if (room < 1) {
      issues.add(
        pointer,
        `fills all ${limit} positions of "${model.id}", and no room is left to generate: shorten it.`,
      );
    } else if (fewest > room) {
      issues.add('#/generation_args/min_new_tokens', tooManyNew(pointer, promptTokens, fewest, model, limit));
    }
  }
}

function tooLong(tokens: number, model: ModelInfo, limit: number): string {
  return `is ${tokens} tokens long; "${model.id}" takes at most ${limit}: shorten it by ${tokens - limit} tokens.`;
}

function tooManyCharacters({ length }: string, longest: number, model: ModelInfo, limit: number): string {
  return (
    `is ${length} characters long, which are at least ${Math.ceil(length / longest)} tokens; "${model.id}" takes at ` +
    `most ${limit}: shorten it.`
  );
}

function tooManyNew(pointer: string, tokens: number, newTokens: number, model: ModelInfo, limit: number): string {
  if (newTokens >= limit) return `must be less than ${limit}, the positions of "${model.id}", got ${newTokens}.`;
  return (
    `${pointer} has ${tokens} tokens, and with ${newTokens} new ones they are ${tokens + newTokens}; "${model.id}" ` +
    `takes at most ${limit}: ask for at most ${limit - tokens} or shorten the text.`
  );
}
