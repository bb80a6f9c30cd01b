/** `GET /models/{id}/methods`: methods as they were measured on a model. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { MeasuredMethods } from '../../../../../contract/evaluate.ts';
import { ref } from '../../../../../contract/schema.ts';
import { entryOf } from '../../../../catalogue/routes.ts';
import { BAD_REQUEST, COMMON, NOT_FOUND } from '../../../../openapi/responses.ts';

const Params = Type.Object({ id: Type.String({ minLength: 1, maxLength: 256, examples: ['facts-gpt2'] }) });

const schema = {
  operationId: 'getMeasuredMethods',
  tags: ['catalogue'],
  summary: 'Methods ranked by what was measured on a model',
  description:
    'What jobs of `POST /evaluate` measured on this instance: by numbers alone, so that every key may see it. Nothing is ' +
    'said of methods that nobody has evaluated.',
  params: Params,
  response: {
    200: {
      description: 'What was measured.',
      content: { 'application/json': { schema: ref(MeasuredMethods) } },
    },
    400: BAD_REQUEST,
    404: NOT_FOUND,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.get<{ Params: Type.Static<typeof Params> }>('/', { schema }, async ({ params: { id } }) => {
    const { methods } = entryOf(await fastify.catalogue.models(), id, 'model');
    return { model: id, methods, evaluations: await fastify.jobs.evaluations(id) };
  });
};

export default routes;
