/** From a body of `POST /evaluate` that has the right shape to a complete request. */
import type { AttributeBody } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import { CHEAP_METHODS, type EvaluateBody, type EvaluateRequest } from '../contract/evaluate.ts';
import { checkMethodCall } from './calls.ts';
import { type CompletionContext, modelOf } from './complete.ts';
import { Issues } from './issues.ts';
import { checkLanguages } from './languages.ts';
import { checkLengths } from './lengths.ts';
import { checkMetrics } from './metrics.ts';
import { checkOptions } from './options.ts';
import { checkTexts } from './texts.ts';
import { checkWebhook } from './webhook.ts';

/** @throws InvalidRequestError that lists everything that is wrong */
export async function completeEvaluateRequest(
  body: EvaluateBody,
  { catalogue, tokens, allowPrivateWebhooks }: Omit<CompletionContext, 'ignoredFields'>,
): Promise<{ request: EvaluateRequest; model: ModelInfo }> {
  const issues = new Issues();
  const model = modelOf(body, catalogue, issues);
  const attributed = asAttribution(body);
  const texts = checkTexts(attributed, model, issues);
  const wire = body.methods ?? CHEAP_METHODS.filter((id) => model.methods.includes(id));
  if (wire.length === 0) {
    issues.add('#/methods', `is required: none of ${CHEAP_METHODS.join(', ')} runs on "${model.id}".`);
  }
  const methods = wire
    .map((call, index) => checkMethodCall(call, `#/methods/${index}`, model, catalogue, issues))
    .filter((call) => call !== null);
  const metrics = checkMetrics(body, catalogue, issues);
  checkLanguages(attributed, model, issues);
  checkOptions(attributed, model, issues);
  checkWebhook(body.webhook, allowPrivateWebhooks, issues);
  issues.throwIfAny();
  await checkLengths(attributed, texts, model, tokens, issues);
  issues.throwIfAny();
  return {
    model,
    request: {
      kind: 'evaluate',
      model: body.model,
      input_texts: texts.input_texts,
      generated_texts: texts.generated_texts,
      methods,
      metrics,
      attribute_target: body.attribute_target,
      generation_args: body.generation_args,
      src_lang: body.src_lang,
      tgt_lang: body.tgt_lang,
      seed: body.seed,
      webhook: body.webhook,
      ...(body.priority !== 0 && { priority: body.priority }),
      ...(body.metadata && { metadata: body.metadata }),
    },
  };
}

/** What a body has in common with one of `POST /attribute`, whose checks it shares. */
function asAttribution({ methods: _methods, metrics: _metrics, ...body }: EvaluateBody): AttributeBody {
  return {
    ...body,
    method: '',
    method_args: {},
    attributed_fn: 'probability',
    step_scores: [],
    top_alternatives: 0,
    metrics: [],
    attr_pos_start: null,
    attr_pos_end: null,
    include_eos_baseline: false,
    skip_special_tokens: false,
    clean_special_chars: false,
  };
}
