/** Bodies that do not have the shape of a request: an empty one, and one that breaks the schema. */
import { setImmediate } from 'node:timers/promises';
import type { ErrorObject } from 'ajv';
import type { FastifyRequest } from 'fastify';
import { bodyHints } from '../../requests/hints.ts';
import { explain } from '../../validation/explain.ts';
import type { CatalogueReader } from '../catalogue/reader.ts';
import { validationProblem } from '../problems.ts';

/** What Fastify attaches to a request whose body or headers break their schema. */
type ValidationError = NonNullable<FastifyRequest['validationError']>;

/** A hook. @throws ApiProblem 422 where there is no body, which Fastify does not validate */
export async function refuseEmptyBody({ body }: FastifyRequest): Promise<void> {
  if (body !== undefined) return;
  const example = '{"model": "facts-gpt2", "input_texts": "The capital of France is"}';
  const detail = `must be an object, but the body is empty: send JSON such as ${example}.`;
  throw validationProblem([{ pointer: '#', detail }]);
}

/** The error to answer with: faults of the body with hints out of the catalogue, where one is known. */
export async function explained(
  error: ValidationError,
  catalogue: CatalogueReader,
  hints: typeof bodyHints = bodyHints,
): Promise<Error> {
  if (error.validationContext !== 'body') return error;
  const known = await catalogue.read().catch(() => null);
  await setImmediate(); // validation was a piece of work of its own
  const errors: ErrorObject[] = error.validation;
  return validationProblem(explain(errors, '#', hints(known)));
}
