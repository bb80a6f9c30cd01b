/** From a body of `POST /attribute-context` that has the right shape to a complete request. */
import type {
  AttributeContextBody,
  AttributeContextRequest,
  CompleteDocument,
  DocumentsRequest,
  TextsRequest,
} from '../contract/attribute-context-request.ts';
import type { CompleteCall } from '../contract/attribute-request.ts';
import type { Catalogue, ModelInfo } from '../contract/catalogue.ts';
import { isContrastive } from '../contract/contrastive.ts';
import { TokenizerError } from '../tokenizers/errors.ts';
import { show } from '../validation/show.ts';
import { checkAggregators, checkAttributedFunction, checkMethod, checkStepFunction } from './calls.ts';
import { type CompletionContext, modelOf } from './complete.ts';
import { Issues } from './issues.ts';
import { checkLanguages } from './languages.ts';
import { checkGeneration } from './options.ts';
import { joinedMessages } from './texts.ts';
import { checkWebhook } from './webhook.ts';

/** Fields that documents take the place of, and the other way round. */
const OF_TEXTS = [
  'input_context_text',
  'input_current_text',
  'output_context_text',
  'input_template',
  'output_template',
  'contextless_input_current_text',
  'contextless_output_current_text',
] as const;
const OF_DOCUMENTS = ['query', 'messages', 'template', 'approach'] as const;

/** Fields that the complete request has as they were given. */
const AS_GIVEN = [
  'output_current_text',
  'context_sensitivity_std_threshold',
  'context_sensitivity_topk',
  'attribution_std_threshold',
  'attribution_topk',
  'contextless_output_next_tokens',
  'decoder_input_output_separator',
  'normalize_attributions',
  'rescale_attributions',
  'generation_args',
  'src_lang',
  'tgt_lang',
  'seed',
  'webhook',
] as const;

/** Aggregators that leave one score for each token. */
const MERGING = ['pair', 'sentences', 'slices', 'spans', 'split', 'subwords', 'words'];

/** @throws InvalidRequestError that lists everything that is wrong */
export async function completeContextRequest(
  body: AttributeContextBody,
  context: CompletionContext,
): Promise<{ request: AttributeContextRequest; model: ModelInfo }> {
  const { catalogue } = context;
  const issues = new Issues();
  const model = modelOf(body, catalogue, issues);
  const common = checkCommon(body, model, catalogue, issues);
  const own = body.documents === undefined ? checkTexts(body, issues) : checkDocuments(body, model, issues);
  checkLanguages(body, model, issues);
  checkGeneration(body.generation_args, model, issues);
  checkWebhook(body.webhook, context.allowPrivateWebhooks, issues);
  issues.throwIfAny();
  if (common === null) throw new Error('unreachable: an issue was added');
  await checkRoom(own, body, model, context, issues);
  issues.throwIfAny();
  const request = {
    kind: 'attribute-context' as const,
    model: body.model,
    approach: body.documents === undefined ? ('pecore' as const) : (body.approach ?? ('ablation' as const)),
    ...common,
    ...Object.fromEntries(AS_GIVEN.map((field) => [field, body[field]])),
    ...own,
    ...(body.priority !== 0 && { priority: body.priority }),
    ...(body.metadata && { metadata: body.metadata }),
  };
  return { model, request: request as AttributeContextRequest };
}

/** Method, functions and aggregators; null after adding an issue. */
function checkCommon(body: AttributeContextBody, model: ModelInfo, catalogue: Catalogue, issues: Issues) {
  const method = checkMethod(body, model, catalogue, issues);
  const options = { contrastGiven: true };
  const attributedFn = checkAttributedFunction(body, method?.info ?? null, model, catalogue, issues, options);
  const pointer = '#/context_sensitivity_metric';
  const metric = checkStepFunction(body.context_sensitivity_metric, pointer, model, catalogue, issues, options);
  const contrastive = catalogue.step_functions.filter(isContrastive).map(({ id }) => id);
  if (metric !== null && !contrastive.includes(metric.name)) {
    const usable = contrastive.join(', ');
    issues.add(
      pointer,
      `is to compare the answer with the one without context, got "${metric.name}": one of ${usable}.`,
    );
  }
  if (body.normalize_attributions && body.rescale_attributions) {
    issues.add('#/rescale_attributions', 'only one of normalize_attributions and rescale_attributions can be true.');
  }
  const aggregators = checkAggregators(
    { aggregators: body.aggregators?.map(scaled(body, catalogue)) },
    model,
    catalogue,
    issues,
  );
  checkChain(aggregators, issues);
  if (method === null || attributedFn === null || metric === null) return null;
  return {
    method: method.info.id,
    method_args: method.args,
    attributed_fn: withoutTexts(attributedFn),
    context_sensitivity_metric: withoutTexts(metric),
    aggregators,
  };
}

type WireCall = NonNullable<AttributeContextBody['aggregators']>[number];

/** A call that says nothing of normalizing does as the request says. */
function scaled({ normalize_attributions, rescale_attributions }: AttributeContextBody, { aggregators }: Catalogue) {
  return (call: WireCall): WireCall => {
    const { name, args = {} } = typeof call === 'string' ? { name: call } : call;
    const schema = aggregators.find(({ id }) => id === name)?.args_schema as { properties?: object } | undefined;
    if (schema?.properties === undefined || !('normalize' in schema.properties)) return call;
    return { name, args: { normalize: normalize_attributions, rescale: rescale_attributions, ...args } };
  };
}

function checkChain(chain: CompleteCall[] | null, issues: Issues): void {
  if (chain?.length === 0) {
    const message = 'leaves the scores raw, and here each pair of tokens has one: leave it out, or name an aggregator.';
    issues.add('#/aggregators', message);
  }
  for (const [index, { name }] of chain?.entries() ?? []) {
    if (!MERGING.includes(name)) continue;
    issues.add(
      `#/aggregators/${index}`,
      `"${name}" merges tokens, and scores are told for each token of the context: leave it out (with \`documents\`, \`unit\` says what is scored).`,
    );
  }
}

/** Contrast texts are the request's own: with the context and without. */
function withoutTexts({ name, args }: CompleteCall): CompleteCall {
  const { contrast_targets: _, contrast_sources: __, contrast_targets_alignments: ___, ...rest } = args;
  const none = { contrast_targets: null, contrast_sources: null, contrast_targets_alignments: null };
  return { name, args: 'contrast_targets' in args ? { ...rest, ...none } : args };
}

type OwnTexts = Pick<TextsRequest, 'documents' | (typeof OF_TEXTS)[number] | 'special_tokens_to_keep'>;

function checkTexts(body: AttributeContextBody, issues: Issues): OwnTexts {
  for (const field of OF_DOCUMENTS) {
    if (body[field] === undefined) continue;
    issues.add(`#/${field}`, 'needs `documents`: give them, or `input_current_text` and `input_context_text`.');
  }
  const { input_context_text: context = null, output_context_text: written } = body;
  if (body.input_current_text === undefined) {
    issues.add(
      '#/input_current_text',
      'is required: the input whose output is explained (or give `documents` and `query`).',
    );
  }
  const both = '{context} {current}';
  const inputTemplate = body.input_template ?? (context === null ? '{current}' : both);
  const outputTemplate = body.output_template ?? (written === null ? '{current}' : both);
  for (const [field, template] of [
    ['input_template', inputTemplate],
    ['output_template', outputTemplate],
    ['contextless_input_current_text', body.contextless_input_current_text ?? '{current}'],
    ['contextless_output_current_text', body.contextless_output_current_text ?? '{current}'],
  ] as const) {
    if (!template.includes('{current}'))
      issues.add(`#/${field}`, `has no {current}, got ${show(template)}: put it in.`);
  }
  const missing = (text: string | null | undefined, template: string): boolean =>
    (text ?? null) === null && template.includes('{context}');
  const unused = (text: string | null | undefined, template: string): boolean =>
    (text ?? null) !== null && !template.includes('{context}');
  if (missing(context, inputTemplate)) issues.add('#/input_context_text', 'is needed: `input_template` has {context}.');
  if (unused(context, inputTemplate)) {
    issues.add('#/input_context_text', 'has no place: put {context} into `input_template`, or leave the text out.');
  }
  if (missing(written, outputTemplate)) {
    const why = 'is needed: `output_template` has {context}, and nobody can be asked which part of a generation it is.';
    issues.add('#/output_context_text', why);
  }
  if (unused(written, outputTemplate)) {
    issues.add('#/output_context_text', 'has no place: put {context} into `output_template`, or leave the text out.');
  }
  if (
    outputTemplate.includes('{context}') &&
    outputTemplate.indexOf('{context}') > outputTemplate.indexOf('{current}')
  ) {
    issues.add(
      '#/output_template',
      'has {context} behind {current}: an answer can only depend on what comes before it.',
    );
  }
  if (context === null && written === null) {
    issues.add(
      '#/input_context_text',
      'there is no context to attribute to: give it, or `output_context_text`, or `documents`.',
    );
  }
  return {
    documents: null,
    input_context_text: context,
    input_current_text: body.input_current_text ?? '',
    output_context_text: written,
    input_template: inputTemplate,
    output_template: outputTemplate,
    contextless_input_current_text: body.contextless_input_current_text ?? '{current}',
    contextless_output_current_text: body.contextless_output_current_text ?? '{current}',
    special_tokens_to_keep: body.special_tokens_to_keep,
  };
}

type OwnDocuments = Omit<DocumentsRequest, keyof TextsRequest> & Pick<DocumentsRequest, 'documents'>;

function checkDocuments(body: AttributeContextBody, model: ModelInfo, issues: Issues): OwnDocuments {
  for (const field of OF_TEXTS) {
    if ((body[field] ?? null) === null) continue;
    issues.add(`#/${field}`, 'is for texts without `documents`: leave one of both out.');
  }
  if (body.query !== undefined && body.messages !== undefined) {
    issues.add('#/messages', 'give either `query` or `messages`, not both.');
  }
  if (body.query === undefined && body.messages === undefined) {
    issues.add('#/query', 'is required: the question about the documents (chat models also take `messages`).');
  }
  if (body.messages !== undefined && !model.chat) {
    issues.add('#/messages', `"${model.id}" has no chat template: send the question as \`query\`.`);
  }
  const template = body.template ?? '{documents}\n\n{query}';
  for (const name of ['{documents}', '{query}']) {
    if (!template.includes(name)) issues.add('#/template', `has no ${name}, got ${show(template)}: put it in.`);
  }
  const documents = (body.documents ?? []).map(
    ({ id, title = null, text }, index): CompleteDocument => ({ id: id ?? String(index), title, text }),
  );
  const seen = new Set<string>();
  for (const [index, { id }] of documents.entries()) {
    if (seen.has(id)) issues.add(`#/documents/${index}/id`, `is there twice, got ${show(id)}: give each its own.`);
    seen.add(id);
  }
  checkSpans(body, documents, issues);
  if (body.output_current_text !== null) {
    const { length } = body.output_current_text;
    for (const [index, [start, end]] of body.answer_spans.entries()) {
      if (start < end && end <= length) continue;
      const message = `must be a span [start, end) of the ${length} characters of the answer, got [${start}, ${end}].`;
      issues.add(`#/answer_spans/${index}`, message);
    }
  }
  if (body.language !== null && !isLanguage(body.language)) {
    issues.add(
      '#/language',
      `is no language that sentences are known of, got ${show(body.language)}: a code such as "en".`,
    );
  }
  return {
    documents,
    query: body.query ?? null,
    messages: body.messages === undefined ? null : joinedMessages(body.messages, '#/messages', issues),
    template,
    unit: body.unit,
    language: body.language,
    answer_spans: body.answer_spans as [number, number][],
    perturbation: body.perturbation,
    num_ablations: body.num_ablations,
    held_out_ablations: body.held_out_ablations,
    ablation_keep_prob: body.ablation_keep_prob,
    lasso_alpha: body.lasso_alpha,
    divergence: body.divergence,
    support_threshold: body.support_threshold,
    top_sources: body.top_sources,
    return_token_scores: body.return_token_scores,
  };
}

/** Spans as units lie in their document and do not overlap. */
function checkSpans({ unit }: AttributeContextBody, documents: readonly CompleteDocument[], issues: Issues): void {
  if (!Array.isArray(unit)) return;
  const ends = new Map<number, number>();
  const order = [...unit.entries()].sort(([, a], [, b]) => a.document - b.document || a.start - b.start);
  for (const [index, { document, start, end }] of order) {
    const pointer = `#/unit/${index}`;
    const text = documents[document]?.text;
    if (text === undefined) {
      issues.add(
        `${pointer}/document`,
        `must be less than ${documents.length}, the number of documents, got ${document}.`,
      );
    } else if (start >= end || end > text.length) {
      issues.add(
        pointer,
        `must be a span [start, end) of the ${text.length} characters of its document, got [${start}, ${end}].`,
      );
    } else if (start < (ends.get(document) ?? 0)) {
      issues.add(pointer, `overlaps the span before it, which ends at ${ends.get(document)}: part them.`);
    }
    ends.set(document, Math.max(ends.get(document) ?? 0, end));
  }
}

function isLanguage(code: string): boolean {
  try {
    return Intl.Segmenter.supportedLocalesOf(code).length > 0;
  } catch {
    return false;
  }
}

/** Adds an issue where the texts do not fit the model; what cannot be counted here, the worker refuses. */
async function checkRoom(
  own: OwnTexts | OwnDocuments,
  body: AttributeContextBody,
  model: ModelInfo,
  { tokens }: CompletionContext,
  issues: Issues,
): Promise<void> {
  const limit = model.max_positions;
  if (limit === null || (own.documents !== null && own.messages !== null)) return;
  const answer = body.output_current_text ?? '';
  const [pointer, prompt] =
    own.documents === null
      ? ['#/input_context_text', `${own.input_context_text ?? ''} ${own.input_current_text}`]
      : ['#/documents', `${own.documents.map(({ text }) => text).join('\n\n')}\n\n${own.query ?? ''}`];
  const text = model.architecture === 'decoder-only' ? `${prompt} ${body.output_context_text ?? ''} ${answer}` : prompt;
  try {
    const count = await tokens.count(model.id, text, { side: 'source', specialTokens: true });
    if (count === null || count <= limit) return;
    issues.add(
      pointer,
      `the texts are ${count} tokens long together; "${model.id}" takes at most ${limit}: shorten them.`,
    );
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error;
    issues.add(pointer, `${error.message}.`);
  }
}
