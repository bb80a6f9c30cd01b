/** What computes each kind of job. */

import { type JobKind, type JobRequest, kindOf, type RequestOf, type ResultOf } from '../contract/job-kinds.ts';
import { attribute, type EngineHooks, type EngineOutput, type Resources } from './attribution.ts';
import { attributeContext } from './context/attribute-context.ts';
import { evaluate } from './evaluate.ts';

/** What the engine makes of a request. */
export type OutputFor<R extends JobRequest> = R extends { kind: infer Kind extends JobKind }
  ? EngineOutput<ResultOf[Kind]>
  : EngineOutput<ResultOf['attribute']>;

type Compute<Kind extends JobKind> = (
  request: RequestOf[Kind],
  hooks: EngineHooks,
  resources: Resources,
) => Promise<EngineOutput<ResultOf[Kind]>>;

const COMPUTE: { readonly [Kind in JobKind]: Compute<Kind> } = {
  attribute,
  'attribute-context': attributeContext,
  evaluate,
};

/** @throws {AttributionError} when the request is at fault; the signal's reason when the job was stopped */
export function compute<R extends JobRequest>(
  request: R,
  hooks: EngineHooks,
  resources: Resources,
): Promise<OutputFor<R>> {
  // The table pairs each kind's request with its output, which the compiler cannot follow through the key.
  const run = COMPUTE[kindOf(request)] as unknown as (...args: unknown[]) => Promise<OutputFor<R>>;
  return run(request, hooks, resources);
}
