/** From a body that has the right shape to a complete request that a worker can compute. */
import type { AttributeBody, AttributeRequest } from '../contract/attribute-request.ts';
import type { Catalogue, ModelInfo } from '../contract/catalogue.ts';
import { suggestion } from '../validation/nearest.ts';
import { checkAggregators, checkAttributedFunction, checkMethod, checkStepFunction } from './calls.ts';
import { checkContrast } from './contrasts.ts';
import { Issues } from './issues.ts';
import { checkLanguages } from './languages.ts';
import { checkLengths, type TokenCounter } from './lengths.ts';
import { checkMetrics } from './metrics.ts';
import { checkOptions } from './options.ts';
import { checkTargetSpans } from './target-spans.ts';
import { checkTexts } from './texts.ts';
import { checkWebhook } from './webhook.ts';

export interface CompletionContext {
  catalogue: Catalogue;
  tokens: TokenCounter;
  /** Whether webhooks may go to private addresses. */
  allowPrivateWebhooks: boolean;
  /** Fields of the body that changed nothing. */
  ignoredFields?: readonly string[];
}

/**
 * Checks `body` against the catalogue and fills in every default.
 * @throws InvalidRequestError that lists everything that is wrong
 */
export async function completeRequest(
  body: AttributeBody,
  context: CompletionContext,
): Promise<{ request: AttributeRequest; model: ModelInfo }> {
  const { catalogue } = context;
  const issues = new Issues();
  const model = modelOf(body, catalogue, issues);
  const texts = checkTexts(body, model, issues);
  const method = checkMethod(body, model, catalogue, issues);
  const attributedFn = checkAttributedFunction(body, method?.info ?? null, model, catalogue, issues);
  if (attributedFn !== null) checkContrast(attributedFn, texts, model, issues);
  const stepScores = body.step_scores.map((call, index) =>
    checkStepFunction(call, `#/step_scores/${index}`, model, catalogue, issues),
  );
  const aggregators = checkAggregators(body, model, catalogue, issues);
  const metrics = checkMetrics(body, catalogue, issues);
  checkLanguages(body, model, issues);
  checkOptions(body, model, issues);
  const targetSpans = checkTargetSpans(body, texts, model, issues);
  checkWebhook(body.webhook, context.allowPrivateWebhooks, issues);
  issues.throwIfAny();
  if (method === null || attributedFn === null) throw new Error('unreachable: an issue was added');
  await checkLengths(body, texts, model, context.tokens, issues);
  issues.throwIfAny();
  return {
    model,
    request: {
      model: body.model,
      ...texts,
      method: method.info.id,
      method_args: method.args,
      attributed_fn: attributedFn,
      step_scores: stepScores.filter((call) => call !== null),
      top_alternatives: body.top_alternatives,
      ...(metrics.length > 0 && { metrics }),
      attribute_target: body.attribute_target,
      attr_pos_start: body.attr_pos_start,
      attr_pos_end: body.attr_pos_end,
      ...(targetSpans && { target_spans: targetSpans }),
      include_eos_baseline: body.include_eos_baseline,
      generation_args: body.generation_args,
      src_lang: body.src_lang,
      tgt_lang: body.tgt_lang,
      skip_special_tokens: body.skip_special_tokens,
      clean_special_chars: body.clean_special_chars,
      aggregators,
      seed: body.seed,
      webhook: body.webhook,
      ...(body.priority !== 0 && { priority: body.priority }),
      ...(body.metadata && { metadata: body.metadata }),
      ...(context.ignoredFields?.length && { ignored_fields: [...context.ignoredFields] }),
    },
  };
}

/** The model that a body names. @throws InvalidRequestError where it is not served */
export function modelOf(body: { model: string }, catalogue: Catalogue, issues: Issues): ModelInfo {
  const model = catalogue.models.find(({ id }) => id === body.model);
  if (model !== undefined) return model;
  issues.add('#/model', whyNot(body.model, catalogue));
  issues.throwIfAny();
  throw new Error('unreachable: an issue was added');
}

/** Why there is no model of this id to compute with. */
function whyNot(id: string, { models, unusable_models = [] }: Catalogue): string {
  const known = unusable_models.find((model) => model.id === id);
  if (known !== undefined) return `the model "${id}" cannot be served: ${known.unusable.detail}`;
  const ids = models.map((model) => model.id);
  return `there is no model "${id}".${suggestion(id, ids, 'models')} GET /models describes them.`;
}
