/** Where a misplaced field of a body belongs, and what a missing one may hold. */
import { AttributeContextBody } from '../contract/attribute-context-request.ts';
import { AttributeBody } from '../contract/attribute-request.ts';
import type { Catalogue } from '../contract/catalogue.ts';
import { EvaluateBody } from '../contract/evaluate.ts';
import type { Hints } from '../validation/explain.ts';
import { suggestion } from '../validation/nearest.ts';
import { showName } from '../validation/show.ts';
import { meantBy } from './aliases.ts';

/** Fields of the body, and of its `generation_args`. */
const FIELDS = Object.keys(AttributeBody.properties);
const CONTEXT_FIELDS = Object.keys(AttributeContextBody.properties);
const EVALUATE_FIELDS = Object.keys(EvaluateBody.properties);
const GENERATION_ARGS = Object.keys(AttributeBody.properties.generation_args.properties);

/** Methods, step functions or aggregators named in a message. */
const LISTED = 4;

/** A call written as an object: `{name, args}`. */
const CALL = /^\/(attributed_fn|context_sensitivity_metric|(step_scores|methods|metrics|aggregators)\/\d+)$/;

/** Hints about a body of `POST /attribute-context`. @param catalogue - null where no worker has registered yet */
export function contextHints(catalogue: Catalogue | null): Hints {
  const usual = bodyHints(catalogue);
  return {
    ...usual,
    unknownField(pointer, name, told) {
      if (pointer !== '' || name === 'target_layer') return usual.unknownField?.(pointer, name, told);
      if (GENERATION_ARGS.includes(name)) return ` It belongs into ${inGenerationArgs(name)}.`;
      return suggestion(name, CONTEXT_FIELDS, 'fields', RENAMED[name]);
    },
  };
}

/** Hints about a body of `POST /evaluate`. @param catalogue - null where no worker has registered yet */
export function evaluateHints(catalogue: Catalogue | null): Hints {
  const usual = bodyHints(catalogue);
  return {
    ...usual,
    unknownField(pointer, name, told) {
      if (pointer !== '') return usual.unknownField?.(pointer, name, told);
      if (GENERATION_ARGS.includes(name)) return ` It belongs into ${inGenerationArgs(name)}.`;
      return suggestion(name, EVALUATE_FIELDS, 'fields', name === 'method' ? 'methods' : undefined);
    },
  };
}

/** What Inseq's `attribute-context` and other libraries call these fields. */
const RENAMED: Record<string, string> = {
  attribution_method: 'method',
  attribution_aggregators: 'aggregators',
  model_name_or_path: 'model',
  generation_kwargs: 'generation_args',
  attribution_kwargs: 'method_args',
  input_texts: 'input_current_text',
  generated_texts: 'output_current_text',
  context: 'input_context_text',
  question: 'query',
  answer: 'output_current_text',
};

/** Hints about a body. @param catalogue - null where no worker has registered yet */
export function bodyHints(catalogue: Catalogue | null): Hints {
  return {
    unknownField(pointer, name) {
      if (CALL.test(pointer)) return ` Arguments belong into \`args\`: {"name": …, "args": {"${showName(name)}": …}}.`;
      const inGeneration = pointer === '/generation_args';
      if (pointer !== '' && !inGeneration) return undefined;
      const elsewhere = placeOf(name, inGeneration ? 'generation_args' : 'body', catalogue);
      if (elsewhere !== undefined) return ` ${elsewhere}`;
      const argument = meantBy('generation argument', name, GENERATION_ARGS);
      if (inGeneration) return suggestion(name, GENERATION_ARGS, 'fields', argument);
      if (argument !== undefined) return ` Did you mean ${inGenerationArgs(argument)}?`;
      return suggestion(name, FIELDS, 'fields', meantBy('field', name, FIELDS));
    },
    missingField(pointer, name) {
      if (pointer !== '' || name !== 'model' || catalogue === null) return undefined;
      const ids = catalogue.models.map(({ id }) => id);
      return `An id of \`GET /models\`.${suggestion('', ids, 'models')}`;
    },
  };
}

/** Hints about the arguments of a method: those that others take, and those that belong elsewhere. */
export function argumentHints(catalogue: Catalogue): Hints {
  return {
    unknownField(pointer, name, usual) {
      const elsewhere = pointer === '' ? placeOf(name, 'args', catalogue) : undefined;
      return elsewhere === undefined ? undefined : `${usual} ${elsewhere}`;
    },
  };
}

/** A sentence that says where a name belongs; undefined where nothing has it. */
function placeOf(
  name: string,
  here: 'body' | 'generation_args' | 'args',
  catalogue: Catalogue | null,
): string | undefined {
  if (here !== 'generation_args' && GENERATION_ARGS.includes(name)) return `It belongs into ${inGenerationArgs(name)}.`;
  if (here !== 'body' && FIELDS.includes(name)) return 'It is a field of the request: put it beside `model`.';
  if (catalogue === null) return undefined;
  const takers = (known: readonly { id: string; args_schema: object }[]): string[] =>
    known.filter(({ args_schema: schema }) => propertiesOf(schema).includes(name)).map(({ id }) => id);
  const methods = takers(catalogue.methods);
  if (methods.length > 0) {
    const where = here === 'args' ? '.' : `: put it into {"method_args": {"${name}": …}}.`;
    return `It is an argument of ${some(methods, 'method')}${where}`;
  }
  const functions = takers(catalogue.step_functions);
  if (functions.length > 0) {
    return `It is an argument of ${some(functions, 'step function')}: {"attributed_fn": {"name": "${functions[0]}", "args": {"${name}": …}}}.`;
  }
  const aggregators = takers(catalogue.aggregators);
  if (aggregators.length > 0) {
    return `It is an argument of ${some(aggregators, 'aggregator')}: {"aggregators": [{"name": "${aggregators[0]}", "args": {"${name}": …}}]}.`;
  }
  const metrics = takers(catalogue.faithfulness_metrics ?? []);
  if (metrics.length > 0) {
    return `It is an argument of ${some(metrics, 'metric')}: {"metrics": [{"name": "${metrics[0]}", "args": {"${name}": …}}]}.`;
  }
  return undefined;
}

function inGenerationArgs(name: string): string {
  return `{"generation_args": {"${name}": …}}`;
}

function some(ids: readonly string[], noun: string): string {
  const listed = ids.slice(0, LISTED).join(', ');
  if (ids.length === 1) return `the ${noun} ${listed}`;
  return `the ${noun}s ${listed}${ids.length > LISTED ? ` and ${ids.length - LISTED} more` : ''}`;
}

function propertiesOf(schema: object): string[] {
  const { properties } = schema as { properties?: unknown };
  return typeof properties === 'object' && properties !== null ? Object.keys(properties) : [];
}
