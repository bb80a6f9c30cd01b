/** Collects everything that is wrong with a body, so that a client sees it all at once. */
import type { ProblemError } from '../contract/problem.ts';
import { MAX_ERRORS } from '../validation/explain.ts';

/** The body is well-formed JSON that asks for something that cannot be done. */
export class InvalidRequestError extends Error {
  override readonly name = 'InvalidRequestError';
  readonly errors: ProblemError[];

  constructor(errors: ProblemError[]) {
    super(errors.map(({ pointer, detail }) => `${pointer}: ${detail}`).join('\n'));
    this.errors = errors;
  }
}

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

  /** @throws InvalidRequestError when anything was added. */
  throwIfAny(): void {
    if (this.errors.length > 0) throw new InvalidRequestError(this.errors);
  }
}
