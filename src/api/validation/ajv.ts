/** Ajv as the API uses it: no coercion in bodies, defaults filled in, every error reported with its value. */
import { Ajv, type ValidateFunction } from 'ajv';
import type { ProblemError } from '../../contract/problem.ts';
import { explain } from './explain.ts';

/** `strict` is off because descriptions, examples and TypeBox's unions with defaults are not Ajv's business. */
const OPTIONS = { allErrors: true, verbose: true, useDefaults: true, strict: false, validateFormats: false } as const;

/** For bodies: a value of the wrong type is an error. */
export function createBodyAjv(): Ajv {
  return new Ajv({ ...OPTIONS, coerceTypes: false });
}

/** For paths and queries, where every value arrives as text. */
export function createTextAjv(): Ajv {
  return new Ajv({ ...OPTIONS, coerceTypes: true });
}

/** Schemas of arguments come with the catalogue and change only when workers do: compiled once each. */
const compiled = new Map<string, ValidateFunction>();
const MAX_COMPILED = 500;

/**
 * Checks `args` against a JSON Schema of the catalogue.
 * @returns the arguments with defaults filled in, and what is wrong with them, with pointers below `pointer`
 */
export function checkArgs(
  schema: object,
  args: unknown,
  pointer: string,
): { args: Record<string, unknown>; errors: ProblemError[] } {
  const key = JSON.stringify(schema);
  let validate = compiled.get(key);
  if (validate === undefined) {
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    validate = createBodyAjv().compile(schema);
    compiled.set(key, validate);
  }
  const complete = structuredClone(args ?? {});
  const valid = validate(complete);
  return { args: complete as Record<string, unknown>, errors: valid ? [] : explain(validate.errors ?? [], pointer) };
}
