/** A question as it is typed, the request that it makes, and where in it a problem lies. */

import type { AttributeBody, WireMessage } from '../contract/attribute-request.ts';
import type { MethodInfo, ModelInfo, StepFunctionInfo } from '../contract/catalogue.ts';
import { isContrastive } from '../contract/contrastive.ts';
import type { ProblemError } from '../contract/problem.ts';
import type { Result } from '../contract/result.ts';
import { continued } from '../view/model/continued.ts';

export interface Draft {
  model: string;
  /** Whether `messages` are asked about, not `input`. */
  chat: boolean;
  input: string;
  messages: WireMessage[];
  /** A forced answer; empty: the model writes. */
  answer: string;
  /** Another answer to compare with; empty: none. */
  contrast: string;
  method: string;
  methodArgs: Record<string, unknown>;
  attributedFn: string;
  attributedFnArgs: Record<string, unknown>;
  stepScores: string[];
  newTokens: number | null;
  alternatives: number;
  sourceLanguage: string;
  targetLanguage: string;
  attributeTarget: boolean;
}

const DEFAULT_METHOD = 'input_x_gradient';
const DEFAULT_FUNCTION = 'probability';
/** What a contrast is measured by where no contrastive function was chosen. */
const DEFAULT_CONTRAST = 'contrast_prob_diff';

export function emptyDraft(model: ModelInfo | null): Draft {
  return {
    model: model?.id ?? '',
    chat: model?.chat ?? false,
    input: model === null || model.chat ? '' : exampleOf(model),
    messages: [{ role: 'user', content: 'What is the capital of France?' }],
    answer: '',
    contrast: '',
    method: DEFAULT_METHOD,
    methodArgs: {},
    attributedFn: DEFAULT_FUNCTION,
    attributedFnArgs: {},
    stepScores: ['probability'],
    newTokens: null,
    alternatives: 5,
    sourceLanguage: model?.languages?.[0] ?? '',
    targetLanguage: model?.languages?.[1] ?? '',
    attributeTarget: false,
  };
}

/** A text to begin with. */
export function exampleOf({ id, architecture }: ModelInfo): string {
  if (id.startsWith('numbers')) return 'two hundred forty-three';
  return architecture === 'encoder-decoder' ? 'The book is on the table.' : 'The capital of France is';
}

/** The same question to another model: what only the old one knows is dropped, an untouched example is the new one's. */
export function withModel(draft: Draft, before: ModelInfo | null, model: ModelInfo): Draft {
  const fresh = emptyDraft(model);
  const untouched = draft.input === '' || (before !== null && draft.input === exampleOf(before));
  const keep = (language: string, other: string) => (model.languages?.includes(language) ? language : other);
  return {
    ...draft,
    model: model.id,
    chat: model.chat && (draft.chat || untouched),
    input: untouched ? fresh.input : draft.input,
    method: model.methods.includes(draft.method) ? draft.method : DEFAULT_METHOD,
    sourceLanguage: keep(draft.sourceLanguage, fresh.sourceLanguage),
    targetLanguage: keep(draft.targetLanguage, fresh.targetLanguage),
  };
}

interface Known {
  model: ModelInfo;
  method: MethodInfo | undefined;
  stepFunction: StepFunctionInfo | undefined;
}

export function propertiesOf(schema: Record<string, unknown>): Record<string, Record<string, unknown>> {
  return (schema.properties ?? {}) as Record<string, Record<string, unknown>>;
}

/** The body of `POST /attribute`; what is as by default is left out, so that it can be read. */
export function bodyOf(draft: Draft, { model, method, stepFunction }: Known): Partial<AttributeBody> {
  const whole = (text: string) => wholeText(draft, model, text);
  const body: Partial<AttributeBody> = { model: draft.model };
  if (draft.chat) body.messages = draft.messages;
  else body.input_texts = draft.input;
  if (draft.answer !== '') body.generated_texts = whole(draft.answer);
  if (draft.method !== DEFAULT_METHOD) body.method = draft.method;
  const methodArgs = changed(draft.methodArgs, method?.args_schema);
  if (Object.keys(methodArgs).length > 0) body.method_args = methodArgs;
  const fn = attributedFn(draft, stepFunction, whole);
  if (fn !== DEFAULT_FUNCTION) body.attributed_fn = fn;
  if (draft.stepScores.length > 0) body.step_scores = draft.stepScores;
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
function wholeText({ chat, input }: Draft, { architecture }: ModelInfo, answer: string): string {
  return chat || architecture === 'encoder-decoder' ? answer : continued(input, answer);
}

/** Arguments that the schema knows and whose values are not its defaults. */
function changed(args: Record<string, unknown>, schema: Record<string, unknown> | undefined): Record<string, unknown> {
  const known = propertiesOf(schema ?? {});
  const entries = Object.entries(args).filter(([name, value]) => {
    return (
      name in known &&
      value !== undefined &&
      value !== '' &&
      JSON.stringify(value) !== JSON.stringify(known[name].default)
    );
  });
  return Object.fromEntries(entries);
}

/** The question that a result answers, to be asked again or otherwise. */
export function draftOf({ info }: Result, model: ModelInfo): Draft {
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
    chat: (request.messages ?? null) !== null,
    input,
    messages: request.messages?.[0] ?? draft.messages,
    answer: info.generation_args === null ? bare(request.generated_texts?.[0]) : '',
    contrast: bare(contrast),
    method: request.method ?? draft.method,
    methodArgs: request.method_args ?? {},
    attributedFn: fn?.name ?? draft.attributedFn,
    attributedFnArgs: fnArgs,
    stepScores: request.step_scores?.map(({ name }) => name) ?? [],
    newTokens: request.generation_args?.max_new_tokens ?? null,
    alternatives: request.top_alternatives ?? 0,
    sourceLanguage: request.src_lang ?? draft.sourceLanguage,
    targetLanguage: request.tgt_lang ?? draft.targetLanguage,
    attributeTarget: request.attribute_target ?? false,
  };
}

/** Fields of the form, each with the pointers of the request that it stands for; the first that fits is at fault. */
const FIELDS: [RegExp, string][] = [
  [/^#\/(input_texts|messages)\b/, 'input'],
  [/^#\/generated_texts\b/, 'answer'],
  [/^#\/attributed_fn\/args\/contrast_targets\b/, 'contrast'],
  [/^#\/attributed_fn\/args\/(\w+)/, 'fn.$1'],
  [/^#\/attributed_fn\b/, 'fn'],
  [/^#\/method_args\/(\w+)/, 'method.$1'],
  [/^#\/method\b/, 'method'],
  [/^#\/model\b/, 'model'],
  [/^#\/step_scores\b/, 'scores'],
  [/^#\/generation_args\b/, 'tokens'],
  [/^#\/top_alternatives\b/, 'alternatives'],
  [/^#\/src_lang\b/, 'source-language'],
  [/^#\/tgt_lang\b/, 'target-language'],
  [/^#\/attribute_target\b/, 'attribute-target'],
];

/** What is wrong with each field; what belongs to none is under the empty name. */
export function errorsByField(errors: readonly ProblemError[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { pointer, detail } of errors) {
    const match = FIELDS.map(([pattern, name]) => ({ name, match: pattern.exec(pointer) })).find(
      (one) => one.match !== null,
    );
    const name = match?.name.replace('$1', match.match?.[1] ?? '') ?? '';
    const text = name === '' ? `${pointer}: ${detail}` : detail;
    found.set(name, found.has(name) ? `${found.get(name)} ${text}` : text);
  }
  return found;
}
