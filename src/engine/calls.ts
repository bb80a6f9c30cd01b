/** The method and the step functions of a request, with their arguments complete. */

import { AttributionError } from '../attribution/errors.ts';
import type { Method } from '../attribution/method.ts';
import type { Registries } from '../attribution/registries.ts';
import type { StepCall } from '../attribution/sequence-scores.ts';
import type { AttributeRequest, CompleteCall } from '../contract/attribute-request.ts';
import { completed } from './arguments.ts';
import type { Calls } from './info.ts';

export interface ResolvedCalls extends Calls {
  method: Method;
  /** Whether contrast texts are to be aligned by the encoder that the models file names. */
  alignsContrasts: boolean;
}

/** @throws {AttributionError} when there is no such method or function, or arguments do not fit */
export function resolveCalls(request: AttributeRequest, registries: Registries): ResolvedCalls {
  const method = memberOf(registries.methods, request.method, { code: 'unknown_method', what: 'method' }, '#/method');
  const { attributed_fn: attributed, step_scores: scores } = request;
  return {
    method,
    methodArgs: completed(method.argsSchema, request.method_args, '#/method_args'),
    attributedFn: stepCall(registries, attributed, '#/attributed_fn'),
    stepScores: scores.map((call, position) => stepCall(registries, call, `#/step_scores/${position}`)),
    alignsContrasts: [attributed, ...scores].some(({ args }) => args.contrast_targets_alignments === 'auto'),
  };
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
