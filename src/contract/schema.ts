/** Small helpers around TypeBox for what the contract says again and again. */
import Type, { type Static, type TSchema, type TSchemaOptions } from 'typebox';

/** A reference to a schema with an `$id`, keeping its static type: OpenAPI names it once, under `components`. */
export function ref<T extends TSchema>(schema: T, options: object = {}) {
  const { $id } = schema as { $id?: string };
  if ($id === undefined) throw new Error('ref() needs a schema with an $id');
  return Type.Unsafe<Static<T>>({ $ref: `${$id}#`, ...options });
}

/** `schema`, or null. */
export function nullable<T extends TSchema>(schema: T, options: TSchemaOptions = {}) {
  return Type.Union([schema, Type.Null()], options);
}

/** An object with any keys whose values follow `schema`. */
export function mapOf<T extends TSchema>(schema: T, options: object = {}) {
  return Type.Unsafe<Record<string, Static<T>>>({ type: 'object', additionalProperties: schema, ...options });
}

/** An object whose fields another schema, known only when the service runs, describes. */
export function freeObject(options: object = {}) {
  return Type.Unsafe<Record<string, unknown>>({ type: 'object', additionalProperties: true, ...options });
}

/** A moment, RFC 3339 in UTC. */
export function timestamp(description: string) {
  return Type.String({ format: 'date-time', description, examples: ['2026-03-01T12:00:00.000Z'] });
}
