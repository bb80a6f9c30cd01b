/**
 * The log's line for an attempt at a job: what it was, whose, how long it waited and ran, and what became of it. Never what
 * it said: not even the messages of errors, which quote texts.
 */
import type { Logger } from 'pino';
import { methodOf, textsOf } from '../contract/job-kinds.ts';
import type { Measured } from '../effort.ts';
import { readTraceparent } from '../trace-context.ts';
import type { Outcome } from './attempts.ts';
import type { Attempt } from './worker-store.ts';

interface Told {
  outcome: Outcome;
  /** What became of the job. */
  became: string;
  runSeconds: number;
  /** Its share of the device, where others ran beside it. */
  computeSeconds: number;
}

export function logAttempt(log: Logger, attempt: Attempt, { outcome, became, runSeconds, computeSeconds }: Told): void {
  const { id, number, request, tenant, origin, queueSeconds } = attempt;
  const trace = readTraceparent(origin.traceparent);
  const failure = outcome.status === 'failed' && became !== 'canceled' ? outcome : null;
  log[failure?.retry ? 'warn' : 'info'](
    {
      job: id,
      attempt: number,
      ...(origin.requestId !== undefined && { request: origin.requestId }),
      ...(trace && { trace: trace.traceId }),
      ...(tenant !== '' && { key: tenant }),
      model: request.model,
      method: methodOf(request),
      texts: textsOf(request),
      ...(outcome.status === 'succeeded' && outcome.usage),
      ...(outcome.status === 'succeeded' && resumed(outcome.measured)),
      status: became,
      ...(failure && { code: failure.error.code }),
      queue_seconds: rounded(queueSeconds),
      run_seconds: rounded(runSeconds),
      compute_seconds: rounded(computeSeconds),
    },
    'job',
  );
}

/** Of a job that went on from what an earlier attempt had put down. */
const resumed = ({ recomputedPasses: passes }: Measured) => passes !== undefined && { recomputed_passes: passes };

const rounded = (seconds: number): number => Math.round(seconds * 1_000) / 1_000;
