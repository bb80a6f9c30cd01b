/** What `POST /evaluate` takes and gives: methods compared on given texts by faithfulness metrics. */
import Type, { type Static } from 'typebox';
import {
  Call,
  type CompleteCall,
  GenerationArgs,
  JobMetadata,
  JobWebhook,
  Metadata,
  Priority,
  Seed,
  SourceLanguage,
  TargetLanguage,
  type Webhook,
} from './attribute-request.ts';
import { DEFAULT_METRICS, MetricsInfo } from './faithfulness.ts';
import { JobError } from './job.ts';
import { LIMITS } from './limits.ts';
import { ResultInfo } from './result.ts';
import { freeObject, nullable, ref, timestamp } from './schema.ts';

/** Methods that need few passes: the ones of an evaluation that names none, as far as the model can run them. */
export const CHEAP_METHODS = ['attention', 'deeplift', 'input_x_gradient', 'occlusion', 'saliency'] as const;

const Text = Type.String({ maxLength: LIMITS.textCharacters });
const Texts = Type.Union([Text, Type.Array(Text, { minItems: 1, maxItems: LIMITS.texts })]);

/** The body of `POST /evaluate`. Unknown fields are refused. */
export const EvaluateBody = Type.Object(
  {
    model: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'An id of `GET /models`.',
      examples: ['facts-gpt2'],
    }),
    input_texts: Type.Union(Texts.anyOf, {
      description: `One text, or 1 to ${LIMITS.texts}: prompts, or sources to translate. Intervals need two or more.`,
      examples: [['The capital of France is', 'The capital of Italy is']],
    }),
    generated_texts: Type.Optional(
      nullable(Texts, {
        default: null,
        description: 'Forced outputs as in `POST /attribute`; null: the model generates, once for all methods.',
      }),
    ),
    methods: Type.Optional(
      Type.Array(Call, {
        minItems: 1,
        maxItems: LIMITS.evaluatedMethods,
        description:
          'Ids of `GET /methods`, or `{name, args}`. Left out: those of few passes that the model can run ' +
          `(${CHEAP_METHODS.join(', ')}).`,
        examples: [['saliency', { name: 'integrated_gradients', args: { n_steps: 20 } }]],
      }),
    ),
    metrics: Type.Array(Call, {
      minItems: 1,
      maxItems: LIMITS.metrics,
      default: [...DEFAULT_METRICS],
      description: 'Ids of `GET /faithfulness-metrics`, or `{name, args}`.',
    }),
    attribute_target: Type.Boolean({
      default: false,
      description: 'Encoder-decoder only: the target prefix is attributed and ranked, too.',
    }),
    generation_args: GenerationArgs,
    src_lang: SourceLanguage,
    tgt_lang: TargetLanguage,
    seed: Seed,
    priority: Priority,
    webhook: JobWebhook,
    metadata: JobMetadata,
  },
  {
    $id: 'EvaluateRequest',
    additionalProperties: false,
    required: ['model', 'input_texts'],
    examples: [{ model: 'facts-gpt2', input_texts: ['The capital of France is', 'The capital of Italy is'] }],
  },
);
export type EvaluateBody = Static<typeof EvaluateBody>;

/** The request as it is queued: checked, every default filled in. */
export interface EvaluateRequest {
  kind: 'evaluate';
  model: string;
  input_texts: string[];
  generated_texts: string[] | null;
  methods: CompleteCall[];
  metrics: CompleteCall[];
  attribute_target: boolean;
  generation_args: GenerationArgs;
  src_lang: string | null;
  tgt_lang: string | null;
  seed: number;
  /** Left out: 0. */
  priority?: number;
  webhook: Webhook | null;
  metadata?: Metadata;
}

/** A mean over the texts. */
const Estimate = Type.Object({
  mean: Type.Number(),
  low: nullable(Type.Number(), {
    description:
      'Of the 95 % confidence interval: percentiles of 1,000 bootstrap samples of the texts; null: of one text.',
  }),
  high: nullable(Type.Number()),
});
export type Estimate = Static<typeof Estimate>;

const EvaluatedMetric = Type.Object({
  name: Type.String(),
  better: Type.Union([Type.Literal('higher'), Type.Literal('lower')], { description: 'Which direction is better.' }),
  mean: nullable(Estimate, { description: 'null: there is no number for any text.' }),
  random: nullable(Estimate, { description: 'The same by the random ranking of the same texts.' }),
  gain: nullable(Estimate, {
    description:
      'By how much the method beats the random ranking, text by text: above 0 is better in either direction.',
  }),
});

/** A method with what was measured of it. */
const EvaluatedMethod = Type.Object({
  rank: nullable(Type.Integer({ minimum: 1 }), { description: '1 is the best; null: it failed on every text.' }),
  mean_rank: nullable(Type.Number(), {
    description:
      'The mean over the metrics of its rank by the mean; ties share their ranks. Methods are ordered by it.',
  }),
  method: Type.String(),
  method_args: freeObject({ description: 'All effective arguments.' }),
  metrics: Type.Array(EvaluatedMetric, { description: 'In the order of the request.' }),
  texts: Type.Integer({ description: 'Texts that succeeded.' }),
  seconds: Type.Number({ description: 'Seconds of the method and its metrics on all texts.' }),
  forward_passes: Type.Integer({ description: 'Of the method and its metrics.' }),
  backward_passes: Type.Integer(),
});

/** A method of a result, with the numbers of each text. */
const MethodOfResult = Type.Intersect([
  EvaluatedMethod,
  Type.Object({
    values: Type.Array(Type.Array(nullable(Type.Number())), {
      description: '`[metric][text]`; null where the text failed or there is no number.',
    }),
    random_values: Type.Array(Type.Array(nullable(Type.Number())), { description: 'The same by the random ranking.' }),
    errors: Type.Array(nullable(ref(JobError)), {
      description: 'Why the method failed on each text; null: it did not.',
    }),
  }),
]);
export type MethodOfResult = Static<typeof MethodOfResult>;

const EvaluateInfo = Type.Intersect([
  Type.Pick(ResultInfo, [
    'model',
    'model_type',
    'model_hash',
    'tokenizer_hash',
    'quantization',
    'int8',
    'backend',
    'device',
    'generation_args',
    'seed',
    'seconds',
    'forward_passes',
    'backward_passes',
    'versions',
  ]),
  Type.Pick(MetricsInfo, ['score', 'replacement']),
  Type.Object({
    metrics: Type.Array(Type.Object({ name: Type.String(), args: freeObject() }), {
      description: 'The metrics with all their arguments.',
    }),
    input_texts: Type.Array(Type.String()),
    generated_texts: Type.Array(nullable(Type.String()), {
      description: 'The whole outputs, as a request takes them.',
    }),
    request: freeObject({ description: 'The request with every default filled in.' }),
  }),
]);
export type EvaluateInfo = Static<typeof EvaluateInfo>;

/** What `GET /jobs/{id}/result` gives for such a job. */
export const EvaluateResult = Type.Object(
  {
    job_id: Type.String(),
    metadata: Type.Optional(Metadata),
    kind: Type.Literal('evaluate'),
    ranking: Type.Array(Type.Unsafe<MethodOfResult>({ ...MethodOfResult }), { description: 'The best method first.' }),
    info: Type.Unsafe<EvaluateInfo>({ ...EvaluateInfo }),
  },
  { $id: 'EvaluateResult' },
);
export type EvaluateResult = Static<typeof EvaluateResult>;

/** One evaluation of a model as it is kept: numbers alone, no text. */
const Evaluation = Type.Object({
  evaluated_at: timestamp('When it ended.'),
  model_hash: Type.String({ description: 'SHA-256 of configuration and weights that were measured.' }),
  quantization: Type.String(),
  backend: Type.String(),
  texts: Type.Integer({ description: 'Texts that it measured.' }),
  seed: Type.Integer(),
  score: Type.String(),
  metrics: Type.Array(Type.Object({ name: Type.String(), args: freeObject() })),
  ranking: Type.Array(EvaluatedMethod, { description: 'The best method first.' }),
});
export type Evaluation = Static<typeof Evaluation>;

/** What `GET /models/{id}/methods` gives. */
export const MeasuredMethods = Type.Object(
  {
    model: Type.String(),
    methods: Type.Array(Type.String(), { description: 'Methods that the model can run.' }),
    evaluations: Type.Array(Evaluation, {
      description:
        `The last ${LIMITS.evaluationsKept} evaluations of the model, the newest first, whoever asked for them; []: nothing was measured yet. Rankings on ` +
        'other texts, or of another `model_hash`, do not compare.',
    }),
  },
  {
    $id: 'MeasuredMethods',
    examples: [{ model: 'facts-gpt2', methods: ['saliency', 'input_x_gradient'], evaluations: [] }],
  },
);
export type MeasuredMethods = Static<typeof MeasuredMethods>;

/** What of a result is kept for `GET /models/{id}/methods`. @param endedAt - milliseconds since 1970 */
export function evaluationOf({ ranking, info }: Pick<EvaluateResult, 'ranking' | 'info'>, endedAt: number): Evaluation {
  const { model_hash, quantization, backend, seed, score, metrics, input_texts } = info;
  return {
    evaluated_at: new Date(endedAt).toISOString(),
    model_hash,
    quantization,
    backend,
    texts: input_texts.length,
    seed,
    score,
    metrics,
    ranking: ranking.map(({ values: _values, random_values: _random, errors: _errors, ...method }) => method),
  };
}
