/** The answer to a question about documents, forced or generated, as ids that are the same after every prompt. */

import { AttributionError } from '../../attribution/errors.ts';
import type { Reading } from '../../attribution/sources/answer-copies.ts';
import type { DocumentsRequest } from '../../contract/attribute-context-request.ts';
import { type DocumentUnit, unitsOf } from '../../document-units.ts';
import { generate } from '../../generation/generate.ts';
import { type ResolvedGeneration, resolveGeneration } from '../../generation/resolve.ts';
import { joined, type Range } from '../../templates.ts';
import { baselineIds, baselineSpecials } from '../../tokenizers/baseline.ts';
import { sharedStart } from '../../tokenizers/text-sizes.ts';
import type { EncodeOptions } from '../../tokenizers/tokenizer.ts';
import { decoderStart, nonEmpty } from '../inputs.ts';
import { tokensOf } from '../tokens.ts';
import { type Answer, type AnswerOptions, checkReading, positionsFrom, tokensWithin } from './answer.ts';
import type { ContextJob } from './context-job.ts';
import { type Prompt, promptOf } from './prompt.ts';

export interface DocumentsAnswer extends Answer {
  units: DocumentUnit[];
  /** Positions of each unit's tokens, on the side of the prompt. */
  unitTokens: number[][];
  side: 'source' | 'target';
  /** The same answer after the prompt without some units; null: without any document. */
  without(isLeftOut: ((unit: number) => boolean) | null): Reading;
}

/** @throws {AttributionError} where prompt and answer do not fit the model */
export async function answerOfDocuments(
  { request, model }: ContextJob<DocumentsRequest>,
  options: AnswerOptions,
): Promise<DocumentsAnswer> {
  const { tokenizer } = model;
  const isDecoder = model.model.architecture === 'decoder-only';
  const { src_lang: srcLang, tgt_lang: tgtLang, output_current_text: forced } = request;
  const encodingOf = ({ isChat }: Prompt): EncodeOptions =>
    isDecoder ? { addSpecialTokens: !isChat, oneBos: true } : { srcLang, tgtLang };
  const encode = (prompt: Prompt, text = prompt.text): Int32Array =>
    nonEmpty(tokenizer.encode(text, encodingOf(prompt)).ids, tokenizer);
  const units = unitsOf(request.documents, request, (document) =>
    tokenizer
      .encode(request.documents[document].text, { addSpecialTokens: false })
      .offsets.filter((range): range is Range => range !== null),
  );
  const whole = promptOf(request, units, model, () => true);
  const promptIds = encode(whole);
  const start = isDecoder ? null : decoderStart(model);
  const asTarget: EncodeOptions = { asTarget: true, tgtLang };

  let answerIds: Int32Array;
  let generation: ResolvedGeneration | null = null;
  /** Tokens at the end of a prompt that its answer replaces: the two may be cut otherwise at the seam. */
  let overlap = 0;
  let text: string;
  let range: Range;
  /** Decoder ids before the answer, where the prompt is the encoder's. */
  let lead = new Int32Array(0);
  if (start !== null) {
    const language = tgtLang === null ? null : tokenizer.forcedLanguageId(tgtLang);
    lead = Int32Array.from([start, ...(language === null ? [] : [language])]);
    const ids =
      forced === null
        ? await continued(promptIds, lead)
        : tokenizer.encode(forced, { ...asTarget, addSpecialTokens: false }).ids;
    answerIds = forced === null ? withoutSpecials(ids.subarray(lead.length)) : ids;
    text = forced ?? tokenizer.decode(answerIds, { skipSpecialTokens: true });
    range = [0, text.length];
  } else if (forced === null) {
    const ids = await continued(null, promptIds);
    answerIds = withoutSpecials(ids.subarray(promptIds.length));
    const decode = (part: Int32Array): string => tokenizer.decode(part, { skipSpecialTokens: true, cleanUp: false });
    const added = decode(Int32Array.from([...promptIds, ...answerIds])).slice(decode(promptIds).length);
    text = whole.text + added;
    range = [text.length - added.trimStart().length, whole.text.length + added.trimEnd().length];
  } else {
    text = whole.isChat ? whole.text + forced : joined(whole.text, forced, request.decoder_input_output_separator);
    range = [text.length - forced.length, text.length];
    const ids = encode(whole, text);
    const shared = sharedStart(promptIds, ids);
    overlap = promptIds.length - shared;
    const trailing = tokenizer.encode(text, encodingOf(whole)).offsets.findLastIndex((offset) => offset !== null) + 1;
    answerIds = ids.subarray(shared, trailing);
  }
  if (answerIds.length === 0) {
    const message = 'the answer has no token: give a longer `output_current_text`, or let the model generate';
    throw new AttributionError('nothing_generated', message, '#/output_current_text');
  }

  const readingAfter = (ids: Int32Array): Reading =>
    isDecoder
      ? { sourceIds: null, targetIds: Int32Array.from([...ids.subarray(0, ids.length - overlap), ...answerIds]) }
      : { sourceIds: ids, targetIds: Int32Array.from([...lead, ...answerIds]) };
  const contextual = readingAfter(promptIds);
  checkReading(contextual, model, '#/documents');
  const bare = readingAfter(encode(promptOf(request, units, model, null)));
  const read = isDecoder ? contextual.targetIds : promptIds;
  const promptTokens = tokensOf(read, {
    tokenizer,
    text: isDecoder ? text : whole.text,
    encode: encodingOf(whole),
    ...(isDecoder && { prompt: whole.text }),
  });
  const target = isDecoder ? promptTokens : tokensOf(contextual.targetIds, { tokenizer, text, encode: asTarget });
  const unitTokens = whole.units.map((unit) => (unit === null ? [] : tokensWithin(promptTokens, unit)));
  const side = isDecoder ? ('target' as const) : ('source' as const);
  const documentTokens = tokensWithin(promptTokens, whole.documents);

  /** The prompt with the tokens of some units replaced by the one that stands for nothing. */
  const replaced = (positions: readonly number[]): Int32Array => {
    const special = baselineSpecials(tokenizer.special, model.configIds);
    const [nothing] = baselineIds(Int32Array.of(-1), special, true);
    const ids = promptIds.slice();
    for (const at of positions) if (at < ids.length) ids[at] = nothing;
    return ids;
  };
  const answerFrom = contextual.targetIds.length - answerIds.length;
  const bareFrom = bare.targetIds.length - answerIds.length;
  return {
    contextual,
    contextless: bare,
    positions: positionsFrom(answerFrom, contextual.targetIds.length),
    contextlessPositions: positionsFrom(bareFrom, bare.targetIds.length),
    tokens: { source: isDecoder ? [] : promptTokens, target },
    texts: { source: isDecoder ? null : whole.text, target: text },
    range,
    text: text.slice(...range),
    inputContext: { text: whole.text.slice(...whole.documents), side, positions: documentTokens },
    outputContext: null,
    reencoded: isDecoder && encode(whole, text).join() !== contextual.targetIds.join(),
    generation,
    units,
    unitTokens,
    side,
    without(isLeftOut) {
      if (request.perturbation === 'replace') {
        const positions = isLeftOut === null ? documentTokens : unitTokens.filter((_, u) => isLeftOut(u)).flat();
        return readingAfter(replaced(positions));
      }
      if (isLeftOut === null) return bare;
      return readingAfter(encode(promptOf(request, units, model, (unit) => !isLeftOut(unit))));
    },
  };

  async function continued(sourceIds: Int32Array | null, targetIds: Int32Array): Promise<Int32Array> {
    checkReading({ sourceIds, targetIds }, model, '#/documents');
    const promptLength = targetIds.length;
    const room = (model.model.maxPositions ?? Number.POSITIVE_INFINITY) - promptLength;
    if (room < 1) {
      const message = `the documents and the question fill all ${model.model.maxPositions} positions of "${model.entry.id}", and no room is left to generate: shorten them`;
      throw new AttributionError('too_long', message, '#/documents');
    }
    generation = resolveGeneration(model.generation, request.generation_args, { promptLength, room, languageId: null });
    const wanted = generation.options.maxNewTokens;
    const prompt = { sourceIds, targetIds };
    return generate(options.decoder, prompt, generation.options, options.random, (done) =>
      options.onProgress(done, wanted),
    );
  }

  function withoutSpecials(ids: Int32Array): Int32Array {
    let end = ids.length;
    while (end > 0 && tokenizer.specialIds.has(ids[end - 1])) end--;
    return ids.slice(0, end);
  }
}
