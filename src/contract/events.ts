/** What `GET /jobs/{id}/events` streams. */
import Type, { type Static } from 'typebox';
import { Job, Progress } from './job.ts';
import { ResultToken, type Scores, TopAlternative } from './result.ts';
import { ref } from './schema.ts';

/** What the rows of a text's scores stand for, as in its result. */
const TextTokens = Type.Object({
  source: Type.Array(ref(ResultToken)),
  target: Type.Array(ref(ResultToken)),
  attr_pos_start: Type.Integer({ minimum: 0 }),
});

/** One attributed token's finished column. */
export const StepEvent = Type.Object(
  {
    sequence: Type.Integer({ minimum: 0, description: 'Which of the texts.' }),
    position: Type.Integer({ minimum: 0, description: 'Target position of the token.' }),
    token: Type.Unsafe<ResultToken>({ $ref: 'ResultToken#' }),
    source_attributions: Type.Unsafe<Scores[] | null>({ description: 'Its column of the result, source side.' }),
    target_attributions: Type.Unsafe<Scores[] | null>({ description: 'Its column of the result, target side.' }),
    step_scores: Type.Unsafe<Record<string, number | null>>({ type: 'object', additionalProperties: true }),
    text: Type.Optional(
      Type.Unsafe<Static<typeof TextTokens>>({ ...TextTokens, description: "With a text's first step: its tokens." }),
    ),
    top_alternatives: Type.Optional(
      Type.Array(TopAlternative, { description: 'Its most probable alternatives, where they were asked for.' }),
    ),
  },
  { $id: 'StepEvent' },
);
export type StepEvent = Static<typeof StepEvent>;

const event = <Name extends string, Data extends Type.TSchema>(name: Name, data: Data) =>
  Type.Object({
    id: Type.String({ description: 'Give it back as `Last-Event-ID` to read on.' }),
    event: Type.Literal(name),
    data,
  });

/** One server-sent event; `done` is the last and carries the job as it ended. */
export const JobEvent = Type.Union(
  [event('progress', ref(Progress)), event('step', ref(StepEvent)), event('done', ref(Job))],
  { $id: 'JobEvent' },
);
export type JobEvent = Static<typeof JobEvent>;
