/** What the service refuses, and jobs that fail, as errors that name field and remedy. */

import type { components } from './schema.ts';

type Problem = components['schemas']['Problem'];

export class WhenceError extends Error {
  override readonly name = 'WhenceError';
  /** HTTP status; null where a job failed or was canceled. */
  readonly status: number | null;
  /** Kind of problem, such as `validation`, or the code of a job's error. */
  readonly kind: string;
  /** JSON pointer of the first field at fault; null where no field is. */
  readonly field: string | null;
  /** What is wrong and what to do. */
  readonly remedy: string;
  /** The problem document, where there is one. */
  readonly problem: Problem | null;

  constructor(about: Pick<WhenceError, 'status' | 'kind' | 'field' | 'remedy' | 'problem'>) {
    super(`${about.field === null ? '' : `${about.field}: `}${about.remedy}`);
    this.status = about.status;
    this.kind = about.kind;
    this.field = about.field;
    this.remedy = about.remedy;
    this.problem = about.problem;
  }
}

/** The error of an answer's body, whatever it holds. */
export function errorOf(status: number, body: unknown): WhenceError {
  if (!isProblem(body)) {
    const remedy = `The answer ${status} is no problem document: is this the address of a Whence service?`;
    return new WhenceError({ status, kind: 'unknown', field: null, remedy, problem: null });
  }
  const [first] = body.errors ?? [];
  const kind = body.type.split(':').at(-1) ?? '';
  const [field, remedy] = first === undefined ? [null, body.detail] : [first.pointer, first.detail];
  return new WhenceError({ status, kind, field, remedy, problem: body });
}

function isProblem(body: unknown): body is Problem {
  return typeof body === 'object' && body !== null && 'type' in body && 'detail' in body;
}
