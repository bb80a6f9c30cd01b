/** What `?dry_run=true` of `POST /attribute` and `POST /attribute-context` answers: what a request would take, before it is sent. */
import Type, { type Static } from 'typebox';
import { nullable } from './schema.ts';

const Passes = Type.Object(
  {
    forward: Type.Integer({ minimum: 0, description: '`info.forward_passes` of the result.' }),
    backward: Type.Integer({ minimum: 0, description: '`info.backward_passes` of the result.' }),
    exact: Type.Boolean({
      description:
        'Whether it comes to just these. false: to at most as many; `because` says what cannot be known yet.',
    }),
    because: Type.Array(Type.String(), { examples: [['the model generates at most 20 tokens']] }),
  },
  { description: 'Passes of the model, one for each text or copy of it.' },
);

const Memory = Type.Object(
  {
    bytes: Type.Integer({ minimum: 0, description: 'At the most, of tensors and scores: the sum of the next three.' }),
    weight_bytes: Type.Integer({ minimum: 0, description: "The model's weights." }),
    activation_bytes: Type.Integer({ minimum: 0, description: 'What a pass holds, and keys and values.' }),
    score_bytes: Type.Integer({ minimum: 0, description: 'Scores, until they are aggregated.' }),
    budget_bytes: Type.Integer({ minimum: 0, description: "The worker's budget (`WHENCE_MEMORY_BUDGET_MB`)." }),
  },
  { description: 'What the job holds in the memory of its worker.' },
);

const Seconds = Type.Object(
  {
    compute: nullable(Type.Number({ minimum: 0 }), {
      description: 'Of the device, by what earlier jobs took; null: nothing like it was computed yet.',
    }),
    loading: nullable(Type.Number({ minimum: 0 }), {
      description: 'Until the model is loaded; 0: a worker holds it. null: it was never loaded.',
    }),
    wait: nullable(Type.Number({ minimum: 0 }), {
      description: 'In the queue, if the job came now; null: no worker is there, or it was never told how fast one is.',
    }),
    measured_by: Type.Enum(['method', 'model', 'nothing'], {
      description:
        'What `compute` was learned from: jobs of this model and method; jobs of the model by other methods, a rough ' +
        'guess; or nothing.',
    }),
    samples: Type.Integer({ minimum: 0, description: 'Turns of workers that it was learned from.' }),
  },
  { description: 'On a machine as the workers are; where the model generates, for the longest text that it may be.' },
);

/** What a request would take. */
export const Quote = Type.Object(
  {
    model: Type.String({ examples: ['facts-gpt2'] }),
    method: Type.String({
      description: 'The method; with documents the approach.',
      examples: ['integrated_gradients'],
    }),
    texts: Type.Integer({ minimum: 1 }),
    tokens: nullable(Type.Integer({ minimum: 0 }), {
      description: 'Of all texts, given and, at most, generated; null: the API has no tokenizer of this model.',
    }),
    passes: nullable(Passes, {
      description: 'null: a plug-in does not say what it runs, `metrics` are asked for, or the tokens are not known.',
    }),
    memory: nullable(Memory, { description: 'null: as `passes`, or the worker is of an earlier version.' }),
    seconds: Seconds,
  },
  {
    $id: 'Quote',
    examples: [
      {
        model: 'facts-gpt2',
        method: 'integrated_gradients',
        texts: 1,
        tokens: 8,
        passes: { forward: 51, backward: 50, exact: true, because: [] },
        memory: {
          bytes: 25_300_000,
          weight_bytes: 12_000_000,
          activation_bytes: 13_200_000,
          score_bytes: 100_000,
          budget_bytes: 8_000_000_000,
        },
        seconds: { compute: 0.21, loading: 0, wait: 1.4, measured_by: 'method', samples: 64 },
      },
    ],
  },
);
export type Quote = Static<typeof Quote>;
