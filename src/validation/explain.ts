/** Turns Ajv's errors into sentences that name the field, the value and the remedy. */
import type { ErrorObject } from 'ajv';
import type { ProblemError } from '../contract/problem.ts';
import { suggestion } from './nearest.ts';
import { show, showName } from './show.ts';
import { withoutUnionNoise } from './unions.ts';

/** More errors than these help nobody. */
export const MAX_ERRORS = 32;

/** What the caller knows of fields beyond their schema. Pointers are relative to what was validated: `/method_args`. */
export interface Hints {
  /** In place of `usual`, which suggests a known field: where the field belongs. Begins with a space. */
  unknownField?(pointer: string, name: string, usual: string): string | undefined;
  /** In place of the description of the field: what may be given. */
  missingField?(pointer: string, name: string): string | undefined;
}

/**
 * The first errors of one validation (by Ajv with `verbose` and `allErrors`) in sentences, `MAX_ERRORS` at most.
 * @param root - of the pointers
 */
export function explain(errors: readonly ErrorObject[], root: string, hints: Hints = {}): ProblemError[] {
  return withoutUnionNoise(errors)
    .slice(0, MAX_ERRORS)
    .map((error) => ({ pointer: showName(root + pathOf(error)), detail: detailOf(error, hints) }));
}

/** The path of the field at fault: for missing and unknown fields, the field itself. */
function pathOf({ instancePath, keyword, params }: ErrorObject): string {
  const field =
    keyword === 'required'
      ? params.missingProperty
      : keyword === 'additionalProperties'
        ? params.additionalProperty
        : undefined;
  return field === undefined ? instancePath : `${instancePath}/${escapePointer(showName(String(field)))}`;
}

function escapePointer(segment: string): string {
  return segment.replaceAll('~', '~0').replaceAll('/', '~1');
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

function detailOf(error: ErrorObject, hints: Hints): string {
  const { params, parentSchema, data, instancePath } = error;
  const got = (): string => (/\/(secret|key|token)$/.test(instancePath) ? '' : `, got ${show(data)}`);
  switch (error.keyword) {
    case 'additionalProperties': {
      const name = String(params.additionalProperty);
      const known = Object.keys(parentSchema?.properties ?? {});
      const usual = known.length === 0 ? ' It takes no fields: leave it out.' : suggestion(name, known, 'fields');
      return `unknown field "${showName(name)}".${hints.unknownField?.(instancePath, name, usual) ?? usual}`;
    }
    case 'required': {
      const name = String(params.missingProperty);
      const wanted = hints.missingField?.(instancePath, name) ?? parentSchema?.properties?.[name]?.description;
      return `is required${wanted === undefined ? '' : `: ${wanted}`}`;
    }
    case 'type': {
      const types = [params.type].flat().map((type) => TYPE_NAMES[type] ?? type);
      if (data === undefined) return `must be ${orList(types)}, but there is none`;
      return `must be ${orList(types)}${got()}`;
    }
    case 'enum':
      return typeof data === 'string'
        ? `must be one of the known values${got()}.${suggestion(data, params.allowedValues.map(String), 'values')}`
        : `must be one of ${params.allowedValues.map(show).join(', ')}${got()}`;
    case 'const':
      return `must be ${show(params.allowedValue)}${got()}`;
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
    case 'maxProperties':
      return `must have at most ${params.limit} fields, got ${Object.keys(data ?? {}).length}`;
    case 'propertyNames':
      return `has a field of the name "${showName(String(params.propertyName))}", which must be ${nameRange(parentSchema?.propertyNames)}`;
    case 'minLength':
      return `must be at least ${params.limit} characters long${got()}`;
    case 'maxLength':
      return `must be at most ${params.limit} characters long, got ${String(data).length}: shorten it`;
    case 'minimum':
      return `must be at least ${params.limit}${got()}`;
    case 'maximum':
      return `must be at most ${params.limit}${got()}`;
    case 'exclusiveMinimum':
      return `must be greater than ${params.limit}${got()}`;
    case 'exclusiveMaximum':
      return `must be less than ${params.limit}${got()}`;
    case 'pattern':
      return `must match ${params.pattern}${got()}`;
    default:
      return `${error.message ?? 'is not valid'}${got()}`;
  }
}

function orList(words: string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function nameRange({ minLength = 0, maxLength }: { minLength?: number; maxLength?: number } = {}): string {
  return `${minLength} to ${maxLength} characters long`;
}
