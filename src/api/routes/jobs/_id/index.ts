/** `GET` and `DELETE /jobs/{id}`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { Job } from '../../../../contract/job.ts';
import { ref } from '../../../../contract/schema.ts';
import { BAD_REQUEST, COMMON, JobParams, NOT_FOUND } from '../../../openapi/responses.ts';
import { unknownJob } from '../../../problems.ts';

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const show = {
    operationId: 'getJob',
    tags: ['jobs'],
    summary: 'How far is a job?',
    params: JobParams,
    response: {
      200: { description: 'The job.', content: { 'application/json': { schema: ref(Job) } } },
      400: BAD_REQUEST,
      404: NOT_FOUND,
      ...COMMON,
    },
  };
  fastify.get('/', { schema: show }, async (request) => {
    const { id } = request.params;
    const job = await request.jobs.get(id);
    if (job === null) throw unknownJob(id);
    return request.linked(job);
  });

  const remove = {
    operationId: 'deleteJob',
    tags: ['jobs'],
    summary: 'Cancel a job if needed, and forget it and its result',
    params: JobParams,
    response: { 204: Type.Null({ description: 'Forgotten.' }), 400: BAD_REQUEST, 404: NOT_FOUND, ...COMMON },
  };
  fastify.delete('/', { schema: remove }, async (request, reply) => {
    const { id } = request.params;
    if (!(await request.jobs.remove(id))) throw unknownJob(id);
    return reply.code(204).send(null);
  });
};

export default routes;
