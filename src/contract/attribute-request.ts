/** What `POST /attribute` takes: the body as a client writes it, and the complete request that is queued. */
import Type, { type Static } from 'typebox';
import { LIMITS } from './limits.ts';
import { freeObject, mapOf, nullable } from './schema.ts';
import { type TargetSpans, TargetSpansBody } from './target-spans.ts';

const Text = Type.String({ maxLength: LIMITS.textCharacters });
const Id = Type.String({ minLength: 1, maxLength: 256 });

const texts = (description: string, examples: unknown[]) =>
  Type.Union([Text, Type.Array(Text, { minItems: 1, maxItems: LIMITS.texts })], { description, examples });

/** A step function or an aggregator with its arguments. */
const NamedCall = Type.Object(
  { name: Id, args: Type.Optional(freeObject({ default: {} })) },
  { additionalProperties: false },
);

export const Call = Type.Union([Id, NamedCall]);

/** A part of a message's content, as OpenAI's API writes it. */
const TextPart = Type.Object({ type: Type.Literal('text'), text: Text }, { additionalProperties: false });

/** One message of a conversation, as a client writes it. */
const WireMessage = Type.Object(
  {
    role: Type.String({ minLength: 1, maxLength: 64, examples: ['user'] }),
    content: Type.Union([Text, Type.Array(TextPart, { minItems: 1, maxItems: LIMITS.contentParts })], {
      description: 'A text, or parts `{"type": "text", "text": …}`, which are joined as they are.',
    }),
  },
  { additionalProperties: false },
);
export type WireMessage = Static<typeof WireMessage>;

/** One message of a conversation, its content joined. */
export interface Message {
  role: string;
  content: string;
}

export const Conversation = Type.Array(WireMessage, { minItems: 1, maxItems: LIMITS.messages });

const TokenIds = Type.Array(Type.Integer({ minimum: 0 }), { maxItems: LIMITS.tokenIds });

/**
 * How the model generates where no text is forced. What is left out is as the checkpoint's generation_config.json says,
 * and where that says nothing greedy search.
 */
export const GenerationArgs = Type.Object(
  {
    max_new_tokens: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.newTokens,
        description:
          `Most tokens to generate. Left out: ${LIMITS.defaultNewTokens}, or fewer where the checkpoint says so or the ` +
          'model has no room for more.',
        examples: [LIMITS.defaultNewTokens],
      }),
    ),
    min_new_tokens: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LIMITS.newTokens,
        description: "Tokens before the end of the sequence is allowed. Left out: the checkpoint's, else 0.",
      }),
    ),
    num_beams: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: LIMITS.beams,
        description: "Beams of beam search; 1 is greedy search. Left out: the checkpoint's, else 1.",
      }),
    ),
    length_penalty: Type.Optional(
      Type.Number({
        minimum: -100,
        maximum: 100,
        description:
          "Beam search divides a beam's log-probability by its length to this power: above 0 favours long texts. " +
          "Left out: the checkpoint's, else 1.",
      }),
    ),
    early_stopping: Type.Optional(
      Type.Union([Type.Boolean(), Type.Literal('never')], {
        description:
          'Beam search ends with as many finished beams as it has beams (true), when a better one is unlikely (false) ' +
          'or impossible ("never"). Left out: the checkpoint\'s, else false.',
      }),
    ),
    do_sample: Type.Boolean({
      default: false,
      description: 'Sample (by `seed`) instead of taking the likeliest token, or with `num_beams` the likeliest beams.',
    }),
    temperature: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 100,
        description: "Divides the logits before sampling; needs `do_sample`. Left out: the checkpoint's, else 1.",
      }),
    ),
    top_k: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        description:
          "Sample among the k likeliest tokens; 0: all. Needs `do_sample`. Left out: the checkpoint's, else 50.",
      }),
    ),
    top_p: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 1,
        description:
          'Sample among the likeliest tokens that hold this probability; needs `do_sample`. ' +
          "Left out: the checkpoint's, else 1.",
      }),
    ),
    repetition_penalty: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 100,
        description: "Above 1: makes repeated tokens less likely. Left out: the checkpoint's, else 1.",
      }),
    ),
    encoder_repetition_penalty: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 100,
        description: "Above 1: makes tokens of the input likelier. Left out: the checkpoint's, else 1.",
      }),
    ),
    no_repeat_ngram_size: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 64,
        description: "No n-gram of this size occurs twice; 0: off. Left out: the checkpoint's, else 0.",
      }),
    ),
    encoder_no_repeat_ngram_size: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 64,
        description: "No n-gram of this size of the input is generated; 0: off. Left out: the checkpoint's, else 0.",
      }),
    ),
    bad_words_ids: Type.Optional(
      Type.Array(TokenIds, {
        maxItems: LIMITS.tokenIds,
        description: "Sequences of token ids that are not generated. Left out: the checkpoint's.",
      }),
    ),
    suppress_tokens: Type.Optional({
      ...TokenIds,
      description: "Token ids that are not generated. Left out: the checkpoint's.",
    }),
    begin_suppress_tokens: Type.Optional({
      ...TokenIds,
      description: "Token ids that are not generated first. Left out: the checkpoint's.",
    }),
  },
  {
    required: [],
    additionalProperties: false,
    default: {},
    description:
      'How the model generates. What is left out is as `generation_config.json` of the checkpoint says (which never ' +
      'switches sampling on), else greedy search: `info.generation_config` lists it. Without effect, and not refused, ' +
      'where the texts are forced.',
  },
);
export type GenerationArgs = Static<typeof GenerationArgs>;

/** Where the finished job is posted. */
export const Webhook = Type.Object(
  {
    url: Type.String({
      minLength: 1,
      maxLength: LIMITS.urlCharacters,
      description: 'http or https; receives the finished Job by POST.',
    }),
    secret: Type.Optional(
      Type.String({
        minLength: 8,
        maxLength: LIMITS.webhookSecretCharacters,
        description: 'Key of the HMAC-SHA256 signature that the delivery carries.',
      }),
    ),
  },
  { additionalProperties: false },
);
export type Webhook = Static<typeof Webhook>;

/** Fields that every kind of request has. */
export const SourceLanguage = nullable(Type.String({ minLength: 1, maxLength: 32 }), {
  default: null,
  description: "Multilingual models: language code of the input. null: the model's own.",
});
/** Of requests that say no more of it than that. */
export const TargetLanguage = nullable(Type.String({ minLength: 1, maxLength: 32 }), {
  default: null,
  description: "Multilingual models: language code of the output. null: the model's own.",
});
export const Seed = Type.Integer({
  minimum: 0,
  maximum: LIMITS.seed,
  default: 42,
  description: 'The same request and seed gives the same result.',
});
export const JobWebhook = nullable(Webhook, { default: null, description: 'Where the finished job is posted.' });

/** What a client calls its job: names and short texts. */
export const Metadata = mapOf(Type.String({ maxLength: LIMITS.metadataValueCharacters }), {
  maxProperties: LIMITS.metadataEntries,
  propertyNames: { minLength: 1, maxLength: LIMITS.metadataNameCharacters },
  description: 'What the request called its job.',
});
export type Metadata = Static<typeof Metadata>;
export const JobMetadata = nullable(Metadata, {
  default: null,
  description:
    `Up to ${LIMITS.metadataEntries} short texts by name, to find the job again: kept with it, in its result and in its webhook. ` +
    '`GET /jobs?metadata.NAME=TEXT` lists those that have it.',
  examples: [{ team: 'search', run: '17' }],
});

export const Priority = Type.Integer({
  minimum: -LIMITS.priority,
  maximum: LIMITS.priority,
  default: 0,
  description:
    'Of the jobs of one key those with the highest priority are computed first; jobs of other keys are neither held up nor ' +
    'overtaken by it. Above 0 it needs a key with the scope `admin`, where the service asks for keys.',
});

/** The body of `POST /attribute`. Unknown fields are refused. */
export const AttributeBody = Type.Object(
  {
    model: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'An id of `GET /models`.',
      examples: ['facts-gpt2'],
    }),
    input_texts: Type.Optional(
      texts(`One text, or 1 to ${LIMITS.texts}: the prompt, or the source to translate.`, ['The capital of France is']),
    ),
    messages: Type.Optional(
      Type.Union([Conversation, Type.Array(Conversation, { minItems: 1, maxItems: LIMITS.texts })], {
        description:
          "Chat models, instead of `input_texts`: a conversation or a list of them, rendered by the checkpoint's chat template.",
      }),
    ),
    generated_texts: Type.Optional(
      nullable(Type.Union([Text, Type.Array(Text, { minItems: 1, maxItems: LIMITS.texts })]), {
        default: null,
        description:
          'Forced output, one for each input. With decoder-only models each starts with its input text (with `messages` it is the reply alone). null: the model generates.',
        examples: ['The capital of France is Paris'],
      }),
    ),
    method: Type.String({
      minLength: 1,
      maxLength: 256,
      default: 'input_x_gradient',
      description: 'An id of `GET /methods`.',
    }),
    method_args: Type.Unsafe<Record<string, unknown>>({
      type: 'object',
      properties: {
        target_layer: Type.Union([Type.String(), Type.Array(Type.String(), { minItems: 1 }), Type.Null()], {
          description: 'Layer methods: one module name (`transformer.h.3.mlp`) or several.',
        }),
      },
      additionalProperties: true,
      default: {},
      description: 'Arguments of the method, by its `args_schema` in `GET /methods`.',
      examples: [{}],
    }),
    attributed_fn: Type.Unsafe<Static<typeof Call>>({
      ...Call,
      default: 'probability',
      description:
        'What is attributed: an id of `GET /step-functions`, or `{name, args}`. Contrastive ones take `contrast_targets` in `args`.',
      examples: ['probability'],
    }),
    step_scores: Type.Array(Call, {
      maxItems: LIMITS.stepScores,
      default: [],
      description: 'Step functions whose value is reported for each generated token.',
      examples: [['probability', 'entropy']],
    }),
    top_alternatives: Type.Integer({
      minimum: 0,
      maximum: LIMITS.topAlternatives,
      default: 0,
      description:
        'How many of the most probable tokens to list for each attributed token: what else the model might have said there.',
    }),
    metrics: Type.Unsafe<boolean | Static<typeof Call>[]>({
      ...Type.Union([Type.Boolean(), Type.Array(Call, { maxItems: LIMITS.metrics })]),
      default: [],
      description:
        'How far to trust the scores: ids of `GET /faithfulness-metrics`, or `{name, args}`; `true`: comprehensiveness ' +
        'and sufficiency. The input of each text is ranked once by its scores, and changed copies are run by this order ' +
        'and by a random one. Left out: none.',
      examples: [true, ['comprehensiveness', { name: 'sufficiency', args: { fraction: 0.5 } }]],
    }),
    attribute_target: Type.Boolean({
      default: false,
      description:
        'Encoder-decoder only: attribute the target prefix too. Decoder-only models always attribute their prefix.',
    }),
    attr_pos_start: nullable(Type.Integer({ minimum: -100_000, maximum: 100_000 }), {
      default: null,
      description: 'First attributed target position; negative counts from the end. null: the first generated token.',
    }),
    attr_pos_end: nullable(Type.Integer({ minimum: -100_000, maximum: 100_000 }), {
      default: null,
      description: 'One past the last attributed target position; negative counts from the end. null: the end.',
    }),
    target_spans: Type.Optional(TargetSpansBody),
    include_eos_baseline: Type.Boolean({
      default: false,
      description: 'Whether the end-of-sequence token, too, is replaced in baselines.',
    }),
    generation_args: GenerationArgs,
    src_lang: SourceLanguage,
    tgt_lang: nullable(Type.String({ minLength: 1, maxLength: 32 }), {
      default: null,
      description:
        "Multilingual models: language code of the output; it becomes the forced first token, or stands in front of the source (Marian). null: the model's own.",
    }),
    skip_special_tokens: Type.Boolean({ default: false, description: 'Encode the texts without special tokens.' }),
    clean_special_chars: Type.Boolean({
      default: false,
      description: "Show tokens without the tokenizer's marks (`▁`, `Ġ`).",
    }),
    aggregators: Type.Optional(
      Type.Array(Call, {
        maxItems: LIMITS.aggregators,
        description: "Chain of aggregators of `GET /aggregators`; `[]`: raw scores. Left out: the method's default.",
        examples: [['scores']],
      }),
    ),
    seed: Seed,
    priority: Priority,
    webhook: JobWebhook,
    metadata: JobMetadata,
  },
  {
    $id: 'AttributeRequest',
    additionalProperties: false,
    required: ['model'], // everything else has a default, or a rule that the API checks with a better message
    examples: [{ model: 'facts-gpt2', input_texts: 'The capital of France is' }],
  },
);
export type AttributeBody = Static<typeof AttributeBody>;

/** A step function or an aggregator with all its arguments. */
export interface CompleteCall {
  name: string;
  args: Record<string, unknown>;
}

/**
 * The request as it is queued and computed: checked against the catalogue, every default filled in, lists where the body
 * may hold single values.
 */
export interface AttributeRequest {
  /** Absent in requests that were queued before there were kinds. */
  kind?: 'attribute';
  model: string;
  /** One entry a sequence; empty where `messages` is given. */
  input_texts: string[];
  /** Conversations that the engine renders by the chat template; null for plain texts. */
  messages: Message[][] | null;
  /** As many as inputs, or null: the model generates. */
  generated_texts: string[] | null;
  method: string;
  method_args: Record<string, unknown>;
  attributed_fn: CompleteCall;
  step_scores: CompleteCall[];
  /** Most probable tokens listed for each step; 0: none. */
  top_alternatives: number;
  /** Absent in requests that were queued before there were metrics: none. */
  metrics?: CompleteCall[];
  attribute_target: boolean;
  attr_pos_start: number | null;
  attr_pos_end: number | null;
  /** Left out: every token is an output of its own. */
  target_spans?: TargetSpans;
  include_eos_baseline: boolean;
  generation_args: GenerationArgs;
  src_lang: string | null;
  tgt_lang: string | null;
  skip_special_tokens: boolean;
  clean_special_chars: boolean;
  /** Null: the default of the method's score kind; empty: raw scores. */
  aggregators: CompleteCall[] | null;
  seed: number;
  /** Absent: 0. */
  priority?: number;
  webhook: Webhook | null;
  metadata?: Metadata;
  /** Fields of a body in OpenAI's shape that changed nothing. */
  ignored_fields?: string[];
}
