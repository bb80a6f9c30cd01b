/** Ajv as the whole project uses it: defaults filled in, every error reported with its value. */
import { Ajv, type ErrorObject } from 'ajv';
import { oversized } from './oversized.ts';

/** `strict` is off because descriptions, examples and TypeBox's unions with defaults are not Ajv's business. */
const OPTIONS = { allErrors: true, verbose: true, useDefaults: true, strict: false, validateFormats: false } as const;

/** Fills in the defaults of a value and says whether it follows the schema; if not, `errors` says why. */
export interface Validator {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null;
}

/** For JSON: a value of the wrong type is an error. */
export function createJsonAjv(): Ajv {
  return new Ajv({ ...OPTIONS, coerceTypes: false });
}

/** For paths and queries, where every value arrives as text. */
export function createTextAjv(): Ajv {
  return new Ajv({ ...OPTIONS, coerceTypes: true });
}

/** A validator of JSON by a schema without references. */
export function compileJson(schema: object): Validator {
  return bounded(schema, createJsonAjv().compile(schema));
}

/**
 * A validator whose time and number of errors are bounded whatever the value holds.
 * @param schema - what is too large for it is not looked at in full
 * @param follows - Ajv's validator of this schema
 */
export function bounded(schema: object, follows: Validator): Validator {
  const validate: Validator = (value) => {
    const tooLarge = oversized(schema, value);
    validate.errors = tooLarge.length > 0 ? tooLarge : follows(value) ? null : follows.errors;
    return validate.errors == null;
  };
  return validate;
}
