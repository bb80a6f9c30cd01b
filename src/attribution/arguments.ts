/** The arguments of methods, step functions and aggregators, typed by the schema that checks them. */

import type { Static, TSchema } from 'typebox';

/** Names of the properties that a schema has a default for. */
type Defaulted<Schema> = Schema extends { properties: infer Properties }
  ? { [Name in keyof Properties]: Properties[Name] extends { default: unknown } ? Name : never }[keyof Properties]
  : never;

/** What validated arguments are once defaults are filled in, of a TypeBox schema or of plain JSON Schema. */
export type Arguments<Schema extends TSchema> = Static<Schema> &
  Required<Pick<Static<Schema>, Defaulted<Schema> & keyof Static<Schema>>>;
