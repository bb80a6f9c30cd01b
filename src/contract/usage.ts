/** What was used: by a job, and by a key on a day. */
import Type, { type Static } from 'typebox';

/** What a key has used of a model on a day. */
const UsageRow = Type.Object({
  day: Type.String({ description: 'In UTC.', examples: ['2026-03-01'] }),
  key: Type.String({
    description: "Name of the key; '' for what was made while none was asked for.",
    examples: ['search'],
  }),
  model: Type.String({ examples: ['facts-gpt2'] }),
  jobs: Type.Integer({ minimum: 0, description: 'Jobs that ended, lines of batches too, however they did.' }),
  tokens: Type.Integer({ minimum: 0, description: 'Of their texts, given and generated.' }),
  compute_seconds: Type.Number({ minimum: 0, description: 'Of the device; canceled jobs are not counted.' }),
});
export type UsageRow = Static<typeof UsageRow>;

/** What `GET /usage` gives. */
export const UsageReport = Type.Object(
  {
    from: Type.String({ description: 'The first day.', examples: ['2026-03-01'] }),
    to: Type.String({ description: 'The last day, included.', examples: ['2026-03-31'] }),
    rows: Type.Array(UsageRow, { description: 'One for each day, key and model, the latest day first.' }),
  },
  {
    $id: 'UsageReport',
    examples: [
      {
        from: '2026-03-01',
        to: '2026-03-31',
        rows: [{ day: '2026-03-01', key: 'search', model: 'facts-gpt2', jobs: 3, tokens: 36, compute_seconds: 0.4 }],
      },
    ],
  },
);

/** What a job took of the service, in units that a client can foresee. */
export interface Usage {
  /** Of all its texts, those that were given and those that were generated. */
  tokens: number;
  /** Passes of the model, forward and backward: one for each text or copy of it. */
  passes: number;
}
