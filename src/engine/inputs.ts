/** From the texts of a request to sequences of ids: encoding, generation, what is attributed, baselines, tokens. */

import { alignTexts } from '../alignment/align-texts.ts';
import type { Aligner } from '../alignment/bert.ts';
import { AttributionError } from '../attribution/errors.ts';
import type { Sequence } from '../attribution/passes/sequence-features.ts';
import type { TargetSpan, Token } from '../attribution/scores.ts';
import type { ContrastTexts } from '../attribution/step-functions/parts/contrast-inputs.ts';
import type { AttributeRequest } from '../contract/attribute-request.ts';
import type { Decoder } from '../generation/decoder-state.ts';
import { type Continuation, generate } from '../generation/generate.ts';
import { type ResolvedGeneration, resolveGeneration } from '../generation/resolve.ts';
import type { Embedding } from '../models/weights.ts';
import type { Random } from '../random.ts';
import { baselineIds, baselineSpecials } from '../tokenizers/baseline.ts';
import { TokenizerError } from '../tokenizers/errors.ts';
import { sharedStart } from '../tokenizers/text-sizes.ts';
import type { EncodeOptions, Tokenizer } from '../tokenizers/tokenizer.ts';
import type { ReadyModel } from './model-store.ts';
import { attributedSpan } from './span.ts';
import { withTargetSpans } from './target-spans.ts';
import { giveRoles, tokensOf } from './tokens.ts';

/** One text of a request, ready to be attributed. */
export interface Input {
  sequence: Sequence;
  source: Token[];
  target: Token[];
  /** What character offsets refer to. */
  texts: { source: string | null; target: string };
  /** The output alone, without the prompt of a decoder-only model. */
  generatedText: string;
  /** How it was generated; null: the text was given. */
  generation: ResolvedGeneration | null;
  /** New tokens; 0: the text was given. */
  generated: number;
  contrast: ContrastTexts;
  /** What the columns are, where they are spans: of each of `sequence.spans`. */
  targetSpans?: Omit<TargetSpan, 'score' | 'stepScores'>[];
}

export interface InputOptions {
  model: ReadyModel;
  request: AttributeRequest;
  /** For "auto" alignments of contrast texts; null: there is none, or none is asked for. */
  aligner: Aligner | null;
  /** Which of the texts. */
  index: number;
  random: Random;
  /** What continues the text. */
  decoder: Decoder;
  onProgress: (generated: number, wanted: number) => void;
  /** How far it has been continued. */
  continuation: Continuation;
}

/** How many texts a request has. */
export function countTexts(request: AttributeRequest): number {
  return request.messages?.length ?? request.input_texts.length;
}

/** Prepares one text: the very ids that were generated are attributed, never ids of a text encoded again. */
export async function prepareInput(options: InputOptions): Promise<Input> {
  try {
    const input = await (options.model.model.architecture === 'decoder-only'
      ? decoderOnly(options)
      : encoderDecoder(options));
    const { target_spans: spans } = options.request;
    return spans === undefined ? input : withTargetSpans(input, spans, options.index);
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error;
    throw new AttributionError('tokenizer', error.message, `#/input_texts/${options.index}`);
  }
}

async function decoderOnly(options: InputOptions): Promise<Input> {
  const { model, request, index } = options;
  const { tokenizer } = model;
  const chat = request.messages === null ? null : render(tokenizer, request.messages[index]);
  const prompt = chat?.text ?? request.input_texts[index];
  const encoding = { addSpecialTokens: chat === null && !request.skip_special_tokens, oneBos: true };
  const encode = (text: string): Int32Array => tokenizer.encode(text, encoding).ids;
  const promptIds = nonEmpty(encode(prompt), tokenizer);
  const { targetEmbedding } = model.model;
  checkVocabulary(
    promptIds,
    model,
    targetEmbedding,
    request.messages === null ? `#/input_texts/${index}` : '#/messages',
  );
  const forced = request.generated_texts?.[index] ?? null;
  let ids: Int32Array;
  let text: string;
  let generation: ResolvedGeneration | null = null;
  if (forced === null) {
    ({ ids, generation } = await continuation(options, null, promptIds, null));
    const decode = (part: Int32Array): string => tokenizer.decode(part, { skipSpecialTokens: true, cleanUp: false });
    const whole = decode(ids);
    const before = decode(promptIds);
    // What the tokenizer cannot give back of the prompt (a leading space, unknown characters) comes from the prompt.
    text = whole.startsWith(before) ? prompt + whole.slice(before.length) : whole;
  } else {
    text = chat === null ? forced : chat.text + forced;
    const whole = encode(text);
    const isStarted = prompt !== '' || (promptIds.length === 1 && whole[0] === promptIds[0]);
    ids = isStarted ? whole : Int32Array.from([...promptIds, ...whole]);
  }
  checkLength(ids.length, model, '#/generated_texts');
  checkVocabulary(ids, model, targetEmbedding, '#/generated_texts');
  const first = Math.max(1, sharedStart(promptIds, ids));
  const span = attributedSpan(request.attr_pos_start, request.attr_pos_end, first, ids.length);
  const sequence: Sequence = {
    sourceIds: null,
    sourceBaselineIds: null,
    targetIds: ids,
    targetBaselineIds: baseline(ids, options),
    ...span,
    specialIds: tokenizer.specialIds,
  };
  const clean = request.clean_special_chars;
  const target = tokensOf(ids, { tokenizer, text, encode: encoding, prompt, clean });
  if (chat !== null) giveRoles(target, chat.spans, chat.text.length);
  return {
    sequence,
    source: [],
    target,
    texts: { source: null, target: text },
    generatedText: text.startsWith(prompt) ? text.slice(prompt.length) : text,
    generation,
    generated: generation === null ? 0 : ids.length - promptIds.length,
    contrast: {
      encodeTarget: (other, { addSpecialTokens: special }) =>
        tokenizer.encode(other, { ...encoding, addSpecialTokens: special && encoding.addSpecialTokens }).ids,
      encodeSource: null,
      align: alignerOf(options, text, target, encoding),
      index,
      count: countTexts(request),
      maxPositions: model.model.maxPositions,
    },
  };
}

async function encoderDecoder(options: InputOptions): Promise<Input> {
  const { model, request, index } = options;
  const { tokenizer } = model;
  const addSpecialTokens = !request.skip_special_tokens;
  const { src_lang: srcLang, tgt_lang: tgtLang } = request;
  const sourceText = request.input_texts[index];
  const start = decoderStart(model);
  const encodeSource = (text: string, special: boolean): Int32Array =>
    tokenizer.encode(text, { addSpecialTokens: special, srcLang, tgtLang }).ids;
  const encodeTarget = (text: string, special: boolean): Int32Array => {
    const { ids } = tokenizer.encode(text, { addSpecialTokens: special, asTarget: true, tgtLang });
    return ids[0] === start ? ids : Int32Array.from([start, ...ids]);
  };
  const sourceIds = nonEmpty(encodeSource(sourceText, addSpecialTokens), tokenizer);
  checkLength(sourceIds.length, model, `#/input_texts/${index}`);
  checkVocabulary(sourceIds, model, model.model.sourceEmbedding, `#/input_texts/${index}`);
  const forced = request.generated_texts?.[index] ?? null;
  const language = tgtLang === null ? null : tokenizer.forcedLanguageId(tgtLang);
  const { ids, generation } =
    forced === null
      ? await continuation(options, sourceIds, Int32Array.of(start), language)
      : { ids: encodeTarget(forced, addSpecialTokens), generation: null };
  checkVocabulary(ids, model, model.model.targetEmbedding, '#/generated_texts');
  const text = forced ?? tokenizer.decode(ids, { skipSpecialTokens: true });
  checkLength(ids.length, model, '#/generated_texts');
  const span = attributedSpan(request.attr_pos_start, request.attr_pos_end, 1, ids.length);
  const targetBaselineIds = baseline(ids, options);
  // The decoder's start token carries nothing: it is its own baseline.
  targetBaselineIds[0] = ids[0];
  const clean = request.clean_special_chars;
  const encode = { addSpecialTokens, asTarget: true, tgtLang };
  const target = tokensOf(ids, { tokenizer, text, encode, clean });
  const forcedIds = language === null ? [model.generation.rules.forced_bos_token_id ?? []].flat() : [language];
  if (forcedIds.length === 1 && ids[1] === forcedIds[0]) target[1].forced = true;
  return {
    sequence: {
      sourceIds,
      sourceBaselineIds: baseline(sourceIds, options),
      targetIds: ids,
      targetBaselineIds,
      ...span,
      specialIds: tokenizer.specialIds,
    },
    source: tokensOf(sourceIds, {
      tokenizer,
      text: sourceText,
      encode: { addSpecialTokens, srcLang, tgtLang },
      clean,
    }),
    target,
    texts: { source: sourceText, target: text },
    generatedText: text,
    generation,
    generated: generation === null ? 0 : ids.length - 1,
    contrast: {
      encodeTarget: (other, { addSpecialTokens: special }) => encodeTarget(other, special),
      encodeSource: (other, { addSpecialTokens: special }) => encodeSource(other, special),
      align: alignerOf(options, text, target, encode),
      index,
      count: countTexts(request),
      maxPositions: model.model.maxPositions,
    },
  };
}

/** Aligns the text with contrast texts. `encode`: how the tokenizer is called for both. */
function alignerOf(
  { aligner, model }: InputOptions,
  text: string,
  tokens: Token[],
  encode: EncodeOptions,
): ContrastTexts['align'] {
  if (aligner === null) return null;
  return (_targetIds, contrastIds, contrastText) => {
    const contrastTokens = tokensOf(contrastIds, { tokenizer: model.tokenizer, text: contrastText, encode });
    return alignTexts(aligner, [text, contrastText], [tokens, contrastTokens]);
  };
}

export function render(tokenizer: Tokenizer, messages: { role: string; content: string }[]) {
  if (tokenizer.chat === null) {
    throw new AttributionError(
      'no_chat_template',
      'the model has no chat template, so it takes no messages; send the text as input_texts',
      '#/messages',
    );
  }
  try {
    return tokenizer.chat.render(messages);
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error;
    throw new AttributionError('chat_template', error.message, '#/messages');
  }
}

/** The prompt's ids; an empty prompt is the beginning-of-sequence token alone. */
export function nonEmpty(ids: Int32Array, { special }: Tokenizer): Int32Array {
  if (ids.length > 0) return ids;
  const first = special.bos ?? special.eos;
  if (first === null) {
    throw new AttributionError(
      'empty_input',
      'the text has no tokens, and the model has no beginning-of-sequence token to start from; give a text',
      '#/input_texts',
    );
  }
  return Int32Array.of(first);
}

async function continuation(
  { model, request, random, decoder, onProgress, continuation }: InputOptions,
  sourceIds: Int32Array | null,
  promptIds: Int32Array,
  languageId: number | null,
): Promise<{ ids: Int32Array; generation: ResolvedGeneration }> {
  const promptLength = promptIds.length;
  const room = (model.model.maxPositions ?? Number.POSITIVE_INFINITY) - promptLength;
  const place = { promptLength, room, languageId };
  const generation = resolveGeneration(model.generation, request.generation_args, place);
  const { options } = generation;
  const wanted = options.maxNewTokens;
  checkLength(promptLength + wanted, model, '#/generation_args/max_new_tokens');
  const prompt = { sourceIds, targetIds: promptIds };
  const onToken = (generated: number): void => onProgress(generated, wanted);
  const ids = await generate(decoder, prompt, options, random, onToken, continuation);
  return { ids, generation };
}

export function decoderStart({ generation }: ReadyModel): number {
  const start = generation.decoderStartTokenId ?? generation.bosTokenId ?? generation.padTokenId;
  if (start === null) throw new Error('the checkpoint names no decoder_start_token_id');
  return start;
}

function baseline(ids: Int32Array, { model, request }: InputOptions): Int32Array {
  const special = baselineSpecials(model.tokenizer.special, model.configIds);
  return baselineIds(ids, special, request.include_eos_baseline);
}

/** @throws {AttributionError} where the tokenizer gives a token that the model has no embedding of */
export function checkVocabulary(
  ids: ArrayLike<number>,
  { entry, tokenizer }: ReadyModel,
  embedding: Embedding | null,
  pointer: string,
): void {
  const [size] = embedding?.table.shape ?? [0];
  const outside = Array.from(ids).find((id) => id >= size);
  if (outside === undefined) return;
  const token = JSON.stringify(tokenizer.idToToken(outside) ?? '');
  throw new AttributionError(
    'outside_vocabulary',
    `the text has the token ${token} with the id ${outside}, but "${entry.id}" has embeddings of ${size} tokens: ` +
      'its tokenizer was made for another checkpoint, or the token was added and never trained',
    pointer,
  );
}

export function checkLength(tokens: number, { model, entry }: ReadyModel, pointer: string): void {
  const limit = model.maxPositions;
  if (limit === null || tokens <= limit) return;
  throw new AttributionError(
    'too_long',
    `${tokens} tokens are more than the ${limit} positions of "${entry.id}"; shorten the text or ask for fewer new tokens`,
    pointer,
  );
}
