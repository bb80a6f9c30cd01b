/** Every error leaves as `application/problem+json`, and for people in a browser as a page. */
import type { ErrorObject } from 'ajv';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';
import { LIMITS } from '../../contract/limits.ts';
import { InvalidRequestError } from '../../requests/issues.ts';
import { BrokenJsonError } from '../../requests/parse-json.ts';
import { explain } from '../../validation/explain.ts';
import { prefersHtml } from '../http/prefers-html.ts';
import { sendProblemPage } from '../pages/problem.ts';
import { ApiProblem, badRequest, PROBLEM_MEDIA_TYPE, validationProblem } from '../problems.ts';
import { sentence } from '../sentence.ts';
import { logProblem, storeProblem } from '../store-problems.ts';

export default fp(
  async (fastify) => {
    fastify.setErrorHandler((error: FastifyError, request, reply) => {
      const problem = safely(() => problemOf(error), request);
      if (problem.status >= 500) logProblem(request.log, error, problem.message);
      return sendProblem(request, reply, problem);
    });
  },
  { name: 'problems' },
);

/** An error handler must not throw: what it cannot explain is an error of our own. */
function safely(explained: () => ApiProblem, { log }: FastifyRequest): ApiProblem {
  try {
    return explained();
  } catch (error) {
    log.error({ err: error }, 'an error could not be explained');
    return internal();
  }
}

/** Sends `problem` with its headers. */
export function sendProblem(request: FastifyRequest, reply: FastifyReply, problem: ApiProblem): FastifyReply {
  // Fastify closes the connection after a body that was not parsed; a client that is still sending would see it broken
  // in place of the answer. Node drops the rest of the body and goes on.
  reply.removeHeader('connection').code(problem.status).headers(problem.headers).header('vary', 'accept');
  if (prefersHtml(request)) return sendProblemPage(reply, problem.toProblem(request.id), request.prefix);
  return reply.type(PROBLEM_MEDIA_TYPE).send(JSON.stringify(problem.toProblem(request.id)));
}

function problemOf(error: FastifyError): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof BrokenJsonError) {
    return new ApiProblem('broken-json', 'The body is not valid JSON', 400, error.message);
  }
  if (error instanceof InvalidRequestError) return validationProblem(error.errors);
  const store = storeProblem(error);
  if (store !== null) return store;
  if (error.validation !== undefined) return validation(error.validation as ErrorObject[], error.validationContext);
  return protocol(error);
}

function validation(errors: ErrorObject[], context: string | undefined): ApiProblem {
  if (context === 'body') return validationProblem(explain(errors, '#'));
  const part = context === 'querystring' ? 'query' : context === 'params' ? 'path' : 'header';
  return badRequest(explain(errors, `#/${part}`));
}

/** Errors of HTTP itself, as Fastify names them. */
function protocol(error: FastifyError): ApiProblem {
  const { code, statusCode = 500 } = error;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    return new ApiProblem(
      'body-too-large',
      'Body too large',
      413,
      `The body is larger than ${LIMITS.bodyBytes} bytes: split the request.`,
    );
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new ApiProblem(
      'unsupported-media-type',
      'Unsupported media type',
      415,
      'The body must be JSON, sent with `Content-Type: application/json`.',
    );
  }
  if (statusCode === 429) {
    return new ApiProblem(
      'rate-limit',
      'Too many requests',
      429,
      `${sentence(error.message)} \`Retry-After\` says when to go on.`,
    );
  }
  if (statusCode >= 400 && statusCode < 500) {
    return new ApiProblem('bad-request', 'The request is not understood', statusCode, sentence(error.message));
  }
  return internal();
}

function internal(): ApiProblem {
  return new ApiProblem(
    'internal',
    'Internal error',
    500,
    'Something went wrong in the service; its log has the details under this request id.',
  );
}
