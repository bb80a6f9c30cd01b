/** The request that a draft makes, where in it a problem lies, and the draft that a result answers. */

import type { MethodInfo, ModelInfo, StepFunctionInfo } from '../contract/catalogue.ts';
import type { ShownResult } from '../contract/job-kinds.ts';
import type { ProblemError } from '../contract/problem.ts';
import { documentBody, draftOfDocuments } from './document-question.ts';
import type { Draft } from './draft.ts';
import { draftOfText, textBody } from './text-question.ts';

/** What the service knows of the draft's choices. */
export interface Known {
  model: ModelInfo;
  method: MethodInfo | undefined;
  stepFunction: StepFunctionInfo | undefined;
}

/** What is sent, and where to. */
export interface Question {
  path: 'attribute' | 'attribute-context';
  body: Record<string, unknown>;
}

export function questionOf(draft: Draft, known: Known): Question {
  return draft.about === 'documents'
    ? { path: 'attribute-context', body: documentBody(draft, known) }
    : { path: 'attribute', body: textBody(draft, known) };
}

/** Null where the form has no fields for it. */
export function draftOf(result: ShownResult, model: ModelInfo): Draft | null {
  return 'kind' in result ? draftOfDocuments(result, model) : draftOfText(result, model);
}

/** The question of a result, without what is as by default or has nothing to say. */
export function questionOfResult(result: ShownResult): Question {
  const kept = Object.entries(result.info.request).filter(([, value]) => {
    if (value === null || value === false) return false;
    return typeof value !== 'object' || Object.keys(value as object).length > 0;
  });
  const { input_texts, generated_texts, ...rest } = Object.fromEntries(kept);
  const single = (texts: unknown) => (Array.isArray(texts) && texts.length === 1 ? texts[0] : texts);
  return {
    path: 'kind' in result ? 'attribute-context' : 'attribute',
    body: {
      ...rest,
      ...(input_texts !== undefined && { input_texts: single(input_texts) }),
      ...(generated_texts !== undefined && { generated_texts: single(generated_texts) }),
    },
  };
}

/** Fields of the form, each with the pointers of the request that it stands for; the first that fits is at fault. */
const FIELDS: [RegExp, string][] = [
  [/^#\/documents\/(\d+)\b/, 'document.$1'],
  [/^#\/documents\b/, 'documents'],
  [/^#\/(query|messages\/0\/content)\b/, 'question'],
  [/^#\/(input_texts|messages)\b/, 'input'],
  [/^#\/(generated_texts|output_current_text)\b/, 'answer'],
  [/^#\/attributed_fn\/args\/contrast_targets\b/, 'contrast'],
  [/^#\/attributed_fn\/args\/(\w+)/, 'fn.$1'],
  [/^#\/attributed_fn\b/, 'fn'],
  [/^#\/method_args\/(\w+)/, 'method.$1'],
  [/^#\/method\b/, 'method'],
  [/^#\/approach\b/, 'approach'],
  [/^#\/unit\b/, 'unit'],
  [/^#\/model\b/, 'model'],
  [/^#\/step_scores\b/, 'scores'],
  [/^#\/metrics\b/, 'metrics'],
  [/^#\/generation_args\b/, 'tokens'],
  [/^#\/top_alternatives\b/, 'alternatives'],
  [/^#\/src_lang\b/, 'source-language'],
  [/^#\/tgt_lang\b/, 'target-language'],
  [/^#\/attribute_target\b/, 'attribute-target'],
];

/** Fields that only one kind of question has; what is wrong with them elsewhere is told of the input. */
const OF_DOCUMENTS = new Set(['question', 'documents', 'approach', 'unit']);

/** What is wrong with each field; what belongs to none is under the empty name. */
export function errorsByField(errors: readonly ProblemError[], about: Draft['about'] = 'text'): Map<string, string> {
  const found = new Map<string, string>();
  for (const { pointer, detail } of errors) {
    const match = FIELDS.map(([pattern, name]) => ({ name, match: pattern.exec(pointer) })).find(
      (one) => one.match !== null && (about === 'documents' || !OF_DOCUMENTS.has(one.name)),
    );
    const name = match?.name.replace('$1', match.match?.[1] ?? '') ?? '';
    const text = name === '' ? `${pointer}: ${detail}` : detail;
    found.set(name, found.has(name) ? `${found.get(name)} ${text}` : text);
  }
  return found;
}
