/**
 * Lists that hold more items than their schema allows, and objects with many fields that it does not know: found before
 * Ajv looks, which would report each of their items, tens of thousands of them.
 */
import type { ErrorObject } from 'ajv';
import { MAX_ERRORS } from './explain.ts';

/** What is read of a JSON Schema. */
interface Schema {
  type?: unknown;
  anyOf?: readonly Schema[];
  items?: Schema;
  maxItems?: number;
  properties?: Readonly<Record<string, Schema>>;
  additionalProperties?: unknown;
}

/** Errors as Ajv writes them; empty where nothing is too large. */
export function oversized(schema: Schema, value: unknown): ErrorObject[] {
  const errors: ErrorObject[] = [];
  walk([schema], value, '', errors);
  return errors;
}

/** @param alternatives - schemas of which the value follows one */
function walk(alternatives: readonly Schema[], value: unknown, path: string, errors: ErrorObject[]): void {
  if (typeof value !== 'object' || value === null || errors.length >= MAX_ERRORS) return;
  const branches = alternatives.flatMap(unfold);
  if (Array.isArray(value)) walkList(branches, value, path, errors);
  else walkObject(branches, value, path, errors);
}

function walkList(branches: readonly Schema[], value: readonly unknown[], path: string, errors: ErrorObject[]): void {
  const lists = branches.filter(({ type }) => type === 'array');
  if (lists.length === 0) return;
  const limit = Math.max(...lists.map(({ maxItems = Number.POSITIVE_INFINITY }) => maxItems));
  if (value.length > limit) {
    const parentSchema = lists.find(({ maxItems }) => maxItems === limit);
    errors.push({ ...error('maxItems', path, value), params: { limit }, parentSchema });
    return;
  }
  const items = lists.flatMap((list) => list.items ?? []);
  for (let index = 0; index < value.length && errors.length < MAX_ERRORS; index++) {
    walk(items, value[index], `${path}/${index}`, errors);
  }
}

function walkObject(branches: readonly Schema[], value: object, path: string, errors: ErrorObject[]): void {
  const objects = branches.filter(({ type }) => type === 'object');
  if (objects.length === 0) return;
  const properties: Record<string, Schema[]> = {};
  for (const object of objects) {
    for (const [name, schema] of Object.entries(object.properties ?? {})) {
      if (!Object.hasOwn(properties, name)) properties[name] = [];
      properties[name].push(schema);
    }
  }
  if (objects.every(({ additionalProperties }) => additionalProperties === false)) {
    const unknown = Object.keys(value).filter((name) => !Object.hasOwn(properties, name));
    if (unknown.length > MAX_ERRORS) {
      const parentSchema = { properties };
      for (const additionalProperty of unknown.slice(0, MAX_ERRORS)) {
        errors.push({ ...error('additionalProperties', path, value), params: { additionalProperty }, parentSchema });
      }
      return;
    }
  }
  for (const [name, schemas] of Object.entries(properties)) {
    if (Object.hasOwn(value, name)) walk(schemas, value[name as keyof typeof value], `${path}/${name}`, errors);
  }
}

/** The branches of a union, those of unions within it too. */
function unfold(schema: Schema): readonly Schema[] {
  return schema.anyOf?.flatMap(unfold) ?? [schema];
}

function error(keyword: string, instancePath: string, data: unknown): ErrorObject {
  return { keyword, instancePath, data, schemaPath: '', params: {} };
}
