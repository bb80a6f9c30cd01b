/** `POST /attribute`: accepts a request and answers with its job. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AttributeBody } from '../../../contract/attribute-request.ts';
import { Result } from '../../../contract/result.ts';
import { ref } from '../../../contract/schema.ts';
import { completeRequest } from '../../../requests/complete.ts';
import { acceptJob, JobHeaders, jobResponses } from '../../http/accept.ts';
import { waitPreference } from '../../http/prefer.ts';
import { ATTRIBUTE_EXAMPLES } from '../../openapi/examples.ts';
import { acceptedFormat } from '../../results/formats.ts';
import { explained, refuseEmptyBody } from '../../validation/body.ts';

const schema = {
  operationId: 'attribute',
  tags: ['attribution'],
  summary: 'Attribute generated tokens to input tokens',
  description:
    'Queues an attribution. Only `model` and `input_texts` (or `messages`) are needed; the model generates where no text is forced.',
  headers: JobHeaders,
  body: ref(AttributeBody),
  response: jobResponses(Result),
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { catalogue, tokens, settings } = fastify;

  fastify.post(
    '/',
    { schema, config: { bodyExamples: ATTRIBUTE_EXAMPLES }, preValidation: refuseEmptyBody, attachValidation: true },
    async (request, reply) => {
      if (request.validationError !== undefined) throw await explained(request.validationError, catalogue);
      const seconds = waitPreference(request.headers.prefer);
      const format = seconds === null ? 'json' : acceptedFormat(request);
      const { request: complete, model } = await completeRequest(request.body, {
        catalogue: await catalogue.read(),
        tokens,
        allowPrivateWebhooks: settings.allowPrivateWebhooks,
      });
      return acceptJob(request, reply, { request: complete, model, seconds, format });
    },
  );
};

export default routes;
