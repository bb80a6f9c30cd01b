/** Collects everything that is wrong with a body, so that a client sees it all at once. */
import type { ProblemError } from '../../contract/problem.ts';
import { MAX_ERRORS } from '../../validation/explain.ts';
import { validationProblem } from '../problems.ts';

export class Issues {
  readonly errors: ProblemError[] = [];

  /** Whether nothing more would be told. */
  get isFull(): boolean {
    return this.errors.length >= MAX_ERRORS;
  }

  add(pointer: string, detail: string): void {
    if (!this.isFull) this.errors.push({ pointer, detail });
  }

  addAll(errors: readonly ProblemError[]): void {
    for (const { pointer, detail } of errors) this.add(pointer, detail);
  }

  /** @throws ApiProblem 422 when anything was added. */
  throwIfAny(): void {
    if (this.errors.length > 0) throw validationProblem(this.errors);
  }
}
