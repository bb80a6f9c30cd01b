/** The OpenAPI document as it is served: where the service is, what its workers have, and locks only where there are keys. */
import type { FastifyRequest } from 'fastify';
import type { Catalogue } from '../../contract/catalogue.ts';

type Json = Record<string, unknown>;

interface Document {
  components?: { schemas?: Record<string, object>; securitySchemes?: object };
}

/** Bodies that name methods and step functions. */
const BODIES = ['AttributeRequest', 'AttributeContextRequest', 'EvaluateRequest'];

/**
 * @param root - from the document to the root of the service: `.` or `..`
 */
export function served<T extends object>(document: T, request: FastifyRequest, root: string): T {
  const { catalogue, keyring } = request.server;
  const named = catalogue.last === null ? document : withNames(document, catalogue.last);
  return withServer(keyring.isRequired ? named : withoutLocks(named), request, root);
}

/** The prefix that a trusted proxy names, or where a prefix is only claimed, a path relative to the document. */
function withServer<T extends object>(document: T, { prefix, headers }: FastifyRequest, root: string): T {
  if (prefix !== '') return { ...document, servers: [{ url: prefix }] };
  return headers['x-forwarded-prefix'] === undefined ? document : { ...document, servers: [{ url: root }] };
}

/** Nothing needs a key where the service asks for none. */
function withoutLocks<T extends object>(document: T): T {
  const { components: { securitySchemes: _, ...components } = {} } = document as Document;
  return { ...document, security: [], components };
}

/** Methods, step functions and models by name, with the arguments that they take. */
function withNames<T extends object>(document: T, { methods, models, step_functions: functions }: Catalogue): T {
  const { components = {} } = document as Document;
  const schemas = { ...components.schemas };
  for (const name of BODIES) {
    const schema = schemas[name] as { properties?: Record<string, Json> } | undefined;
    if (schema?.properties === undefined) continue;
    const properties = { ...schema.properties };
    const change = (field: string, more: (old: Json) => Json): void => {
      if (properties[field] !== undefined) properties[field] = { ...properties[field], ...more(properties[field]) };
    };
    change('model', () => ({ enum: models.map(({ id }) => id) }));
    change('method', () => ({ enum: methods.map(({ id }) => id) }));
    change('method_args', ({ description }) => ({ description: `${description}\n\n${listed(methods)}` }));
    change('attributed_fn', ({ description }) => ({ description: `${description}\n\n${listed(functions)}` }));
    schemas[name] = { ...schema, properties };
  }
  return { ...document, components: { ...components, schemas } };
}

/** A line for each entry: its id, and its arguments with their defaults. */
function listed(entries: readonly { id: string; args_schema: object }[]): string {
  return entries.map(({ id, args_schema }) => `- \`${id}\`: ${argumentsOf(args_schema)}`).join('\n');
}

function argumentsOf({ properties = {} }: { properties?: Record<string, { default?: unknown }> }): string {
  const names = Object.entries(properties).map(([name, schema]) =>
    schema.default === undefined ? `\`${name}\`` : `\`${name}\` (${JSON.stringify(schema.default)})`,
  );
  return names.length === 0 ? 'no arguments' : names.join(', ');
}
