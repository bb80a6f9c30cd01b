/** The result of a job: scores of every source and target token for every generated token. */
import Type, { type Static } from 'typebox';
import { type AttributeRequest, type Message, Metadata } from './attribute-request.ts';
import { MetricsInfo, SequenceMetrics } from './faithfulness.ts';
import { JobError } from './job.ts';
import { freeObject, mapOf, nullable, ref } from './schema.ts';
import { TargetSpan, type TargetSpansBody } from './target-spans.ts';

/** A number, null (not applicable; never NaN), or a list of scores where an axis follows. */
export type Scores = number | null | Scores[];

/** `[tokens][columns]`, followed by the axes that `axes` names where scores are raw. */
const ScoreMatrix = Type.Unsafe<Scores[][]>({
  type: 'array',
  items: { type: 'array', items: { anyOf: [{ type: 'number' }, { type: 'null' }, { type: 'array', items: {} }] } },
});

/** A token of a contrast text. */
const ContrastToken = Type.Object({
  id: Type.Integer(),
  token: Type.String(),
  position: Type.Integer({ description: 'In the contrast text, counted in tokens.' }),
});

/** One token of a text. */
export const ResultToken = Type.Object(
  {
    id: Type.Integer({ description: "Id in the model's vocabulary; -1 where an aggregator joined several tokens." }),
    token: Type.String(),
    start: nullable(Type.Integer(), {
      description: 'First character in the text (UTF-16 units); null for special tokens.',
    }),
    end: nullable(Type.Integer(), { description: 'One past its last character; null for special tokens.' }),
    role: Type.Optional(Type.String({ description: 'Chat models: the role whose message the token belongs to.' })),
    forced: Type.Optional(
      Type.Boolean({ description: 'True where the token was not chosen by the model: a forced language code.' }),
    ),
    contrast: Type.Optional(
      Type.Unsafe<Static<typeof ContrastToken>>({
        ...ContrastToken,
        description:
          'Attributed tokens of contrastive requests: the token of the contrast text that this one was compared with, by ' +
          'the attributed function, or else by the first contrastive step score. `info.contrasts` has them all.',
      }),
    ),
  },
  { $id: 'ResultToken', examples: [{ id: 464, token: 'The', start: 0, end: 3 }] },
);
export type ResultToken = Static<typeof ResultToken>;

/** A token that the model might have said at a step. */
export const TopAlternative = Type.Object({
  id: Type.Integer(),
  token: Type.String(),
  probability: Type.Number({ description: 'By the logits as they are, without sampling or penalties.' }),
});
export type TopAlternative = Static<typeof TopAlternative>;

/** The attribution of one text. */
export const ResultSequence = Type.Object(
  {
    source: Type.Array(ref(ResultToken), { description: 'Encoder-decoder: the input. Decoder-only: [].' }),
    target: Type.Array(ref(ResultToken), {
      description: 'The output; with decoder-only models it starts with the prompt.',
    }),
    attr_pos_start: Type.Integer({ description: 'Target position of the first attributed token.' }),
    attr_pos_end: Type.Integer({ description: 'One past the last.' }),
    source_attributions: nullable(ScoreMatrix, {
      description:
        '`[i][t]`: how much source token i counted for target token `attr_pos_start + t`, or for span t of ' +
        '`target_spans`; null for decoder-only models.',
    }),
    target_attributions: nullable(ScoreMatrix, {
      description:
        '`[j][t]`: the same for target token j; null inside where j does not come before that token, or before the last ' +
        'token of that span.',
    }),
    step_scores: mapOf(Type.Array(nullable(Type.Number())), { description: 'One value for each attributed token.' }),
    sequence_scores: mapOf(ScoreMatrix, {
      description: 'Scores between tokens of the same side, such as encoder self-attention.',
    }),
    convergence_delta: nullable(Type.Array(nullable(Type.Number())), {
      description:
        'Sum of attributions minus the change of the attributed function, for each attributed token or span.',
    }),
    target_spans: Type.Optional(
      Type.Array(ref(TargetSpan), {
        description:
          'Where the request has `target_spans`: the span of each column of the attributions, of `convergence_delta` ' +
          'and of `diagnostics`. `step_scores` and `top_alternatives` stay those of each token.',
      }),
    ),
    top_alternatives: Type.Optional(
      Type.Array(Type.Array(TopAlternative), {
        description:
          'For each attributed token the `top_alternatives` most probable tokens, the most probable first; where an ' +
          'aggregator merged tokens, those at the first of them.',
        examples: [[[{ id: 6342, token: 'ĠParis', probability: 0.93 }]]],
      }),
    ),
    axes: Type.Optional(
      Type.Array(Type.String(), {
        description: 'Names of the axes after `[token][step]` of raw scores, such as `["layer", "head"]`.',
      }),
    ),
    layers: Type.Optional(
      Type.Array(Type.String(), { description: 'Names along the axis `layer`, where a method was asked for layers.' }),
    ),
    diagnostics: Type.Optional(
      freeObject({ description: "The method's own diagnostics, such as the R2 of LIME's fit." }),
    ),
    metrics: Type.Optional(
      Type.Unsafe<Static<typeof SequenceMetrics>>({
        ...SequenceMetrics,
        description: 'How far to trust the scores of this text; left out where no metrics were asked for.',
      }),
    ),
    error: Type.Optional(
      ref(JobError, {
        description: 'Why this text failed; then the lists are empty and the scores null. Left out where it succeeded.',
      }),
    ),
  },
  { $id: 'ResultSequence' },
);
export type ResultSequence = Static<typeof ResultSequence>;

/** A contrastive step function on one sequence. */
const ContrastInfo = Type.Object({
  sequence: Type.Integer({ description: 'Which of the sequences.' }),
  step_function: Type.String(),
  role: Type.Union([Type.Literal('attributed_fn'), Type.Literal('step_score')]),
  alignments: Type.Array(Type.Array(Type.Integer(), { minItems: 2, maxItems: 2 }), {
    description: '`[position in the generated text, position in the contrast text]` of each attributed token.',
  }),
  contrast_tokens: Type.Array(Type.String(), { description: 'The contrast token of each attributed token.' }),
  pairs: Type.Array(Type.String(), {
    description:
      'Each attributed token behind the one that it was compared with, as Inseq writes it: `▁Rome → ▁Paris`.',
  }),
});
export type ContrastInfo = Static<typeof ContrastInfo>;

/** A complete request without where it is announced, and without the fields that it leaves out. */
export type RepeatableRequest = Partial<
  Omit<AttributeRequest, 'kind' | 'priority' | 'webhook' | 'ignored_fields' | 'target_spans'> & {
    target_spans: TargetSpansBody;
  }
>;

/** A step function or an aggregator with all its arguments. */
const EffectiveCall = Type.Object({ name: Type.String(), args: freeObject() });

/** How a result was made: everything that is needed to make it again, and what it cost. */
export const ResultInfo = Type.Object(
  {
    model: Type.String(),
    model_type: Type.String({ description: "The checkpoint's `model_type`.", examples: ['gpt2'] }),
    model_hash: Type.String({
      description: 'SHA-256 of configuration and weights: tells one checkpoint from another.',
    }),
    tokenizer_hash: Type.String({ description: "SHA-256 of the tokenizer's files." }),
    quantization: Type.String({ examples: ['int8'] }),
    int8: Type.Optional(
      Type.Object(
        { threshold: Type.Number(), outliers: Type.String() },
        { description: 'int8 models: which activations are outliers, and by row or by batch.' },
      ),
    ),
    backend: Type.String({ examples: ['tensorflow'] }),
    device: Type.Optional(
      Type.String({ description: 'What computed: `cpu`, or the name of the GPU.', examples: ['cpu'] }),
    ),
    method: Type.String(),
    method_args: freeObject({ description: 'All effective arguments.' }),
    attributed_fn: Type.String(),
    attributed_fn_args: freeObject({ description: 'All effective arguments.' }),
    step_scores: Type.Array(EffectiveCall),
    aggregators: nullable(Type.Array(EffectiveCall), {
      description: 'The chain that was applied, whether asked for or the default; []: none, the scores are raw.',
    }),
    metrics: Type.Optional(
      Type.Unsafe<Static<typeof MetricsInfo>>({
        ...MetricsInfo,
        description: 'How `metrics` of the sequences were computed, and what they cost.',
      }),
    ),
    contrasts: Type.Optional(
      Type.Array(ContrastInfo, { description: 'What contrastive step functions compared with what.' }),
    ),
    generation_config: Type.Optional(
      Type.Object(
        {
          file: Type.String({ examples: ['generation_config.json'] }),
          applied: freeObject({ description: 'What of the file was followed, by its names.' }),
          ignored: freeObject({ description: 'What was not, each with its `value` and the `reason`.' }),
        },
        { description: "The checkpoint's own wishes for free generation; left out where the text was given." },
      ),
    ),
    attribute_target: Type.Boolean({ description: 'Whether the target prefix was attributed.' }),
    include_eos_baseline: Type.Boolean(),
    generation_args: Type.Unsafe<AttributeRequest['generation_args'] | null>({
      anyOf: [{ type: 'object' }, { type: 'null' }],
      description: 'How the model generated; null: the texts were forced.',
    }),
    src_lang: nullable(Type.String(), {
      description: "Language of the input, whether asked for or the model's own; null: the model names none.",
    }),
    tgt_lang: nullable(Type.String(), {
      description: "Language of the output, whether asked for or the model's own; null: the model names none.",
    }),
    skip_special_tokens: Type.Boolean(),
    clean_special_chars: Type.Boolean(),
    input_texts: nullable(Type.Array(Type.String()), { description: 'null: `messages` were given.' }),
    messages: Type.Optional(
      Type.Unsafe<Message[][]>({
        type: 'array',
        items: { type: 'array', items: { type: 'object' } },
        description: 'The conversations, where they were given in place of `input_texts`.',
      }),
    ),
    generated_texts: Type.Array(nullable(Type.String()), {
      description:
        'The whole outputs, as a request takes them: with decoder-only models each starts with its input text (with ' +
        '`messages` it is the reply alone). null: the text failed before there was one.',
    }),
    continuations: Type.Array(nullable(Type.String()), {
      description: 'The outputs without what was given: what the model added. null: as in `generated_texts`.',
    }),
    seed: Type.Integer(),
    request: Type.Unsafe<RepeatableRequest>({
      $ref: 'AttributeRequest#',
      description:
        'The request with every default filled in: sent to `POST /attribute` again, it gives the same result.',
    }),
    ignored_fields: Type.Optional(
      Type.Array(Type.String(), { description: "Fields of a body in OpenAI's shape that changed nothing." }),
    ),
    seconds: Type.Number({ description: 'Seconds that the engine computed.' }),
    forward_passes: Type.Integer({ description: 'Passes over the whole sequence batch.' }),
    backward_passes: Type.Integer(),
    versions: mapOf(Type.String(), {
      description:
        'Of Whence, Node.js, TensorFlow.js (`tfjs`, also called `backend`) and, on the native backend, `libtensorflow`.',
      examples: [{ whence: '0.1.0', node: '24.0.0', backend: '4.22.0', tfjs: '4.22.0', libtensorflow: '2.9.1' }],
    }),
  },
  { $id: 'ResultInfo', additionalProperties: true },
);
export type ResultInfo = Static<typeof ResultInfo>;

/** What `GET /jobs/{id}/result` gives. */
export const Result = Type.Object(
  {
    job_id: Type.String(),
    metadata: Type.Optional(Metadata),
    sequences: Type.Array(ref(ResultSequence)),
    info: Type.Unsafe<ResultInfo>({ $ref: 'ResultInfo#' }),
  },
  {
    $id: 'Result',
    examples: [
      {
        job_id: 'k3v9',
        sequences: [
          {
            source: [],
            target: [
              { id: 464, token: 'The', start: 0, end: 3 },
              { id: 3139, token: 'Ġcapital', start: 3, end: 11 },
              { id: 286, token: 'Ġof', start: 11, end: 14 },
            ],
            attr_pos_start: 2,
            attr_pos_end: 3,
            source_attributions: null,
            target_attributions: [[0.4], [0.6], [null]],
            step_scores: { probability: [0.9] },
            sequence_scores: {},
            convergence_delta: null,
          },
        ],
        info: {
          model: 'facts-gpt2',
          model_type: 'gpt2',
          model_hash: '5f1c…',
          tokenizer_hash: '90ab…',
          quantization: 'int8',
          int8: { threshold: 6, outliers: 'row' },
          backend: 'tensorflow',
          method: 'input_x_gradient',
          method_args: {},
          attributed_fn: 'probability',
          attributed_fn_args: { logprob: false },
          step_scores: [{ name: 'probability', args: { logprob: false } }],
          aggregators: [{ name: 'vnorm', args: { vnorm_ord: 2, normalize: true, rescale: false, select_idx: null } }],
          attribute_target: true,
          include_eos_baseline: false,
          generation_args: { max_new_tokens: 1 },
          src_lang: null,
          tgt_lang: null,
          skip_special_tokens: false,
          clean_special_chars: false,
          input_texts: ['The capital'],
          generated_texts: ['The capital of'],
          continuations: [' of'],
          seed: 42,
          request: { model: 'facts-gpt2', input_texts: ['The capital'], generation_args: { max_new_tokens: 1 } },
          seconds: 0.1,
          forward_passes: 1,
          backward_passes: 1,
          versions: { whence: '0.1.0', node: '24.0.0', backend: '4.22.0', tfjs: '4.22.0', libtensorflow: '2.9.1' },
        },
      },
    ],
  },
);
export type Result = Static<typeof Result>;
