/** `POST /jobs/{id}/replay`: the same request once more, and how far its result is from the first. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import Type from 'typebox';
import { ContextResult } from '../../../../../contract/attribute-context-result.ts';
import { EvaluateResult } from '../../../../../contract/evaluate.ts';
import { Result } from '../../../../../contract/result.ts';
import { ref } from '../../../../../contract/schema.ts';
import { modelOf } from '../../../../../requests/complete.ts';
import { Issues } from '../../../../../requests/issues.ts';
import { acceptJob, JobHeaders, jobResponses } from '../../../../http/accept.ts';
import { waitPreference } from '../../../../http/prefer.ts';
import { JobParams } from '../../../../openapi/responses.ts';
import { RESULT_ERRORS } from '../../../../openapi/result-content.ts';
import { unknownJob } from '../../../../problems.ts';
import { finishedResult } from '../../../../results/finished.ts';
import { acceptedFormat } from '../../../../results/formats.ts';

const {
  413: _tooLarge,
  415: _mediaType,
  ...responses
} = jobResponses(Type.Union([ref(Result), ref(ContextResult), ref(EvaluateResult)]));

const schema = {
  operationId: 'replayJob',
  tags: ['jobs'],
  summary: 'Repeat a job and compare the results',
  description:
    'Queues the request of a job that succeeded once more, as a job of its own with the same metadata, without its priority and webhook, and ' +
    'computes it whatever results are kept. When it has succeeded, `info.replay.difference` says how far its result is from ' +
    'the first: 0 on the same backend and device.',
  params: JobParams,
  headers: Type.Omit(JobHeaders, ['cache-control']),
  response: { ...responses, ...RESULT_ERRORS },
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  fastify.post('/', { schema }, async (request, reply) => {
    const { id } = request.params;
    const seconds = waitPreference(request.headers.prefer);
    const format = seconds === null ? 'json' : acceptedFormat(request);
    await finishedResult(request.jobs, id, 'json');
    const original = await request.jobs.request(id);
    if (original === null) throw unknownJob(id); // expired between the two reads
    const model = modelOf(original, await fastify.catalogue.read(), new Issues());
    const { priority: _priority, ...rest } = original;
    const again = { ...rest, webhook: null };
    return acceptJob(request, reply, { request: again, model, seconds, format, replayOf: id });
  });
};

export default routes;
