/** Arguments of methods and step functions: checked, and complete. */

import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { AttributionError } from '../attribution/errors.ts';

/** Arguments with their defaults. @throws {AttributionError} naming the first that does not fit */
export function completed(schema: TSchema, args: Record<string, unknown>, pointer: string) {
  const complete = Value.Default(schema, structuredClone({ ...plainDefaults(schema), ...args })) as typeof args;
  const [fault] = Value.Errors(schema, complete);
  if (fault !== undefined) throw new AttributionError('invalid_args', fault.message, `${pointer}${fault.instancePath}`);
  return complete;
}

/** Defaults of the arguments themselves: `Value.Default` sees none in plain JSON Schema, as plug-ins may write it. */
function plainDefaults(schema: TSchema): Record<string, unknown> {
  const properties: Record<string, { default?: unknown }> = 'properties' in schema ? Object(schema.properties) : {};
  const given = Object.entries(properties).filter(([, property]) => property.default !== undefined);
  return Object.fromEntries(given.map(([name, property]) => [name, property.default]));
}
