/** `POST /attribute`: accepts a request and answers with its job. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { AttributeBody } from '../../../contract/attribute-request.ts';
import { Quote } from '../../../contract/quote.ts';
import { Result } from '../../../contract/result.ts';
import { ref } from '../../../contract/schema.ts';
import { fromChatCompletion } from '../../../requests/chat-completions.ts';
import { completeRequest } from '../../../requests/complete.ts';
import { acceptJob, JobHeaders, jobResponses } from '../../http/accept.ts';
import { waitPreference } from '../../http/prefer.ts';
import { ATTRIBUTE_EXAMPLES } from '../../openapi/examples.ts';
import { DryRun } from '../../quotes/dry-run.ts';
import { refuseBeyondMemory } from '../../quotes/limits.ts';
import { estimateOf } from '../../quotes/quoter.ts';
import { acceptedFormat } from '../../results/formats.ts';
import { explained, refuseEmptyBody } from '../../validation/body.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Fields of a body in OpenAI's shape that changed nothing. */
    ignoredFields?: string[];
  }
}

const schema = {
  operationId: 'attribute',
  tags: ['attribution'],
  summary: 'Attribute generated tokens to input tokens',
  description:
    'Queues an attribution. Only `model` and `input_texts` (or `messages`) are needed; the model generates where no text is forced.\n\n' +
    "Bodies of OpenAI's `POST /v1/chat/completions` are taken as they are logged, for chat models: the answer is the last of " +
    "`messages`, where that is the `assistant`'s, or stands in `choices` beside them; else the model generates, by `max_tokens`, " +
    '`temperature` and `top_p`. `top_logprobs` is `top_alternatives`. Other fields are listed in `info.ignored_fields` of the ' +
    'result where they change nothing, and refused where they would.',
  headers: JobHeaders,
  querystring: DryRun,
  body: ref(AttributeBody),
  response: jobResponses(ref(Result), [ref(Quote)]),
};

/** A hook: bodies in OpenAI's shape become ours. */
async function adapted(request: FastifyRequest): Promise<void> {
  const { body, ignored } = fromChatCompletion(request.body);
  request.body = body;
  request.ignoredFields = ignored;
}

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { catalogue, tokens, settings, quotes } = fastify;
  fastify.decorateRequest('ignoredFields');

  fastify.post(
    '/',
    {
      schema,
      config: { bodyExamples: ATTRIBUTE_EXAMPLES },
      preValidation: [refuseEmptyBody, adapted],
      attachValidation: true,
    },
    async (request, reply) => {
      if (request.validationError !== undefined) throw await explained(request.validationError, catalogue);
      const seconds = waitPreference(request.headers.prefer);
      const format = seconds === null ? 'json' : acceptedFormat(request);
      const known = await catalogue.read();
      const { request: complete, model } = await completeRequest(request.body, {
        catalogue: known,
        tokens,
        allowPrivateWebhooks: settings.allowPrivateWebhooks,
        ignoredFields: request.ignoredFields,
      });
      const outlook = await quotes.outlook(complete, model, known, request.log);
      refuseBeyondMemory(complete, model, outlook);
      if (request.query.dry_run) {
        const quote = await quotes.quote(complete, model, known, outlook);
        return reply.type('application/json').send(Buffer.from(JSON.stringify(quote)));
      }
      const estimate = await estimateOf(quotes, complete, model, known, outlook);
      return acceptJob(request, reply, { request: complete, model, estimate, seconds, format });
    },
  );
};

export default routes;
