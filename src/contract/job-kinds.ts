/**
 * The kinds of jobs: what a client can ask for, each with its complete request and its result. All kinds share records,
 * queue, events and formats; a new kind is named here, and the compiler asks for the rest.
 */
import type { AttributeContextRequest } from './attribute-context-request.ts';
import type { ContextResult } from './attribute-context-result.ts';
import type { AttributeRequest } from './attribute-request.ts';
import type { EvaluateRequest, EvaluateResult } from './evaluate.ts';
import type { Result } from './result.ts';

/** The complete request of each kind. */
export interface RequestOf {
  attribute: AttributeRequest;
  'attribute-context': AttributeContextRequest;
  evaluate: EvaluateRequest;
}

/** The result of each kind. */
export interface ResultOf {
  attribute: Result;
  'attribute-context': ContextResult;
  evaluate: EvaluateResult;
}

export type JobKind = keyof RequestOf;
export type JobRequest = RequestOf[JobKind];
export type JobResult = ResultOf[JobKind];
/** Kinds that attribute texts: what lines of batches may ask for, and what pages show. */
export type AttributionKind = Exclude<JobKind, 'evaluate'>;
export type ShownResult = ResultOf[AttributionKind];

export const JOB_KINDS = ['attribute', 'attribute-context', 'evaluate'] as const satisfies readonly JobKind[];

/** What computes it, as records and lists of jobs show it: a method, or an approach that needs none. */
export function methodOf(request: JobRequest): string {
  if (request.kind === 'evaluate') return 'evaluate';
  if (request.kind !== 'attribute-context') return request.method;
  return request.documents === null ? request.method : request.approach;
}

/** How many texts it has that can fail by themselves. */
export function textsOf(request: JobRequest): number {
  if (request.kind === 'attribute-context') return 1;
  if (request.kind === 'evaluate') return request.input_texts.length;
  return request.messages?.length ?? request.input_texts.length;
}

/** The kind of a request; one that was queued before there were kinds has none. */
export function kindOf(request: { kind?: JobKind }): JobKind {
  return request.kind ?? 'attribute';
}
