/** Typed access to the fields of a config.json; errors name the field and what was found there. */

import { ACTIVATION_NAMES } from '../nn/activation.ts';

/** A parsed config.json. */
export type ModelConfig = Readonly<Record<string, unknown>>;

function wrong(field: string, value: unknown, wanted: string): Error {
  const found = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
  return new Error(`config.json: "${field}" ${found}; it must be ${wanted}`);
}

/** A number; `fallback` where the field is missing or null. */
export function number(config: ModelConfig, field: string, fallback?: number): number {
  const value = config[field] ?? fallback;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(field, value, 'a number');
  return value;
}

/** A number, or null where the field is missing or null. */
export function optionalNumber(config: ModelConfig, field: string): number | null {
  return config[field] === undefined || config[field] === null ? null : number(config, field);
}

export function string(config: ModelConfig, field: string, fallback?: string): string {
  const value = config[field] ?? fallback;
  if (typeof value !== 'string') throw wrong(field, value, 'a string');
  return value;
}

export function boolean(config: ModelConfig, field: string, fallback?: boolean): boolean {
  const value = config[field] ?? fallback;
  if (typeof value !== 'boolean') throw wrong(field, value, 'true or false');
  return value;
}

/** An object, or null where the field is missing or null. */
export function object(config: ModelConfig, field: string): ModelConfig | null {
  const value = config[field] ?? null;
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(field, value, 'an object');
  return { ...value };
}

/** The name of an activation function. */
export function activationName(config: ModelConfig, field: string, fallback: string): string {
  const name = string(config, field, fallback);
  if (!ACTIVATION_NAMES.includes(name)) throw wrong(field, name, `one of ${ACTIVATION_NAMES.join(', ')}`);
  return name;
}
