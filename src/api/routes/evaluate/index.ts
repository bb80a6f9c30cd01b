/** `POST /evaluate`: accepts a request to compare methods and answers with its job. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { EvaluateBody, EvaluateResult } from '../../../contract/evaluate.ts';
import { ref } from '../../../contract/schema.ts';
import { completeEvaluateRequest } from '../../../requests/complete-evaluate.ts';
import { evaluateHints } from '../../../requests/hints.ts';
import { acceptJob, JobHeaders, jobResponses } from '../../http/accept.ts';
import { waitPreference } from '../../http/prefer.ts';
import { EVALUATE_EXAMPLES } from '../../openapi/examples.ts';
import { acceptedFormat } from '../../results/formats.ts';
import { explained, refuseEmptyBody } from '../../validation/body.ts';

const schema = {
  operationId: 'evaluate',
  tags: ['attribution'],
  summary: 'Which method to trust: methods compared on given texts',
  description:
    'Attributes the texts by each method, measures its scores by faithfulness metrics beside a random ranking, and ranks the ' +
    'methods by their means. `GET /models/{id}/methods` keeps the numbers, without the texts.',
  headers: JobHeaders,
  body: ref(EvaluateBody),
  response: jobResponses(ref(EvaluateResult)),
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { catalogue, tokens, settings } = fastify;

  fastify.post(
    '/',
    { schema, config: { bodyExamples: EVALUATE_EXAMPLES }, preValidation: refuseEmptyBody, attachValidation: true },
    async (request, reply) => {
      if (request.validationError !== undefined) {
        throw await explained(request.validationError, catalogue, evaluateHints);
      }
      const seconds = waitPreference(request.headers.prefer);
      const format = seconds === null ? 'json' : acceptedFormat(request);
      const { request: complete, model } = await completeEvaluateRequest(request.body, {
        catalogue: await catalogue.read(),
        tokens,
        allowPrivateWebhooks: settings.allowPrivateWebhooks,
      });
      return acceptJob(request, reply, { request: complete, model, seconds, format });
    },
  );
};

export default routes;
