/** `POST /jobs/{id}/cancel`: also in the middle of a job. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { Job } from '../../../../../contract/job.ts';
import { ref } from '../../../../../contract/schema.ts';
import { BAD_REQUEST, COMMON, JobParams, NOT_FOUND } from '../../../../openapi/responses.ts';
import { unknownJob } from '../../../../problems.ts';

const schema = {
  operationId: 'cancelJob',
  tags: ['jobs'],
  summary: 'Cancel a job',
  description: 'Frees the device within a second. A job that has ended stays as it is.',
  params: JobParams,
  response: {
    202: {
      description: 'The job; its status becomes `canceled`.',
      content: { 'application/json': { schema: ref(Job) } },
    },
    400: BAD_REQUEST,
    404: NOT_FOUND,
    ...COMMON,
  },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.post('/', { schema }, async (request, reply) => {
    const { id } = request.params;
    const job = await request.jobs.cancel(id);
    if (job === null) throw unknownJob(id);
    return reply.code(202).send(request.linked(job));
  });
};

export default routes;
