/** Errors that the API answers with: RFC 9457 problems as exceptions, one constructor for each kind. */
import { PROBLEM_MEDIA_TYPE, type Problem, type ProblemError } from '../contract/problem.ts';

export { PROBLEM_MEDIA_TYPE };

interface ProblemOptions {
  errors?: ProblemError[];
  headers?: Record<string, string>;
}

/** A problem on its way to the client. */
export class ApiProblem extends Error {
  override readonly name = 'ApiProblem';
  readonly kind: string;
  readonly title: string;
  readonly status: number;
  readonly errors: ProblemError[] | undefined;
  readonly headers: Record<string, string>;

  constructor(kind: string, title: string, status: number, detail: string, options: ProblemOptions = {}) {
    super(detail);
    this.kind = kind;
    this.title = title;
    this.status = status;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }

  toProblem(instance?: string): Problem {
    return {
      type: `urn:whence:problem:${this.kind}`,
      title: this.title,
      status: this.status,
      detail: this.message,
      ...(instance === undefined ? {} : { instance: `urn:whence:request:${instance}` }),
      ...(this.errors === undefined ? {} : { errors: this.errors }),
    };
  }
}

/** 422: the body is well-formed JSON that asks for something that cannot be done. `detail` holds the first error. */
export function validationProblem(errors: ProblemError[]): ApiProblem {
  return new ApiProblem('validation', 'The request is not valid', 422, summary(errors), { errors });
}

/** 400: a path, query or header value that is not understood. */
export function badRequest(errors: ProblemError[]): ApiProblem {
  return new ApiProblem('bad-request', 'The request is not understood', 400, summary(errors), { errors });
}

export function notFound(detail: string): ApiProblem {
  return new ApiProblem('not-found', 'Not found', 404, detail);
}

/** 404 for a job id. */
export function unknownJob(id: string): ApiProblem {
  return notFound(
    `No job has the id "${id}": it never existed, was deleted, or its time to live is over. GET /jobs lists the jobs.`,
  );
}

/** 404 for a batch id. */
export function unknownBatch(id: string): ApiProblem {
  return notFound(
    `No batch has the id "${id}": it never existed, was deleted, or its time to live is over. GET /batches lists them.`,
  );
}

/** 503 with `Retry-After`. */
export function unavailable(kind: string, detail: string, retryAfterSeconds: number): ApiProblem {
  return new ApiProblem(kind, 'Service unavailable', 503, detail, {
    headers: { 'retry-after': String(retryAfterSeconds) },
  });
}

function summary(errors: ProblemError[]): string {
  const [first] = errors;
  if (first === undefined) return 'The request is not valid.';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more in \`errors\`)` : '';
  return `${first.pointer}: ${first.detail}${more}`;
}
