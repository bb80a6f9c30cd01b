/**
 * The fields of a config.json that a family reads, by Hugging Face's names, each with its type and its default. Errors
 * name the field, what was found there and what it must be.
 */

import { ACTIVATION_NAMES } from '../nn/activation.ts';

/** A parsed JSON object. */
export type JsonFields = Readonly<Record<string, unknown>>;

/** Reads the value of one field; undefined where the field is missing. */
export type Field<T> = (value: unknown, name: string) => T;

/** What a table of fields reads. */
export type ConfigOf<Spec extends Readonly<Record<string, Field<unknown>>>> = {
  readonly [Name in keyof Spec]: ReturnType<Spec[Name]>;
};

/** Reads every field of the table. @throws {Error} at the first one that is wrong */
export function readFields<Spec extends Readonly<Record<string, Field<unknown>>>>(
  config: JsonFields,
  fields: Spec,
): ConfigOf<Spec> {
  const entries = Object.entries(fields).map(([name, read]) => [name, read(config[name], name)]);
  return Object.fromEntries(entries) as ConfigOf<Spec>;
}

function wrongField(name: string, value: unknown, wanted: string): Error {
  const found = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
  return new Error(`config.json: "${name}" ${found}; it must be ${wanted}`);
}

/** A number; `fallback` where the field is missing or null. */
export const number =
  (fallback?: number): Field<number> =>
  (value, name) => {
    const found = value ?? fallback;
    if (typeof found !== 'number' || !Number.isFinite(found)) throw wrongField(name, found, 'a number');
    return found;
  };

/** Null where the field is null; `missing` where there is no such field. */
export const optionalNumber =
  (missing: number | null = null): Field<number | null> =>
  (value, name) => {
    if (value === undefined) return missing;
    return value === null ? null : number()(value, name);
  };

/** A width or a count: a whole number of 1 or more; `fallback` where the field is missing or null. */
export const size =
  (fallback?: number): Field<number> =>
  (value, name) => {
    const found = value ?? fallback;
    if (found === undefined) throw wrongField(name, value, 'a number');
    if (typeof found === 'number' && Number.isSafeInteger(found) && found >= 1) return found;
    throw wrongField(name, found, 'a whole number of 1 or more');
  };

/** As `size`; null where the field is missing or null. */
export const optionalSize: Field<number | null> = (value, name) =>
  (value ?? null) === null ? null : size()(value, name);

export const string =
  (fallback?: string): Field<string> =>
  (value, name) => {
    const found = value ?? fallback;
    if (typeof found !== 'string') throw wrongField(name, found, 'a string');
    return found;
  };

export const boolean =
  (fallback?: boolean): Field<boolean> =>
  (value, name) => {
    const found = value ?? fallback;
    if (typeof found !== 'boolean') throw wrongField(name, found, 'true or false');
    return found;
  };

/** Null where the field is missing or null. */
export const optionalBoolean: Field<boolean | null> = (value, name) =>
  (value ?? null) === null ? null : boolean()(value, name);

/** An object, or null where the field is missing or null. */
export const object: Field<JsonFields | null> = (value, name) => {
  const found = value ?? null;
  if (found === null) return null;
  if (typeof found !== 'object' || Array.isArray(found)) throw wrongField(name, found, 'an object');
  return { ...found };
};

/** Whatever stands there; the family looks at it itself. */
export const anything: Field<unknown> = (value) => value ?? null;

/** The name of an activation function. */
export const activationName =
  (fallback: string): Field<string> =>
  (value, name) => {
    const found = string(fallback)(value, name);
    if (!ACTIVATION_NAMES.includes(found)) throw wrongField(name, found, `one of ${ACTIVATION_NAMES.join(', ')}`);
    return found;
  };

/**
 * What each of the heads has of a width: config[whole] / config[parts].
 * @throws {Error} where the heads cannot share it out evenly
 */
export function headSize<Name extends string>(
  config: Readonly<Record<Name, number>>,
  whole: Name,
  parts: Name,
): number {
  const [width, heads] = [config[whole], config[parts]];
  if (width % heads !== 0) throw wrongField(whole, width, `a multiple of "${parts}", which is ${heads}`);
  return width / heads;
}
