/** The method and the step functions of a request, with their arguments complete. */

import { AttributionError } from '../attribution/errors.ts';
import type { MetricCall } from '../attribution/faithfulness.ts';
import type { Method } from '../attribution/method.ts';
import type { Registries } from '../attribution/registries.ts';
import type { StepCall } from '../attribution/sequence-scores.ts';
import type { AttributeRequest, CompleteCall } from '../contract/attribute-request.ts';
import { completed } from './arguments.ts';
import type { Calls } from './info.ts';

/** The metrics of a request with the score that they measure by. */
export interface MetricCalls {
  calls: readonly MetricCall[];
  score: StepCall;
}

export interface ResolvedCalls extends Calls {
  method: Method;
  /** Whether contrast texts are to be aligned by the encoder that the models file names. */
  alignsContrasts: boolean;
  /** Null: none are asked for. */
  metrics: MetricCalls | null;
}

/** @throws {AttributionError} when there is no such method or function, or arguments do not fit */
export function resolveCalls(request: AttributeRequest, registries: Registries): ResolvedCalls {
  const method = memberOf(registries.methods, request.method, { code: 'unknown_method', what: 'method' }, '#/method');
  const { attributed_fn: attributed, step_scores: scores } = request;
  const attributedFn = stepCall(registries, attributed, '#/attributed_fn');
  return {
    method,
    methodArgs: completed(method.argsSchema, request.method_args, '#/method_args'),
    attributedFn,
    stepScores: scores.map((call, position) => stepCall(registries, call, `#/step_scores/${position}`)),
    alignsContrasts: [attributed, ...scores].some(({ args }) => args.contrast_targets_alignments === 'auto'),
    metrics: resolveMetrics(request.metrics ?? [], attributedFn, registries),
  };
}

/**
 * The score of a copy is the probability of the generated tokens, as metrics are defined; with a contrastive attributed
 * function it is that function, since what speaks for one token rather than another need not make it likely.
 * @throws {AttributionError} when there is no such metric, or arguments do not fit
 */
function resolveMetrics(
  metrics: readonly CompleteCall[],
  attributedFn: StepCall,
  registries: Registries,
): MetricCalls | null {
  if (metrics.length === 0) return null;
  const calls = metrics.map(({ name, args }, index): MetricCall => {
    const pointer = `#/metrics/${index}`;
    const metric = memberOf(registries.metrics, name, { code: 'unknown_metric', what: 'metric' }, pointer);
    return { metric, args: completed(metric.argsSchema, args, `${pointer}/args`) };
  });
  return { calls, score: isContrastive(attributedFn) ? attributedFn : probability(registries) };
}

function probability(registries: Registries): StepCall {
  return stepCall(registries, { name: 'probability', args: {} }, '#/metrics');
}

function isContrastive({ args }: StepCall): boolean {
  return 'contrast_targets' in args;
}

export function stepCall({ stepFunctions }: Registries, { name, args }: CompleteCall, pointer: string): StepCall {
  const fn = memberOf(stepFunctions, name, { code: 'unknown_step_function', what: 'step function' }, pointer);
  return { fn, args: completed(fn.argsSchema, args, `${pointer}/args`), pointer: `${pointer}/args` };
}

export function memberOf<T>(
  members: ReadonlyMap<string, T>,
  id: string,
  { code, what }: { code: string; what: string },
  pointer: string,
): T {
  const found = members.get(id);
  if (found !== undefined) return found;
  throw new AttributionError(code, `there is no ${what} "${id}"; there are ${[...members.keys()].join(', ')}`, pointer);
}
