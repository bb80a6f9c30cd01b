/** `GET` and `DELETE /jobs/{id}`. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { Job } from '../../../../contract/job.ts';
import { ref } from '../../../../contract/schema.ts';
import { unknownJob } from '../../../problems.ts';
import { COMMON, JobParams, NOT_FOUND } from '../../../responses.ts';

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { jobs } = fastify.context;

  const show = {
    operationId: 'getJob',
    tags: ['jobs'],
    summary: 'How far is a job?',
    params: JobParams,
    response: {
      200: { description: 'The job.', content: { 'application/json': { schema: ref(Job) } } },
      404: NOT_FOUND,
      ...COMMON,
    },
  };
  fastify.get('/', { schema: show }, async ({ params: { id } }) => {
    const job = await jobs.get(id);
    if (job === null) throw unknownJob(id);
    return job;
  });

  const remove = {
    operationId: 'deleteJob',
    tags: ['jobs'],
    summary: 'Cancel a job if needed, and forget it and its result',
    params: JobParams,
    response: { 204: Type.Null({ description: 'Forgotten.' }), 404: NOT_FOUND, ...COMMON },
  };
  fastify.delete('/', { schema: remove }, async ({ params: { id } }, reply) => {
    if (!(await jobs.remove(id))) throw unknownJob(id);
    return reply.code(204).send(null);
  });
};

export default routes;
