/** A request about a context with what it needs to run. */

import type { Method } from '../../attribution/method.ts';
import type { Counters } from '../../attribution/passes/passes.ts';
import type { StepCall } from '../../attribution/sequence-scores.ts';
import type { Client, Look } from '../../batching/dynamic-batcher.ts';
import type { AttributeContextRequest } from '../../contract/attribute-context-request.ts';
import type { EngineHooks, Resources } from '../attribution.ts';
import type { ReadyModel } from '../model-store.ts';

export interface ContextJob<R extends AttributeContextRequest = AttributeContextRequest> {
  request: R;
  hooks: EngineHooks;
  resources: Resources;
  model: ReadyModel;
  calls: ContextCalls;
  client: Client;
  look: Look;
  counters: Counters;
}

/** The method and the functions of a request, with their arguments complete. */
export interface ContextCalls {
  method: Method;
  methodArgs: Record<string, unknown>;
  attributedFn: StepCall;
  metric: StepCall;
}
