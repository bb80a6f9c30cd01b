/**
 * What a text comes to in tokens when it is attributed, without a model: the same ids as the engine makes of it, as far as
 * they are known before the model has generated.
 */

import { type ConfigIds, readConfigIds } from '../checkpoints/config.ts';
import { type GenerationConfig, readGenerationConfig } from '../checkpoints/generation-config.ts';
import { baselineIds, baselineSpecials } from './baseline.ts';
import type { ChatMessage } from './chat.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A text of a request, with what decides how it is encoded. */
export interface TextQuestion {
  readonly architecture: 'decoder-only' | 'encoder-decoder';
  readonly prompt: string | readonly ChatMessage[];
  /** The output, where it is given. */
  readonly forced: string | null;
  readonly specialTokens: boolean;
  readonly srcLang: string | null;
  readonly tgtLang: string | null;
  readonly includeEosBaseline: boolean;
}

/** Sizes of a text in tokens. */
export interface TextTokens {
  /** Of the encoder's input: 1 where the token differs from its baseline. Empty: there is no encoder. */
  readonly source: Uint8Array;
  /** The same of the decoder's: of the prompt and the output, where that is given. */
  readonly target: Uint8Array;
  /** The first decoder token that can be attributed. */
  readonly first: number;
  /** New tokens that the checkpoint's own file asks for; null: it does not say. */
  readonly newTokens: number | null;
  /** Beams that it asks for. */
  readonly beams: number;
}

/** What of a checkpoint's files decides it. */
export interface CheckpointIds {
  readonly config: ConfigIds;
  readonly generation: GenerationConfig;
}

/** Reads it. @throws CheckpointError */
export function readCheckpointIds(dir: string): CheckpointIds {
  return { config: readConfigIds(dir), generation: readGenerationConfig(dir) };
}

/** @throws TokenizerError where the tokenizer or the chat template refuses the text */
export function tokensOfText(tokenizer: Tokenizer, ids: CheckpointIds, question: TextQuestion): TextTokens {
  const { architecture, includeEosBaseline } = question;
  const special = baselineSpecials(tokenizer.special, ids.config);
  const changed = (own: Int32Array): Uint8Array => {
    const baseline = baselineIds(own, special, includeEosBaseline);
    return Uint8Array.from(own, (id, at) => (id === baseline[at] ? 0 : 1));
  };
  const { rules } = ids.generation;
  const { source, prompt, target } =
    architecture === 'decoder-only' ? decoderOnly(tokenizer, question) : encoderDecoder(tokenizer, ids, question);
  const marks = changed(target);
  // The decoder's start token carries nothing: it is its own baseline.
  if (architecture === 'encoder-decoder') marks[0] = 0;
  const own = rules.max_new_tokens ?? (rules.max_length === undefined ? null : rules.max_length - prompt.length);
  return {
    source: changed(source),
    target: marks,
    first: Math.max(1, sharedStart(prompt, target)),
    newTokens: own !== null && own >= 1 ? own : null,
    beams: rules.num_beams ?? 1,
  };
}

interface Ids {
  source: Int32Array;
  prompt: Int32Array;
  /** With the output, where it is given. */
  target: Int32Array;
}

function decoderOnly(tokenizer: Tokenizer, { prompt: given, forced, specialTokens }: TextQuestion): Ids {
  const chat = typeof given === 'string' ? null : tokenizer.chat?.render(given).text;
  const text = typeof given === 'string' ? given : (chat ?? '');
  const encode = (one: string): Int32Array =>
    tokenizer.encode(one, { addSpecialTokens: typeof given === 'string' && specialTokens, oneBos: true }).ids;
  const prompt = startedBy(encode(text), tokenizer);
  const source = new Int32Array(0);
  if (forced === null) return { source, prompt, target: prompt };
  const whole = encode(typeof given === 'string' ? forced : text + forced);
  const isStarted = text !== '' || (prompt.length === 1 && whole[0] === prompt[0]);
  return { source, prompt, target: isStarted ? whole : Int32Array.from([...prompt, ...whole]) };
}

function encoderDecoder(tokenizer: Tokenizer, { generation }: CheckpointIds, question: TextQuestion): Ids {
  const { prompt: text, forced, specialTokens: addSpecialTokens, srcLang, tgtLang } = question;
  const start = generation.decoderStartTokenId ?? generation.bosTokenId ?? generation.padTokenId ?? 0;
  const source = tokenizer.encode(String(text), { addSpecialTokens, srcLang, tgtLang }).ids;
  const prompt = Int32Array.of(start);
  if (forced === null) return { source: startedBy(source, tokenizer), prompt, target: prompt };
  const { ids } = tokenizer.encode(forced, { addSpecialTokens, asTarget: true, tgtLang });
  return {
    source: startedBy(source, tokenizer),
    prompt,
    target: ids[0] === start ? ids : Int32Array.from([start, ...ids]),
  };
}

/** An empty prompt is the beginning-of-sequence token alone. */
function startedBy(ids: Int32Array, { special }: Tokenizer): Int32Array {
  return ids.length > 0 ? ids : Int32Array.of(special.bos ?? special.eos ?? 0);
}

/**
 * How many tokens a prompt and the text that continues it begin with alike. It is less than the prompt's where the two are
 * cut into tokens differently at the seam: a space at the end of "is " is a token, before "Paris" it is part of the word.
 */
export function sharedStart(promptIds: Int32Array, ids: Int32Array): number {
  const differs = promptIds.findIndex((id, at) => id !== ids[at]);
  return differs < 0 ? promptIds.length : differs;
}
