/** What a result says of how it was made: everything that is needed to make it again. */

import type { AggregatorCall } from '../attribution/aggregation/aggregate.ts';
import type { Counters } from '../attribution/passes/passes.ts';
import type { SequenceAttribution } from '../attribution/scores.ts';
import type { StepCall } from '../attribution/sequence-scores.ts';
import type { AttributeRequest, CompleteCall } from '../contract/attribute-request.ts';
import type { MetricsInfo } from '../contract/faithfulness.ts';
import type { ContrastInfo, RepeatableRequest, ResultInfo } from '../contract/result.ts';
import type { TargetSpans, TargetSpansBody } from '../contract/target-spans.ts';
import { effectiveArgs } from '../generation/resolve.ts';
import type { InseqInfo } from '../results/inseq.ts';
import type { Input } from './inputs.ts';
import type { ReadyModel } from './model-store.ts';

/** What a request calls, its arguments complete. */
export interface Calls {
  methodArgs: Record<string, unknown>;
  attributedFn: StepCall;
  stepScores: readonly StepCall[];
}

/** A request with what it came to. */
export interface Resolved extends Calls {
  request: AttributeRequest;
  model: ReadyModel;
  /** Id of the method. */
  method: string;
  /** Null where a text failed before it was prepared. */
  inputs: readonly (Input | null)[];
}

/** What was found out while a request was computed. */
export interface Measured {
  backend: string;
  /** What computed. */
  device: string;
  aggregators: Required<AggregatorCall>[] | null;
  contrasts: ContrastInfo[];
  /** Null: none were asked for. */
  metrics: MetricsInfo | null;
  seconds: number;
  counters: Counters;
  versions: Record<string, string>;
}

/** The result's info. */
export function resultInfo(resolved: Resolved, measured: Measured): ResultInfo {
  const { request, model, method, methodArgs, attributedFn, stepScores, inputs } = resolved;
  const { aggregators, contrasts, metrics, seconds, counters, versions } = measured;
  return {
    ...modelInfo(model, request.model),
    method,
    method_args: methodArgs,
    attributed_fn: attributedFn.fn.id,
    attributed_fn_args: attributedFn.args,
    step_scores: stepScores.map(callOf),
    attribute_target: model.model.architecture === 'decoder-only' || request.attribute_target,
    include_eos_baseline: request.include_eos_baseline,
    ...generationInfo(request, prepared(inputs)),
    ...effectiveLanguages(resolved),
    skip_special_tokens: request.skip_special_tokens,
    clean_special_chars: request.clean_special_chars,
    input_texts: request.messages === null ? request.input_texts : null,
    ...(request.messages !== null && { messages: request.messages }),
    generated_texts: inputs.map(
      (input) => (request.messages === null ? input?.texts.target : input?.generatedText) ?? null,
    ),
    continuations: inputs.map((input) => input?.generatedText ?? null),
    seed: request.seed,
    ...(request.ignored_fields && { ignored_fields: request.ignored_fields }),
    request: repeatable(resolved, aggregators),
    backend: measured.backend,
    device: measured.device,
    aggregators,
    ...(metrics && { metrics }),
    ...(contrasts.length > 0 && { contrasts }),
    seconds: Math.round(seconds * 1e4) / 1e4,
    forward_passes: counters.forward,
    backward_passes: counters.backward,
    versions,
  };
}

/** Which model it was. */
export function modelInfo({ model, hashes, quantization, entry }: ReadyModel, id: string) {
  return {
    model: id,
    model_type: model.modelType,
    model_hash: hashes.model,
    tokenizer_hash: hashes.tokenizer,
    quantization,
    ...(quantization === 'int8' && { int8: { threshold: entry.int8Threshold, outliers: entry.int8Outliers } }),
  };
}

/** The request as a body with what came of its defaults; it leaves out what it does not say, and whom to tell. */
function repeatable(
  { request, model, method, methodArgs, attributedFn, stepScores, inputs }: Resolved,
  aggregators: Measured['aggregators'],
): RepeatableRequest {
  const { messages, input_texts, generated_texts } = request;
  return {
    model: request.model,
    ...(messages === null ? { input_texts } : { messages }),
    ...(generated_texts !== null && { generated_texts }),
    method,
    method_args: methodArgs,
    attributed_fn: callOf(attributedFn),
    step_scores: stepScores.map(callOf),
    top_alternatives: request.top_alternatives,
    ...(request.metrics && { metrics: request.metrics }),
    attribute_target: model.model.architecture === 'encoder-decoder' && request.attribute_target,
    attr_pos_start: request.attr_pos_start,
    attr_pos_end: request.attr_pos_end,
    ...(request.target_spans && { target_spans: spansAsAsked(request.target_spans) }),
    include_eos_baseline: request.include_eos_baseline,
    generation_args: generationInfo(request, prepared(inputs)).generation_args ?? request.generation_args,
    src_lang: request.src_lang,
    tgt_lang: request.tgt_lang,
    skip_special_tokens: request.skip_special_tokens,
    clean_special_chars: request.clean_special_chars,
    ...(aggregators !== null && { aggregators }),
    seed: request.seed,
  };
}

/** Spans as a body has them. */
function spansAsAsked({ unit, spans, locale }: TargetSpans): TargetSpansBody {
  return { unit, ...(spans && { spans }), ...(locale !== null && { locale }) };
}

const prepared = (inputs: Resolved['inputs']): Input[] => inputs.filter((input) => input !== null);

const callOf = ({ fn, args }: StepCall): CompleteCall => ({ name: fn.id, args });

/** The languages of a text: those asked for, or else those whose tokens stand around source and target. */
function effectiveLanguages({ request, model, inputs }: Resolved): Pick<ResultInfo, 'src_lang' | 'tgt_lang'> {
  const { src_lang, tgt_lang } = request;
  const { tokenizer } = model;
  const codes = tokenizer.languages ?? [];
  const codeOf = (ids: readonly (number | undefined)[]): string | null =>
    codes.find((code) => {
      const id = tokenizer.forcedLanguageId(code);
      return id !== null && ids.includes(id);
    }) ?? null;
  const { sourceIds, targetIds } = prepared(inputs)[0]?.sequence ?? {};
  return {
    src_lang: src_lang ?? codeOf([sourceIds?.[0], sourceIds?.at(-1)]),
    tgt_lang: tgt_lang ?? codeOf([targetIds?.[0], targetIds?.[1]]),
  };
}

/** How the texts were generated, so that it can be asked for again, and what of the checkpoint's file was followed. */
function generationInfo({ generation_args: args }: AttributeRequest, inputs: readonly Input[]) {
  const generated = inputs.flatMap(({ generation }) => generation ?? []);
  if (generated.length === 0) return { generation_args: null };
  const reports = generated.map(({ report }) => report);
  const applied: Record<string, unknown> = Object.assign({}, ...reports.map((report) => report.applied));
  const ignored = Object.entries<unknown>(Object.assign({}, ...reports.map((report) => report.ignored)));
  return {
    // Where one text has a length of its own, all find theirs again.
    generation_args: effectiveArgs(args, generated.find(({ byLength }) => byLength) ?? generated[0]),
    generation_config: {
      file: reports[0].file,
      applied,
      ignored: Object.fromEntries(ignored.filter(([name]) => !(name in applied))),
    },
  };
}

/**
 * The info as Inseq writes it, of the texts that succeeded.
 * @param raw - in the order of the texts; undefined where one failed
 */
export function inseqInfo(
  { request, model, method, methodArgs, attributedFn, stepScores, inputs }: Resolved,
  raw: readonly (SequenceAttribution | undefined)[],
  seconds: number,
): InseqInfo {
  const first = raw.find((sequence) => sequence !== undefined);
  const succeeded = (_: unknown, index: number): boolean => raw[index] !== undefined;
  const { architectures } = model.config;
  return {
    attribution_method: method,
    attr_pos_start: first?.attrPosStart ?? null,
    attr_pos_end: first?.attrPosEnd ?? null,
    attribute_target: request.attribute_target,
    attributed_fn: `${attributedFn.fn.id}_fn`,
    attributed_fn_args: attributedFn.args,
    attribution_args: methodArgs,
    constrained_decoding: request.generated_texts !== null,
    exec_time: seconds,
    generate_from_target_prefix: false,
    generated_texts: prepared(inputs.filter(succeeded)).map(({ texts }) => texts.target),
    generation_args: request.generation_args,
    include_eos_baseline: request.include_eos_baseline,
    input_texts: request.input_texts.filter(succeeded),
    model_class: Array.isArray(architectures) ? String(architectures[0]) : model.model.modelType,
    model_name: request.model,
    output_step_attributions: false,
    step_scores: stepScores.map(({ fn }) => fn.id),
    step_scores_args: Object.assign({}, ...stepScores.map(({ args }) => args)),
    tokenizer_class: model.tokenizer.tokenizerClass,
    tokenizer_name: request.model,
  };
}
