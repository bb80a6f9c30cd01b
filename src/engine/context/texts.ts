/**
 * Texts with a context, as Inseq's `attribute-context` takes them, as an answer with its context and without. What is
 * attributed are the ids that were generated: Inseq decodes each prefix and encodes it again, which may change them.
 */

import { AttributionError } from '../../attribution/errors.ts';
import type { TextsRequest } from '../../contract/attribute-context-request.ts';
import { generate } from '../../generation/generate.ts';
import { type ResolvedGeneration, resolveGeneration } from '../../generation/resolve.ts';
import { before, fill, joined, type Range } from '../../templates.ts';
import { sharedStart } from '../../tokenizers/text-sizes.ts';
import type { EncodeOptions, Tokenizer } from '../../tokenizers/tokenizer.ts';
import { decoderStart, nonEmpty } from '../inputs.ts';
import { tokensOf } from '../tokens.ts';
import {
  type Answer,
  type AnswerOptions,
  type ContextTokens,
  checkReading,
  positionsFrom,
  tokensWithin,
} from './answer.ts';

/** @throws {AttributionError} where the texts do not fit the model, or nothing is left to attribute */
export async function answerOfTexts(request: TextsRequest, options: AnswerOptions): Promise<Answer> {
  const answer =
    options.model.model.architecture === 'decoder-only'
      ? await decoderOnly(request, options)
      : await encoderDecoder(request, options);
  checkReading(answer.contextual, options.model, '#/input_context_text');
  checkReading(answer.contextless, options.model, '#/input_current_text');
  if (answer.positions.length > 0) return answer;
  const message =
    'the answer has no token to attribute: give a longer `output_current_text`, or let the model generate';
  throw new AttributionError('nothing_generated', message, '#/output_current_text');
}

async function decoderOnly(request: TextsRequest, options: AnswerOptions): Promise<Answer> {
  const { tokenizer } = options.model;
  const { decoder_input_output_separator: separator, output_current_text: forced } = request;
  const encoding = { addSpecialTokens: true, oneBos: true };
  const encode = (text: string): Int32Array => tokenizer.encode(text, encoding).ids;
  const input = inputOf(request);
  const bare = fill(request.contextless_input_current_text, { current: request.input_current_text }).text;
  let found: Pick<Answer, 'contextual' | 'contextless' | 'positions' | 'contextlessPositions' | 'generation'>;
  let text: string;
  let range: Range;
  let outputAt: number;
  if (forced === null) {
    const lead = outputPrefix(request);
    const prompt = openPrompt(input.text, lead, separator);
    outputAt = prompt.length - lead.length;
    const promptIds = nonEmpty(encode(prompt), tokenizer);
    const { ids, generation } = await continued(request, options, { sourceIds: null, targetIds: promptIds }, null);
    const added = withoutSpecials(ids.subarray(promptIds.length), request, tokenizer);
    const bareIds = nonEmpty(encode(openPrompt(bare, contextlessPrefix(request), separator)), tokenizer);
    const targetIds = Int32Array.from([...promptIds, ...added]);
    const decode = (part: Int32Array): string => tokenizer.decode(part, { skipSpecialTokens: true, cleanUp: false });
    text = prompt + decode(targetIds).slice(decode(promptIds).length);
    range = [prompt.length, text.length];
    found = {
      contextual: { sourceIds: null, targetIds },
      contextless: { sourceIds: null, targetIds: Int32Array.from([...bareIds, ...added]) },
      positions: positionsFrom(promptIds.length, targetIds.length),
      contextlessPositions: positionsFrom(bareIds.length, bareIds.length + added.length),
      generation,
    };
  } else {
    const output = outputOf(request, forced);
    text = joined(input.text, output.text, separator);
    outputAt = text.length - output.text.length;
    range = shifted(output.ranges.current ?? [0, 0], outputAt);
    const bareOutput = fill(request.contextless_output_current_text, { current: forced });
    const bareInput = joined(bare, '', separator);
    const bareText = bareInput + bareOutput.text;
    const bareRange = shifted(bareOutput.ranges.current ?? [0, 0], bareInput.length);
    const targetIds = nonEmpty(encode(text), tokenizer);
    const bareIds = nonEmpty(encode(bareText), tokenizer);
    const bareTokens = tokensOf(bareIds, { tokenizer, text: bareText, encode: encoding });
    // As in Inseq the answer begins behind the prompt's tokens, so that a separator that is a token counts as its first.
    const promptIds = encode(bare.replace(/ +$/, ''));
    const behindPrompt = Math.max(1, sharedStart(promptIds, bareIds));
    const first = bareRange[0] > bareInput.length ? firstOf(bareTokens, bareRange, behindPrompt) : behindPrompt;
    const pairs = paired(
      [first, lastOf(bareTokens, bareRange)],
      lastOf(tokensOf(targetIds, { tokenizer, text, encode: encoding }), range),
    );
    found = {
      contextual: { sourceIds: null, targetIds },
      contextless: { sourceIds: null, targetIds: bareIds },
      ...pairs,
      generation: null,
    };
  }
  const { targetIds } = found.contextual;
  const target = tokensOf(targetIds, { tokenizer, text, encode: encoding, prompt: text.slice(0, range[0]) });
  const within = (of: string | null, where: Range | undefined): ContextTokens | null =>
    of === null || where === undefined ? null : { text: of, side: 'target', positions: tokensWithin(target, where) };
  const written = outputOf(request, '').ranges.context;
  return {
    ...found,
    tokens: { source: [], target },
    texts: { source: null, target: text },
    range,
    text: forced ?? text.slice(range[0]).trim(),
    inputContext: within(request.input_context_text, input.ranges.context),
    outputContext: within(request.output_context_text, written && shifted(written, outputAt)),
    reencoded: !same(encode(text), targetIds),
  };
}

async function encoderDecoder(request: TextsRequest, options: AnswerOptions): Promise<Answer> {
  const { model } = options;
  const { tokenizer } = model;
  const { output_current_text: forced, src_lang: srcLang, tgt_lang: tgtLang } = request;
  const start = decoderStart(model);
  const language = tgtLang === null ? null : tokenizer.forcedLanguageId(tgtLang);
  const encodeSource = (text: string): Int32Array =>
    nonEmpty(tokenizer.encode(text, { srcLang, tgtLang }).ids, tokenizer);
  const encoding: EncodeOptions = { asTarget: true, tgtLang };
  const encodeTarget = (text: string): Int32Array => {
    const { ids } = tokenizer.encode(text, encoding);
    return ids[0] === start ? ids : Int32Array.from([start, ...ids]);
  };
  /** What the decoder starts from: nothing but specials, and a text that stands before the answer. */
  const startOf = (lead: string): Int32Array => {
    const own = lead === '' ? [] : tokenizer.encode(lead, { ...encoding, addSpecialTokens: false }).ids;
    return Int32Array.from([start, ...(language === null ? [] : [language]), ...own]);
  };
  const input = inputOf(request);
  const bare = fill(request.contextless_input_current_text, { current: request.input_current_text }).text;
  const sourceIds = encodeSource(input.text);
  const bareSourceIds = encodeSource(bare);
  let found: Pick<Answer, 'contextual' | 'contextless' | 'positions' | 'contextlessPositions' | 'generation'>;
  let text: string;
  let range: Range;
  if (forced === null) {
    const lead = outputPrefix(request);
    const leadIds = startOf(lead);
    const { ids, generation } = await continued(request, options, { sourceIds, targetIds: leadIds }, language);
    const added = withoutSpecials(ids.subarray(leadIds.length), request, tokenizer);
    const bareLead = startOf(contextlessPrefix(request));
    const targetIds = Int32Array.from([...leadIds, ...added]);
    text = tokenizer.decode(targetIds, { skipSpecialTokens: true });
    range = [text.length - tokenizer.decode(added, { skipSpecialTokens: true }).trim().length, text.length];
    found = {
      contextual: { sourceIds, targetIds },
      contextless: { sourceIds: bareSourceIds, targetIds: Int32Array.from([...bareLead, ...added]) },
      positions: positionsFrom(leadIds.length, targetIds.length),
      contextlessPositions: positionsFrom(bareLead.length, bareLead.length + added.length),
      generation,
    };
  } else {
    const output = outputOf(request, forced);
    text = output.text;
    range = output.ranges.current ?? [0, text.length];
    const bareOutput = fill(request.contextless_output_current_text, { current: forced });
    const bareRange = bareOutput.ranges.current ?? [0, bareOutput.text.length];
    const targetIds = encodeTarget(text);
    const bareIds = encodeTarget(bareOutput.text);
    const bareTokens = tokensOf(bareIds, { tokenizer, text: bareOutput.text, encode: encoding });
    const specials = startOf('').length;
    const first = bareRange[0] > 0 ? firstOf(bareTokens, bareRange, specials) : specials;
    const tokens = tokensOf(targetIds, { tokenizer, text, encode: encoding });
    found = {
      contextual: { sourceIds, targetIds },
      contextless: { sourceIds: bareSourceIds, targetIds: bareIds },
      ...paired([first, lastOf(bareTokens, bareRange)], lastOf(tokens, range)),
      generation: null,
    };
  }
  const { targetIds } = found.contextual;
  const target = tokensOf(targetIds, { tokenizer, text, encode: encoding });
  const source = tokensOf(sourceIds, { tokenizer, text: input.text, encode: { srcLang, tgtLang } });
  const written = outputOf(request, '').ranges.context;
  const again = encodeTarget(text);
  return {
    ...found,
    tokens: { source, target },
    texts: { source: input.text, target: text },
    range,
    text: forced ?? text.slice(range[0]).trim(),
    inputContext:
      request.input_context_text === null || input.ranges.context === undefined
        ? null
        : {
            text: request.input_context_text,
            side: 'source',
            positions: tokensWithin(source, input.ranges.context),
          },
    outputContext:
      request.output_context_text === null || written === undefined
        ? null
        : { text: request.output_context_text, side: 'target', positions: tokensWithin(target, written) },
    reencoded: !same(again.subarray(0, targetIds.length), targetIds),
  };
}

function inputOf({ input_template, input_context_text: context, input_current_text: current }: TextsRequest) {
  return fill(input_template, { current, ...(context !== null && { context }) });
}

function outputOf({ output_template, output_context_text: context }: TextsRequest, current: string) {
  return fill(output_template, { current, ...(context !== null && { context }) });
}

/** What the model has written before the answer, and what stands before the answer that it compares with. */
function outputPrefix({ output_template, output_context_text: context }: TextsRequest): string {
  return before<'current' | 'context'>(output_template, 'current', context === null ? {} : { context }).trim();
}

function contextlessPrefix({ contextless_output_current_text: template }: TextsRequest): string {
  return before(template, 'current').trim();
}

/** A prompt that the model continues. A blank is left to the model, whose tokens bring their own. */
function openPrompt(input: string, lead: string, separator: string): string {
  if (lead !== '') return joined(input, lead, separator);
  return separator.trim() === '' && !separator.includes('\n') ? input : joined(input, '', separator);
}

async function continued(
  request: TextsRequest,
  { model, random, decoder, onProgress }: AnswerOptions,
  prompt: { sourceIds: Int32Array | null; targetIds: Int32Array },
  languageId: number | null,
): Promise<{ ids: Int32Array; generation: ResolvedGeneration }> {
  checkReading(prompt, model, '#/input_context_text');
  const promptLength = prompt.targetIds.length;
  const room = (model.model.maxPositions ?? Number.POSITIVE_INFINITY) - promptLength;
  if (room < 1) {
    throw new AttributionError(
      'too_long',
      `the texts fill all ${model.model.maxPositions} positions of "${model.entry.id}", and no room is left to generate: shorten them`,
      '#/input_context_text',
    );
  }
  // The language is part of what is started from already.
  const place = { promptLength, room, languageId: promptLength > 1 ? null : languageId };
  const generation = resolveGeneration(model.generation, request.generation_args, place);
  const { options } = generation;
  const ids = await generate(decoder, prompt, options, random, (done) => onProgress(done, options.maxNewTokens));
  return { ids, generation };
}

/** Generated ids without the special tokens at their end that the request does not keep. */
function withoutSpecials(ids: Int32Array, request: TextsRequest, tokenizer: Tokenizer): Int32Array {
  const kept = new Set(request.special_tokens_to_keep);
  const goes = (id: number): boolean => tokenizer.specialIds.has(id) && !kept.has(tokenizer.idToToken(id) ?? '');
  let end = ids.length;
  while (end > 0 && goes(ids[end - 1])) end--;
  return ids.subarray(0, end);
}

type Offsets = readonly { start: number | null; end: number | null }[];

/** The first token that reaches into the range, from `least` on. */
function firstOf(tokens: Offsets, [from]: Range, least: number): number {
  const found = tokens.findIndex(({ end }, at) => at >= least && end !== null && end > from);
  return found < 0 ? tokens.length : found;
}

/** One past the last token that begins in the range or before it. */
function lastOf(tokens: Offsets, [, to]: Range): number {
  let end = tokens.length;
  while (end > 0 && (tokens[end - 1].start ?? to) >= to) end--;
  return end;
}

/** Positions of the same tokens in both readings, which end alike. */
function paired([first, end]: readonly [number, number], contextualEnd: number) {
  const count = Math.min(end - first, contextualEnd - 1);
  return {
    positions: positionsFrom(contextualEnd - count, contextualEnd),
    contextlessPositions: positionsFrom(end - count, end),
  };
}

const shifted = ([start, end]: Range, by: number): Range => [start + by, end + by];
const same = (a: Int32Array, b: Int32Array): boolean => a.length === b.length && a.every((id, at) => id === b[at]);
