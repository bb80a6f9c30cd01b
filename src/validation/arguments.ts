/** Checks JSON against a schema and fills in its defaults: for the API, the engine and the command line alike. */
import type { ErrorObject } from 'ajv';
import type { Static, TSchema } from 'typebox';
import type { ProblemError } from '../contract/problem.ts';
import { compileJson, type Validator } from './ajv.ts';
import { explain, type Hints } from './explain.ts';
import { withoutUnionNoise } from './unions.ts';

/**
 * Arguments of a method, a step function or an aggregator, against its schema.
 * @param args - not changed; null and undefined stand for no arguments
 * @param pointer - of the arguments in what was sent
 * @returns the arguments with defaults filled in, and what is wrong with them, with pointers below `pointer`
 */
export function checkArguments(
  schema: object,
  args: unknown,
  pointer: string,
  hints?: Hints,
): { args: Record<string, unknown>; errors: ProblemError[] } {
  const complete = structuredClone(args ?? {}) as Record<string, unknown>;
  return { args: complete, errors: checkJson(schema, complete, pointer, hints) };
}

/**
 * What is wrong with a value of JSON, in sentences; empty where nothing is.
 * @param value - objects get the defaults of the schema
 * @param pointer - of the value in what was sent
 */
export function checkJson(schema: object, value: unknown, pointer: string, hints?: Hints): ProblemError[] {
  const validate = compiled(schema);
  return validate(value) ? [] : explain(validate.errors ?? [], pointer, hints);
}

/** Whether a value of JSON follows a schema without defaults. */
export function follows<T extends TSchema>(schema: T, value: unknown): value is Static<T> {
  return compiled(schema)(value);
}

/** The first thing that is wrong with a value of JSON, for those who have words of their own; null where nothing is. */
export function firstFault(schema: object, value: unknown): ErrorObject | null {
  const validate = compiled(schema);
  return validate(value) ? null : withoutUnionNoise(validate.errors ?? [])[0];
}

/** Schemas come with the code, or with a catalogue that is read again and again and says the same: compiled once each. */
const byObject = new WeakMap<object, Validator>();
const byText = new Map<string, Validator>();
const MAX_COMPILED = 500;

function compiled(schema: object): Validator {
  const known = byObject.get(schema);
  if (known !== undefined) return known;
  const text = JSON.stringify(schema);
  let validate = byText.get(text);
  if (validate === undefined) {
    if (byText.size >= MAX_COMPILED) byText.clear();
    validate = compileJson(schema);
    byText.set(text, validate);
  }
  byObject.set(schema, validate);
  return validate;
}
