/** Errors on the wire: RFC 9457 problem details. */
import Type, { type Static } from 'typebox';

/** One thing that is wrong with a request. */
export const ProblemError = Type.Object({
  pointer: Type.String({
    description: 'JSON pointer into the body, or `#/query/name`, `#/header/name`.',
    examples: ['#/input_texts'],
  }),
  detail: Type.String({ description: 'What is wrong, with the value, and what to do.' }),
});
export type ProblemError = Static<typeof ProblemError>;

/** `application/problem+json`. */
export const Problem = Type.Object(
  {
    type: Type.String({
      description: 'Identifies the kind of problem: `urn:whence:problem:NAME`.',
      examples: ['urn:whence:problem:validation'],
    }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What happened and what to do.' }),
    instance: Type.Optional(Type.String({ description: 'The id of the request, as in `X-Request-Id`.' })),
    errors: Type.Optional(Type.Array(ProblemError)),
  },
  { $id: 'Problem' },
);
export type Problem = Static<typeof Problem>;

/** The media type of a problem. */
export const PROBLEM_MEDIA_TYPE = 'application/problem+json';
