/** `POST /attribute-context`: accepts a request about a context or documents and answers with its job. */
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { AttributeContextBody } from '../../../contract/attribute-context-request.ts';
import { ContextResult } from '../../../contract/attribute-context-result.ts';
import { Quote } from '../../../contract/quote.ts';
import { ref } from '../../../contract/schema.ts';
import { completeContextRequest } from '../../../requests/complete-context.ts';
import { contextHints } from '../../../requests/hints.ts';
import { acceptJob, JobHeaders, jobResponses } from '../../http/accept.ts';
import { waitPreference } from '../../http/prefer.ts';
import { CONTEXT_EXAMPLES } from '../../openapi/examples.ts';
import { DryRun } from '../../quotes/dry-run.ts';
import { estimateOf } from '../../quotes/quoter.ts';
import { acceptedFormat } from '../../results/formats.ts';
import { explained, refuseEmptyBody } from '../../validation/body.ts';

const schema = {
  operationId: 'attributeContext',
  tags: ['attribution'],
  summary: 'Where an answer came from: sources among documents, or cues in a context',
  description:
    'With `documents` and `query`: which units of the documents each sentence of the answer came from, and by how much ' +
    'its probability drops without them. With `input_context_text` and `input_current_text`: PECoRe, as in the ' +
    '`attribute-context` of Inseq: which tokens of the answer depend on the context, and on which of its tokens.',
  headers: JobHeaders,
  querystring: DryRun,
  body: ref(AttributeContextBody),
  response: jobResponses(ref(ContextResult), [ref(Quote)]),
};

const routes: FastifyPluginAsyncTypebox = async (fastify) => {
  const { catalogue, tokens, settings, quotes } = fastify;

  fastify.post(
    '/',
    { schema, config: { bodyExamples: CONTEXT_EXAMPLES }, preValidation: refuseEmptyBody, attachValidation: true },
    async (request, reply) => {
      if (request.validationError !== undefined) {
        throw await explained(request.validationError, catalogue, contextHints);
      }
      const seconds = waitPreference(request.headers.prefer);
      const format = seconds === null ? 'json' : acceptedFormat(request);
      const known = await catalogue.read();
      const { request: complete, model } = await completeContextRequest(request.body, {
        catalogue: known,
        tokens,
        allowPrivateWebhooks: settings.allowPrivateWebhooks,
      });
      const outlook = await quotes.outlook(complete, model, known, request.log);
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
