/** Spans of the attributed answer whose scores are summed, so that each is one output: as asked for, and as attributed. */
import Type, { type Static } from 'typebox';
import { LIMITS } from './limits.ts';
import { mapOf, nullable } from './schema.ts';

const UNITS = ['characters', 'tokens', 'words', 'sentences', 'sequence'] as const;
type TargetSpanUnit = (typeof UNITS)[number];

const Span = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 2, maxItems: 2 });
const Spans = Type.Array(Span, { minItems: 1, maxItems: LIMITS.targetSpans });

/** What `target_spans` may be in a body. */
export const TargetSpansBody = Type.Union(
  [
    Type.Enum(['tokens', 'words', 'sentences', 'sequence']),
    Type.Object(
      {
        unit: Type.Enum(UNITS),
        spans: Type.Optional(
          Type.Union([Spans, Type.Array(Spans, { minItems: 1, maxItems: LIMITS.texts })], {
            description:
              'Of `characters` and `tokens`: [start, end) of each, ascending and without overlap; one list for all ' +
              'texts, or a list of such lists, one for each.',
          }),
        ),
        locale: Type.Optional(
          Type.String({
            minLength: 1,
            maxLength: 64,
            description: 'Of `words` and `sentences`: language of the answer (BCP 47). Left out: any.',
          }),
        ),
      },
      { additionalProperties: false },
    ),
    Type.Null(),
  ],
  {
    default: null,
    description:
      'Spans of the answer that are attributed as wholes: the sum of the attributed function over the tokens of a span ' +
      'is one output, and the result has a column for each span instead of one for each token. With gradient methods ' +
      'each span costs one pullback. `"sequence"`: all attributed tokens are one span; `"sentences"`, `"words"`, ' +
      '`"tokens"`: each of the answer is one, or `{unit, spans}` names them by UTF-16 `characters` of the answer ' +
      '(`info.continuations`) or by `tokens` (target positions, as attr_pos_start counts them). Characters are widened ' +
      'to whole tokens. There are no `step` events of spans. null: every token is an output of its own.',
    examples: ['sequence', { unit: 'characters', spans: [[0, 12]] }],
  },
);
export type TargetSpansBody = Static<typeof TargetSpansBody>;

/** The same in a complete request. */
export interface TargetSpans {
  unit: TargetSpanUnit;
  /** Of each text; null: the unit says it all. */
  spans: [number, number][][] | null;
  locale: string | null;
}

/** One span as it was attributed: a column of the result. */
export const TargetSpan = Type.Object(
  {
    start: Type.Integer({ description: 'First character of the answer (`info.continuations`, UTF-16 units).' }),
    end: Type.Integer({ description: 'One past the last.' }),
    text: Type.String({ description: 'What the answer has there.' }),
    attr_pos_start: Type.Integer({ description: 'Target position of its first token.' }),
    attr_pos_end: Type.Integer({ description: 'One past the last.' }),
    score: nullable(Type.Number(), {
      description: 'The attributed function, summed over the tokens of the span: what was attributed.',
    }),
    step_scores: mapOf(nullable(Type.Number()), { description: 'Step scores, summed likewise.' }),
  },
  { $id: 'TargetSpan' },
);
export type TargetSpan = Static<typeof TargetSpan>;
