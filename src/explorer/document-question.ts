/** A question about documents: the body of `POST /attribute-context`. */

import type { AttributeContextBody } from '../contract/attribute-context-request.ts';
import type { ContextResult } from '../contract/attribute-context-result.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import { type Approach, DEFAULT_APPROACH, DEFAULT_UNIT, type DocumentUnit, type Draft, emptyDraft } from './draft.ts';
import type { Known } from './question.ts';
import { changed } from './schemas.ts';

export const APPROACH_NAMES: Record<Approach, string> = {
  ablation: 'Random ablations (ContextCite)',
  leave_one_out: 'Leave one out',
  pecore: 'Context-sensitive tokens (PECoRe)',
  tokens: 'Scores of tokens, summed',
};

export const UNIT_NAMES: Record<DocumentUnit, string> = {
  sentence: 'Sentences',
  paragraph: 'Paragraphs',
  document: 'Documents',
  token: 'Tokens',
};

/** What the service takes where a request names none. */
const DEFAULT_TOKEN_METHOD = 'saliency';

/** Whether an approach asks a method of tokens. */
export const usesMethod = (approach: Approach): boolean => approach === 'pecore' || approach === 'tokens';

/** What is as by default is left out. Chat models are asked in a conversation, which their template renders. */
export function documentBody(draft: Draft, { model, method }: Known): Partial<AttributeContextBody> {
  const documents = draft.documents.filter(({ text, title }) => text.trim() !== '' || title.trim() !== '');
  const body: Partial<AttributeContextBody> = {
    model: draft.model,
    documents: documents.map(({ title, text }) => ({ ...(title.trim() !== '' && { title: title.trim() }), text })),
  };
  if (model.chat) body.messages = [{ role: 'user', content: draft.question }];
  else body.query = draft.question;
  if (draft.answer !== '') body.output_current_text = draft.answer;
  if (draft.approach !== DEFAULT_APPROACH) body.approach = draft.approach;
  if (draft.documentUnit !== DEFAULT_UNIT) body.unit = draft.documentUnit;
  if (usesMethod(draft.approach)) {
    if (draft.method !== DEFAULT_TOKEN_METHOD) body.method = draft.method;
    const methodArgs = changed(draft.methodArgs, method?.args_schema);
    if (Object.keys(methodArgs).length > 0) body.method_args = methodArgs;
  }
  if (draft.newTokens !== null && draft.answer === '')
    body.generation_args = { max_new_tokens: draft.newTokens } as AttributeContextBody['generation_args'];
  return body;
}

/** The question that a result answers; null: it was asked about a context, which the form has no fields for. */
export function draftOfDocuments({ info }: ContextResult, model: ModelInfo): Draft | null {
  const { documents, messages, query, approach, unit, output_current_text, method, method_args } = info.request;
  if (documents === undefined) return null;
  const draft = emptyDraft(model);
  const last = messages?.at(-1)?.content;
  return {
    ...draft,
    about: 'documents',
    documents: documents.map(({ title = '', text }) => ({ title, text })),
    question: query ?? (typeof last === 'string' ? last : (last ?? []).map(({ text }) => text).join('')),
    approach: approach ?? DEFAULT_APPROACH,
    documentUnit: typeof unit === 'string' ? unit : DEFAULT_UNIT,
    answer: output_current_text ?? '',
    method: info.method === null ? draft.method : (method ?? draft.method),
    methodArgs: method_args ?? {},
    newTokens: info.generation_args?.max_new_tokens ?? null,
  };
}
