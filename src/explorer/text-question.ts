/** A question about a text or a conversation: the body of `POST /attribute`. */

import type { AttributeBody } from '../contract/attribute-request.ts';
import type { ModelInfo, StepFunctionInfo } from '../contract/catalogue.ts';
import { isContrastive } from '../contract/contrastive.ts';
import type { Result } from '../contract/result.ts';
import { continued } from '../view/model/continued.ts';
import { DEFAULT_FUNCTION, DEFAULT_METHOD, type Draft, emptyDraft } from './draft.ts';
import type { Known } from './question.ts';
import { changed } from './schemas.ts';

/** What a contrast is measured by where no contrastive function was chosen. */
const DEFAULT_CONTRAST = 'contrast_prob_diff';

/** What is as by default is left out, so that the body can be read. */
export function textBody(draft: Draft, { model, method, stepFunction }: Known): Partial<AttributeBody> {
  const whole = (text: string) => wholeText(draft, model, text);
  const body: Partial<AttributeBody> = { model: draft.model };
  if (draft.about === 'conversation') body.messages = draft.messages;
  else body.input_texts = draft.input;
  if (draft.answer !== '') body.generated_texts = whole(draft.answer);
  if (draft.method !== DEFAULT_METHOD) body.method = draft.method;
  const methodArgs = changed(draft.methodArgs, method?.args_schema);
  if (Object.keys(methodArgs).length > 0) body.method_args = methodArgs;
  const fn = attributedFn(draft, stepFunction, whole);
  if (fn !== DEFAULT_FUNCTION) body.attributed_fn = fn;
  if (draft.stepScores.length > 0) body.step_scores = draft.stepScores;
  if (draft.metrics.length > 0) body.metrics = draft.metrics;
  if (draft.newTokens !== null && draft.answer === '')
    body.generation_args = { max_new_tokens: draft.newTokens } as AttributeBody['generation_args'];
  if (draft.alternatives > 0) body.top_alternatives = draft.alternatives;
  if (model.languages !== null && draft.sourceLanguage !== '') body.src_lang = draft.sourceLanguage;
  if (model.languages !== null && draft.targetLanguage !== '') body.tgt_lang = draft.targetLanguage;
  if (model.architecture === 'encoder-decoder' && draft.attributeTarget) body.attribute_target = true;
  return body;
}

function attributedFn(
  draft: Draft,
  chosen: StepFunctionInfo | undefined,
  whole: (text: string) => string,
): AttributeBody['attributed_fn'] {
  const args = changed(draft.attributedFnArgs, chosen?.args_schema);
  if (draft.contrast !== '') {
    const name = chosen !== undefined && isContrastive(chosen) ? chosen.id : DEFAULT_CONTRAST;
    const own = name === draft.attributedFn ? args : {};
    return { name, args: { ...own, contrast_targets: whole(draft.contrast) } };
  }
  return Object.keys(args).length > 0 ? { name: draft.attributedFn, args } : draft.attributedFn;
}

/** An answer as a request takes it: with decoders behind the prompt. */
function wholeText({ about, input }: Draft, { architecture }: ModelInfo, answer: string): string {
  return about === 'conversation' || architecture === 'encoder-decoder' ? answer : continued(input, answer);
}

/** The question that a result answers, to be asked again or otherwise. */
export function draftOfText({ info }: Result, model: ModelInfo): Draft {
  const { request } = info;
  const draft = emptyDraft(model);
  const fn = request.attributed_fn;
  const { contrast_targets, ...fnArgs } = fn?.args ?? {};
  const contrast = Array.isArray(contrast_targets) ? contrast_targets[0] : contrast_targets;
  const input = request.input_texts?.[0] ?? draft.input;
  const bare = (text: unknown) =>
    typeof text !== 'string' ? '' : text.startsWith(input) && input !== '' ? text.slice(input.length) : text;
  return {
    ...draft,
    about: (request.messages ?? null) === null ? 'text' : 'conversation',
    input,
    messages: request.messages?.[0] ?? draft.messages,
    answer: info.generation_args === null ? bare(request.generated_texts?.[0]) : '',
    contrast: bare(contrast),
    method: request.method ?? draft.method,
    methodArgs: request.method_args ?? {},
    attributedFn: fn?.name ?? draft.attributedFn,
    attributedFnArgs: fnArgs,
    stepScores: request.step_scores?.map(({ name }) => name) ?? [],
    metrics: Array.isArray(request.metrics)
      ? request.metrics.map((one) => (typeof one === 'string' ? one : one.name))
      : [],
    newTokens: request.generation_args?.max_new_tokens ?? null,
    alternatives: request.top_alternatives ?? 0,
    sourceLanguage: request.src_lang ?? draft.sourceLanguage,
    targetLanguage: request.tgt_lang ?? draft.targetLanguage,
    attributeTarget: request.attribute_target ?? false,
  };
}
