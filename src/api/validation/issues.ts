/** Collects everything that is wrong with a body, so that a client sees it all at once. */
import type { ProblemError } from '../../contract/problem.ts';
import { validationProblem } from '../problems.ts';

/** More errors than these help nobody. */
const MAX_ERRORS = 32;

export class Issues {
  readonly errors: ProblemError[] = [];

  add(pointer: string, detail: string): void {
    if (this.errors.length < MAX_ERRORS) this.errors.push({ pointer, detail });
  }

  addAll(errors: ProblemError[]): void {
    for (const { pointer, detail } of errors) this.add(pointer, detail);
  }

  /** @throws ApiProblem 422 when anything was added. */
  throwIfAny(): void {
    if (this.errors.length > 0) throw validationProblem(this.errors);
  }
}

/** A value for a message: JSON, shortened. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
