/** Turns Ajv's errors into sentences that name the field, the value and the remedy. */
import type { ErrorObject } from 'ajv';
import type { ProblemError } from '../../contract/problem.ts';
import { show } from './issues.ts';
import { suggestion } from './nearest.ts';

/** `errors` of one validation (Ajv with `verbose` and `allErrors`), with pointers below `root`. */
export function explain(errors: readonly ErrorObject[], root: string): ProblemError[] {
  return withoutUnionNoise(errors).map((error) => ({ pointer: root + pathOf(error), detail: detailOf(error) }));
}

/** The path of the field at fault: for missing and unknown fields, the field itself. */
function pathOf({ instancePath, keyword, params }: ErrorObject): string {
  const field =
    keyword === 'required'
      ? params.missingProperty
      : keyword === 'additionalProperties'
        ? params.additionalProperty
        : undefined;
  return field === undefined ? instancePath : `${instancePath}/${escapePointer(String(field))}`;
}

function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
}

/**
 * Ajv reports every branch of a union. Kept are the errors of the branch that got furthest into the value; where no
 * branch got anywhere, one error that names all types.
 */
function withoutUnionNoise(errors: readonly ErrorObject[]): ErrorObject[] {
  const unions = errors.filter((error) => error.keyword === 'anyOf');
  const outermost = unions.filter((union) => !unions.some((other) => other !== union && isBelow(union, other)));
  const kept = errors.filter((error) => !unions.includes(error) && !outermost.some((union) => isBelow(error, union)));
  for (const union of outermost) {
    kept.push(
      ...bestBranch(
        union,
        errors.filter((error) => error.keyword !== 'anyOf' && isBelow(error, union)),
      ),
    );
  }
  return kept;
}

function isBelow(error: ErrorObject, union: ErrorObject): boolean {
  return error.schemaPath.startsWith(`${union.schemaPath}/`) && error.instancePath.startsWith(union.instancePath);
}

function bestBranch(union: ErrorObject, errors: ErrorObject[]): ErrorObject[] {
  const branches = groupBy(errors, branchOf); // Map.groupBy needs Node 21
  const depth = (branch: ErrorObject[]) =>
    Math.max(...branch.map((error) => pathOf(error).split('/').length * 2 + (error.keyword === 'type' ? 0 : 1)));
  const best = [...branches.values()].sort((a, b) => depth(b) - depth(a))[0];
  if (best?.some((error) => error.keyword !== 'type' || error.instancePath !== union.instancePath)) return best;
  const types = [...new Set(errors.flatMap((error) => error.params.type ?? []))];
  return [{ ...union, keyword: 'type', params: { type: types } }];
}

function branchOf(error: ErrorObject): string {
  return error.schemaPath.match(/anyOf\/\d+/g)?.join() ?? '';
}

function groupBy<T>(items: T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

const TYPE_NAMES: Record<string, string> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
};

function detailOf(error: ErrorObject): string {
  const { params, parentSchema, data } = error;
  const got = /\/(secret|key|token)$/.test(error.instancePath) ? '' : `, got ${show(data)}`;
  switch (error.keyword) {
    case 'additionalProperties': {
      const known = Object.keys(parentSchema?.properties ?? {});
      return `unknown field "${params.additionalProperty}".${known.length === 0 ? ' It takes no fields: leave it out.' : suggestion(String(params.additionalProperty), known, 'fields')}`;
    }
    case 'required': {
      const description = parentSchema?.properties?.[params.missingProperty]?.description;
      return `is required${description === undefined ? '' : `: ${description}`}`;
    }
    case 'type': {
      const types = [params.type].flat().map((type) => TYPE_NAMES[type] ?? type);
      if (data === undefined) return `must be ${orList(types)}, but there is none`;
      return `must be ${orList(types)}${got}`;
    }
    case 'enum':
      return typeof data === 'string'
        ? `must be one of the known values${got}.${suggestion(data, params.allowedValues.map(String), 'values')}`
        : `must be one of ${params.allowedValues.map(show).join(', ')}${got}`;
    case 'const':
      return `must be ${show(params.allowedValue)}${got}`;
    case 'minItems':
    case 'maxItems': {
      const { minItems = 0, maxItems } = parentSchema ?? {};
      const range =
        maxItems === undefined
          ? `at least ${minItems}`
          : minItems === 0
            ? `at most ${maxItems}`
            : `${minItems} to ${maxItems}`;
      return `must hold ${range} items, got ${Array.isArray(data) ? data.length : show(data)}`;
    }
    case 'minLength':
      return `must be at least ${params.limit} characters long${got}`;
    case 'maxLength':
      return `must be at most ${params.limit} characters long, got ${String(data).length}: shorten it`;
    case 'minimum':
      return `must be at least ${params.limit}${got}`;
    case 'maximum':
      return `must be at most ${params.limit}${got}`;
    case 'exclusiveMinimum':
      return `must be greater than ${params.limit}${got}`;
    case 'exclusiveMaximum':
      return `must be less than ${params.limit}${got}`;
    case 'pattern':
      return `must match ${params.pattern}${got}`;
    default:
      return `${error.message ?? 'is not valid'}${got}`;
  }
}

function orList(words: string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
