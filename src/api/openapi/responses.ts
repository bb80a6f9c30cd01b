/** Response schemas that many routes share. */
import Type from 'typebox';
import { PROBLEM_MEDIA_TYPE, Problem } from '../../contract/problem.ts';
import { ref } from '../../contract/schema.ts';

const problem = (
  description: string,
  example: { type: string; title: string; status: number; detail: string; errors?: object[] },
  headers?: object,
) => ({
  description,
  ...(headers === undefined ? {} : { headers }),
  content: {
    [PROBLEM_MEDIA_TYPE]: {
      schema: ref(Problem),
      examples: { [example.type]: { value: { ...example, type: `urn:whence:problem:${example.type}` } } },
    },
  },
});

const RETRY_AFTER = {
  'Retry-After': { description: 'Seconds after which to try again.', type: 'integer' },
};

export const BAD_REQUEST = problem('Broken JSON, or a path, query or header value that is not understood.', {
  type: 'bad-request',
  title: 'The request is not understood',
  status: 400,
  detail: '#/query/limit: must be at most 100, got 5000',
  errors: [{ pointer: '#/query/limit', detail: 'must be at most 100, got 5000' }],
});

export const UNAUTHORIZED = problem('The service has API keys and the request shows none of them.', {
  type: 'unauthorized',
  title: 'API key missing or unknown',
  status: 401,
  detail: 'The API key is not known to this service.',
});

export const FORBIDDEN = problem(
  "The API key has not the scope that this needs, or a page of another site made a browser's request by cookie (`foreign-origin`).",
  {
    type: 'forbidden',
    title: 'The API key may not do this',
    status: 403,
    detail: 'The key "search" has the scope read, and this needs submit: use another key.',
  },
);

export const NOT_FOUND = problem('Unknown or expired.', {
  type: 'not-found',
  title: 'Not found',
  status: 404,
  detail:
    'No job has the id "k3v9": it never existed, was deleted, or its time to live is over. GET /jobs lists the jobs.',
});

export const UNKNOWN_BATCH = problem('Unknown or expired.', {
  type: 'not-found',
  title: 'Not found',
  status: 404,
  detail:
    'No batch has the id "b7x2": it never existed, was deleted, or its time to live is over. GET /batches lists them.',
});

export const BROKEN_LINES = problem('The body is no newline-delimited JSON, or a header value is not understood.', {
  type: 'broken-ndjson',
  title: 'The body is not newline-delimited JSON',
  status: 400,
  detail: 'Line 7 is not JSON: Unexpected end of JSON input.',
});

export const TOO_MANY_LINES = problem('Too many lines or bytes, or a line that is too large for a request.', {
  type: 'body-too-large',
  title: 'Body too large',
  status: 413,
  detail: 'The body has more than 100000 lines: split it into several batches.',
});

export const NOT_LINES = problem('The body is not `application/x-ndjson`, or is compressed.', {
  type: 'unsupported-media-type',
  title: 'Unsupported media type',
  status: 415,
  detail: 'The body must be newline-delimited JSON, sent with `Content-Type: application/x-ndjson`.',
});

export const INVALID_LINES = problem('A `custom_id` occurs twice, or `defaults` hold what no request has.', {
  type: 'validation',
  title: 'The request is not valid',
  status: 422,
  detail: '#/custom_id: the custom_id "q1" is that of line 2 and of line 9: give each line its own.',
  errors: [
    {
      pointer: '#/custom_id',
      detail: 'the custom_id "q1" is that of line 2 and of line 9: give each line its own.',
    },
  ],
});

export const NOT_FINISHED = problem('The job has no result yet.', {
  type: 'not-finished',
  title: 'The job is not finished',
  status: 409,
  detail: 'Job k3v9 is running (25% of attributing). GET /jobs/k3v9/events tells when it is done.',
});

export const GONE = problem('The job failed or was canceled: there will be no result.', {
  type: 'no-result',
  title: 'The job has no result',
  status: 410,
  detail: 'Job k3v9 was canceled, so it has no result. Submit the request again.',
});

export const NOT_ACCEPTABLE = problem('`Accept` names types, and none that a result is given in.', {
  type: 'not-acceptable',
  title: 'No acceptable format',
  status: 406,
  detail:
    'A result is given as application/json, text/csv, text/plain, text/html, and `Accept` takes none of them (it is ' +
    '"image/png"): name one, or choose by `?format=`.',
});

export const TOO_LARGE = problem('The result is too large for this format.', {
  type: 'result-too-large',
  title: 'The result is too large for this format',
  status: 413,
  detail:
    'The result has 1200000 pairs of tokens, and html shows at most 1000000: take `format=csv` or `format=json`, or ' +
    'attribute fewer tokens by attr_pos_start and attr_pos_end.',
});

export const BODY_TOO_LARGE = problem('The body is too large, holds too many values and keys, or is nested too deep.', {
  type: 'body-too-large',
  title: 'Body too large',
  status: 413,
  detail: 'The body is larger than 4194304 bytes: split the request.',
});

export const UNSUPPORTED_MEDIA_TYPE = problem('The body is not JSON, or is compressed.', {
  type: 'unsupported-media-type',
  title: 'Unsupported media type',
  status: 415,
  detail: 'The body must be JSON, sent with `Content-Type: application/json`.',
});

export const INVALID = problem('The request cannot be computed; `errors` says why, field by field.', {
  type: 'validation',
  title: 'The request is not valid',
  status: 422,
  detail: '#/method: there is no method "saliancy". Did you mean "saliency"?',
  errors: [{ pointer: '#/method', detail: 'there is no method "saliancy". Did you mean "saliency"?' }],
});

const TOO_MANY_REQUESTS = problem(
  'More requests a minute than the operator allows.',
  {
    type: 'rate-limit',
    title: 'Too many requests',
    status: 429,
    detail: 'At most 600 requests a minute are answered; go on in 12 s.',
  },
  RETRY_AFTER,
);

const UNAVAILABLE = problem(
  'The queue is full, Redis is in trouble, or no worker is known yet. With the types `submission-unknown` and ' +
    '`outcome-unknown` it is not known whether the request took effect: send it again.',
  {
    type: 'queue-full',
    title: 'Service unavailable',
    status: 503,
    detail: 'The queue is full: 1000 jobs wait and at most 1000 may. Try again in 5 s.',
  },
  RETRY_AFTER,
);

/** Answers that every route can give. */
export const COMMON = { 401: UNAUTHORIZED, 403: FORBIDDEN, 429: TOO_MANY_REQUESTS, 503: UNAVAILABLE };

/** `{id}` of a batch in the path. */
export const BatchParams = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128, description: 'Id of a batch.', examples: ['b7x2'] }),
});

/** `{id}` of a job in the path. */
export const JobParams = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 128, description: 'Id of a job.', examples: ['k3v9'] }),
});
