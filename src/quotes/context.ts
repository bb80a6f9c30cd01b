/** Requests about a context or documents, as far as a quote needs them: the text with its answer, and the approach's passes. */

import type { AttributeContextRequest, DocumentsRequest, TextsRequest } from '../contract/attribute-context-request.ts';
import type { AttributeRequest, Message } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import { unitsOf } from '../document-units.ts';
import { fill, joined } from '../templates.ts';
import type { Extent } from './extent.ts';
import type { TextPasses } from './passes.ts';

/** The attribution of the answer's tokens to all before it: what `tokens` and `pecore` run, and how long the texts are. */
export function asAttribution(request: AttributeContextRequest, model: ModelInfo): AttributeRequest {
  const isDecoder = model.architecture === 'decoder-only';
  const { prompt, answer } = request.documents === null ? ofTexts(request) : ofDocuments(request);
  const separator = request.decoder_input_output_separator;
  const text = typeof prompt === 'string' ? prompt : null;
  const forced = answer !== null && isDecoder && text !== null ? joined(text, answer, separator) : answer;
  return {
    model: request.model,
    input_texts: text === null ? [] : [text],
    messages: text === null ? [prompt as Message[]] : null,
    generated_texts: forced === null ? null : [forced],
    method: request.method,
    method_args: request.method_args,
    attributed_fn: request.attributed_fn,
    step_scores: [],
    top_alternatives: 0,
    attribute_target: isDecoder || (request.documents === null && request.output_context_text !== null),
    attr_pos_start: null,
    attr_pos_end: null,
    include_eos_baseline: false,
    generation_args: request.generation_args,
    src_lang: request.src_lang,
    tgt_lang: request.tgt_lang,
    skip_special_tokens: false,
    clean_special_chars: false,
    aggregators: request.aggregators,
    seed: request.seed,
    webhook: null,
  };
}

interface Asked {
  prompt: string | Message[];
  /** Null: the model generates it. */
  answer: string | null;
}

function ofTexts(request: TextsRequest): Asked {
  const { input_context_text: context, input_current_text: current, output_current_text: answer } = request;
  const prompt = fill(request.input_template, { context: context ?? '', current }).text;
  const written = request.output_context_text ?? '';
  const output = fill(request.output_template, { context: written, current: answer ?? '' }).text;
  // What was written before is part of what the model goes on with.
  return answer === null ? { prompt: prompt + output, answer } : { prompt, answer: output };
}

function ofDocuments({ documents, query, messages, template, output_current_text: answer }: DocumentsRequest): Asked {
  const texts = documents.map(({ title, text }) => (title === null ? text : `${title}\n${text}`));
  const question = query ?? messages?.at(-1)?.content ?? '';
  const content = fill(template, { documents: texts.join('\n\n'), query: question }).text;
  if (messages === null) return { prompt: content, answer };
  return { prompt: [...messages.slice(0, -1), { ...messages[messages.length - 1], content }], answer };
}

/** With the documents, without them, and in PECoRe once for each side of the metric. */
const READINGS = 2;

/**
 * Passes of the approach.
 * @param attribution - those of `asAttribution`; null: a plug-in does not say what it runs
 */
export function passesOfContext(
  request: AttributeContextRequest,
  attribution: TextPasses | null,
  extent: Extent,
): TextPasses | null {
  switch (request.approach) {
    case 'ablation':
    case 'leave_one_out':
      return request.documents && copiesOf(request, extent);
    case 'tokens':
      return attribution && beside(attribution, READINGS, ['the answer is cut into tokens behind its prompt']);
    case 'pecore': {
      const readings = READINGS + (request.documents === null ? 0 : READINGS);
      return attribution && beside(attribution, readings, ['only tokens that depend on the context are attributed']);
    }
  }
}

/** Of copies of the text that are changed, and none pulled back. */
function copiesOf(request: DocumentsRequest, { length, sourceLength }: Extent): TextPasses {
  const { unit, documents, num_ablations: fitted, held_out_ablations: heldOut } = request;
  const because: string[] = [];
  let copies = fitted + heldOut;
  if (request.approach === 'leave_one_out') {
    copies = unit === 'token' ? length + sourceLength : unitsOf(documents, request, () => []).length;
    if (unit === 'token') because.push('the documents have at most as many tokens as the text');
  }
  const evaluated = READINGS + copies;
  return { forward: evaluated, backward: 0, recorded: 0, evaluated, because };
}

function beside(attribution: TextPasses, readings: number, because: readonly string[]): TextPasses {
  return {
    ...attribution,
    forward: attribution.forward + readings,
    evaluated: attribution.evaluated + readings,
    because: [...attribution.because, ...because],
  };
}
