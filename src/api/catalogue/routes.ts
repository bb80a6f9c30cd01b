/** List and item of one kind of catalogue entry: methods, step functions and aggregators are served alike. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type, { type TSchema } from 'typebox';
import { suggestion } from '../../validation/nearest.ts';
import { BAD_REQUEST, COMMON, NOT_FOUND } from '../openapi/responses.ts';
import { notFound } from '../problems.ts';
import type { CatalogueReader } from './reader.ts';

interface Kind {
  /** Field of the answer, and of the catalogue. */
  field: 'models' | 'methods' | 'step_functions' | 'aggregators' | 'faithfulness_metrics';
  /** "step function" */
  noun: string;
  /** Schema of one entry, in the list and alone. */
  item: TSchema;
  /** For operation ids: "StepFunction". */
  operation: string;
  summary: string;
  /** An id for the documentation. */
  example: string;
  /** Where the entries come from; the catalogue itself, unless given. */
  read?: (catalogue: CatalogueReader) => Promise<{ id: string }[]>;
}

/** `GET /` and `GET /{id}` of a kind. */
export function catalogueRoutes(kind: Kind): FastifyPluginAsyncTypebox {
  const {
    field,
    noun,
    item,
    operation,
    summary,
    example,
    read = async (catalogue) => (await catalogue.read())[field] ?? [],
  } = kind;
  const List = Type.Object({ [field]: Type.Array(item) });
  const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 256, examples: [example] }) });

  const list = {
    operationId: `list${operation}s`,
    tags: ['catalogue'],
    summary: `${summary}`,
    response: { 200: { description: `All ${noun}s.`, content: { 'application/json': { schema: List } } }, ...COMMON },
  };
  const show = {
    operationId: `get${operation}`,
    tags: ['catalogue'],
    summary: `One ${noun}`,
    params: Params,
    response: {
      200: { description: `The ${noun}.`, content: { 'application/json': { schema: item } } },
      400: BAD_REQUEST,
      404: NOT_FOUND,
      ...COMMON,
    },
  };

  return async (fastify) => {
    fastify.get('/', { schema: list }, async () => ({ [field]: await read(fastify.catalogue) }));

    fastify.get('/:id', { schema: show }, async ({ params: { id } }) => {
      return entryOf(await read(fastify.catalogue), id, noun);
    });
  };
}

/** @throws ApiProblem 404 with the nearest ids, where no entry has this one */
export function entryOf<Entry extends { id: string }>(entries: readonly Entry[], id: string, noun: string): Entry {
  const entry = entries.find((one) => one.id === id);
  if (entry !== undefined) return entry;
  const ids = entries.map((one) => one.id);
  throw notFound(`There is no ${noun} "${id}".${suggestion(id, ids, `${noun}s`)}`);
}
