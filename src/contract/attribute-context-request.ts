/**
 * What `POST /attribute-context` takes: which part of a context, or of documents, an answer came from. Names are those
 * of Inseq's `attribute-context` where it has the thing; `method` and `aggregators` are called as in `POST /attribute`.
 */
import Type, { type Static } from 'typebox';
import {
  Call,
  type CompleteCall,
  Conversation,
  GenerationArgs,
  JobMetadata,
  JobWebhook,
  type Message,
  type Metadata,
  Priority,
  Seed,
  SourceLanguage,
  TargetLanguage,
  type Webhook,
} from './attribute-request.ts';
import { LIMITS } from './limits.ts';
import { freeObject, nullable } from './schema.ts';

/** Long contexts are what this is for: the model's positions limit them, not a number of ours. */
const LongText = Type.String({ maxLength: LIMITS.contextCharacters });
const Template = (description: string, examples: string[]) =>
  Type.Optional(Type.String({ minLength: 1, maxLength: LIMITS.templateCharacters, description, examples }));

export const APPROACHES = ['ablation', 'leave_one_out', 'pecore', 'tokens'] as const;
type Approach = (typeof APPROACHES)[number];

const UNITS = ['document', 'paragraph', 'sentence', 'token'] as const;
type Unit = (typeof UNITS)[number];

const Document = Type.Object(
  {
    id: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: 'Names it in the result. Left out: its place, from 0.',
      }),
    ),
    title: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_024, description: 'Put above the text; no unit of its own.' }),
    ),
    text: Type.String({ minLength: 1, maxLength: LIMITS.contextCharacters }),
  },
  { additionalProperties: false },
);
export type SourceDocument = Static<typeof Document>;

const DocumentSpan = Type.Object(
  {
    document: Type.Integer({ minimum: 0, description: 'Which document, from 0.' }),
    start: Type.Integer({ minimum: 0, description: 'First character (UTF-16 unit) of its text.' }),
    end: Type.Integer({ minimum: 1, description: 'One past the last.' }),
  },
  { additionalProperties: false },
);
type DocumentSpan = Static<typeof DocumentSpan>;

const Span = Type.Array(Type.Integer({ minimum: 0 }), { minItems: 2, maxItems: 2 });

/** The body of `POST /attribute-context`. Unknown fields are refused. */
export const AttributeContextBody = Type.Object(
  {
    model: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'An id of `GET /models`.',
      examples: ['facts-gpt2'],
    }),
    documents: Type.Optional(
      Type.Array(Document, {
        minItems: 1,
        maxItems: LIMITS.documents,
        description:
          'What the answer may come from. They and `query` (or `messages`) take the place of `input_context_text` and ' +
          '`input_current_text`.',
      }),
    ),
    query: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: LIMITS.contextCharacters,
        description: 'The question about `documents`.',
      }),
    ),
    messages: Type.Optional({
      ...Conversation,
      description:
        'Chat models, instead of `query`: a conversation whose last message asks about `documents`, which are put in ' +
        "front of it and rendered by the checkpoint's chat template.",
    }),
    template: Template(
      'How documents and query make the prompt: holds `{documents}` and `{query}`; documents stand below each other ' +
        'with a blank line between. Left out: `{documents}`, a blank line, `{query}`.',
      ['Context: {documents}\n\nQuestion: {query}\nAnswer:'],
    ),
    approach: Type.Optional(
      Type.Enum(APPROACHES, {
        description:
          'With `documents`. `ablation` (the default): ContextCite, a sparse linear model of how random ablations change ' +
          'the answer; `leave_one_out`: each unit left out once; `pecore`: context-sensitive tokens, then their cues; ' +
          '`tokens`: the scores of `method`, summed over units.',
      }),
    ),
    unit: Type.Union([Type.Enum(UNITS), Type.Array(DocumentSpan, { minItems: 1, maxItems: LIMITS.units })], {
      default: 'sentence',
      description:
        'What is scored of the documents: each `document`, `paragraph` (parted by blank lines), `sentence` or `token`, ' +
        'or spans of characters; spans must not overlap, and what lies outside of them is never left out.',
    }),
    language: nullable(Type.String({ minLength: 2, maxLength: 35 }), {
      default: null,
      description: 'Language by whose rules sentences are told apart (BCP 47). null: as in English.',
      examples: ['en'],
    }),
    answer_spans: Type.Array(Span, {
      maxItems: LIMITS.citations,
      default: [],
      description:
        'Spans [start, end) of characters of the answer that get a citation of their own, beside its sentences.',
    }),
    perturbation: Type.Enum(['remove', 'replace'] as const, {
      default: 'remove',
      description:
        '`ablation`, `leave_one_out` and `support`: a unit is cut out of the text, so that what follows moves up, or its ' +
        "tokens are replaced by the model's unknown token and everything stays where it is.",
    }),
    num_ablations: Type.Integer({
      minimum: 4,
      maximum: LIMITS.ablations,
      default: 64,
      description: '`ablation`: random ablations that the surrogate is fitted to.',
    }),
    held_out_ablations: Type.Integer({
      minimum: 0,
      maximum: LIMITS.ablations,
      default: 16,
      description: '`ablation`: further ones that tell how well it predicts; 0: none.',
    }),
    ablation_keep_prob: Type.Number({
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      default: 0.5,
      description: '`ablation`: probability that a unit is kept.',
    }),
    lasso_alpha: Type.Number({
      minimum: 0,
      maximum: 100,
      default: 0.01,
      description: '`ablation`: weight of the L1 penalty of the surrogate; larger gives fewer sources.',
    }),
    divergence: Type.Enum(['log_probability', 'jensen_shannon'] as const, {
      default: 'log_probability',
      description:
        '`leave_one_out`: the drop of the log-probability of the cited tokens in nats, or the Jensen-Shannon divergence of ' +
        'their predictions in nats (ARC-JSD), summed over tokens.',
    }),
    support_threshold: Type.Number({
      minimum: -1_000,
      maximum: 1_000,
      default: 1,
      description:
        'Least `support` of a citation that has sources: by how much its log-probability drops, in nats, when all ' +
        'documents are left out.',
    }),
    top_sources: Type.Integer({
      minimum: 1,
      maximum: LIMITS.units,
      default: 5,
      description: 'Most sources of a citation; the matrix has all units.',
    }),
    return_token_scores: Type.Boolean({
      default: false,
      description: '`tokens` and `pecore`: give the scores of tokens beneath those of units, too.',
    }),
    input_context_text: Type.Optional(
      Type.String({ minLength: 1, maxLength: LIMITS.contextCharacters, description: 'The context of the input.' }),
    ),
    input_current_text: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: LIMITS.contextCharacters,
        description: 'The input whose output is explained; needed where there are no `documents`.',
      }),
    ),
    output_context_text: nullable(LongText, {
      default: null,
      description:
        'Context on the side of the output: a target-side prefix of encoder-decoders, or what a decoder-only model wrote ' +
        'before, such as its reasoning.',
    }),
    output_current_text: nullable(LongText, {
      default: null,
      description: 'The answer whose tokens are explained, forced. null: the model generates it.',
    }),
    input_template: Template(
      'How `{context}` and `{current}` make the input. Left out: `{context} {current}`, or `{current}` without a context.',
      ['{context} {current}'],
    ),
    output_template: Template(
      'The same for the output; `{context}` stands before `{current}`. Left out: `{context} {current}`, or `{current}`.',
      ['{current}'],
    ),
    contextless_input_current_text: Template(
      'The input without context, to compare with; holds `{current}`. Left out: `{current}`.',
      ['{current}'],
    ),
    contextless_output_current_text: Template(
      'The output without context, to compare with; holds `{current}`. Left out: `{current}`.',
      ['{current}'],
    ),
    decoder_input_output_separator: Type.String({
      maxLength: 64,
      default: ' ',
      description: 'Decoder-only models: stands between input and output where neither brings it.',
    }),
    special_tokens_to_keep: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
      maxItems: 64,
      default: [],
      description: 'Special tokens that stay in texts and counts, such as a separator of the context.',
    }),
    contextless_output_next_tokens: Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
      maxItems: LIMITS.newTokens,
      default: [],
      description:
        'Contrastive `attributed_fn`: for each flagged token, in the order of their scores, what the contextless output ' +
        'would have said. Left out: the likeliest token without context.',
    }),
    context_sensitivity_metric: Type.Unsafe<Static<typeof Call>>({
      ...Call,
      default: 'kl_divergence',
      description: 'A contrastive step function: how much a token depends on the context.',
    }),
    context_sensitivity_std_threshold: nullable(Type.Number({ minimum: -1_000, maximum: 1_000 }), {
      default: 1,
      description:
        'Tokens are flagged whose absolute metric is at least the mean plus so many standard deviations. null: all.',
    }),
    context_sensitivity_topk: nullable(Type.Integer({ minimum: 1, maximum: 10_000 }), {
      default: null,
      description: 'Of these at most so many. null: five.',
    }),
    attribution_std_threshold: nullable(Type.Number({ minimum: -1_000, maximum: 1_000 }), {
      default: 1,
      description:
        'The same for cues: which tokens of the context the text format names for each flagged token. Scores are told of all.',
    }),
    attribution_topk: nullable(Type.Integer({ minimum: 1, maximum: 10_000 }), {
      default: null,
      description: 'Of these at most so many. null: five.',
    }),
    method: Type.String({
      minLength: 1,
      maxLength: 256,
      default: 'saliency',
      description: '`pecore` and `tokens`: an id of `GET /methods`.',
    }),
    method_args: freeObject({ default: {}, description: 'Arguments of the method.' }),
    attributed_fn: Type.Unsafe<Static<typeof Call>>({
      ...Call,
      default: 'probability',
      description: 'What is attributed. Contrastive ones compare with the contextless output.',
    }),
    aggregators: Type.Optional(
      Type.Array(Call, {
        maxItems: LIMITS.aggregators,
        description: "Chain that makes one score of each pair of tokens. Left out: the method's default.",
      }),
    ),
    normalize_attributions: Type.Boolean({
      default: false,
      description: 'Scores of each token sum to 1 over everything before it. As in Inseq, off here.',
    }),
    rescale_attributions: Type.Boolean({
      default: false,
      description: 'Scores are divided by the largest; not together with `normalize_attributions`.',
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
    $id: 'AttributeContextRequest',
    additionalProperties: false,
    required: ['model'], // everything else has a default, or a rule that the API checks with a better message
    examples: [
      {
        model: 'facts-gpt2',
        input_context_text: 'The capital of Peru is Lima.',
        input_current_text: 'The capital of France is',
      },
    ],
  },
);
export type AttributeContextBody = Static<typeof AttributeContextBody>;

/** What documents and PECoRe share of a complete request. */
interface CommonRequest {
  kind: 'attribute-context';
  model: string;
  approach: Approach;
  output_current_text: string | null;
  context_sensitivity_metric: CompleteCall;
  context_sensitivity_std_threshold: number | null;
  context_sensitivity_topk: number | null;
  attribution_std_threshold: number | null;
  attribution_topk: number | null;
  contextless_output_next_tokens: string[];
  decoder_input_output_separator: string;
  method: string;
  method_args: Record<string, unknown>;
  attributed_fn: CompleteCall;
  aggregators: CompleteCall[] | null;
  normalize_attributions: boolean;
  rescale_attributions: boolean;
  generation_args: GenerationArgs;
  src_lang: string | null;
  tgt_lang: string | null;
  seed: number;
  /** Absent: 0. */
  priority?: number;
  webhook: Webhook | null;
  metadata?: Metadata;
}

/** Texts with a context: PECoRe as Inseq has it. */
export interface TextsRequest extends CommonRequest {
  documents: null;
  input_context_text: string | null;
  input_current_text: string;
  output_context_text: string | null;
  input_template: string;
  output_template: string;
  contextless_input_current_text: string;
  contextless_output_current_text: string;
  special_tokens_to_keep: string[];
}

/** A document with its defaults. */
export interface CompleteDocument {
  id: string;
  title: string | null;
  text: string;
}

/** Documents with a question. */
export interface DocumentsRequest extends CommonRequest {
  documents: CompleteDocument[];
  query: string | null;
  messages: Message[] | null;
  template: string;
  unit: Unit | DocumentSpan[];
  language: string | null;
  answer_spans: [number, number][];
  perturbation: 'remove' | 'replace';
  num_ablations: number;
  held_out_ablations: number;
  ablation_keep_prob: number;
  lasso_alpha: number;
  divergence: 'log_probability' | 'jensen_shannon';
  support_threshold: number;
  top_sources: number;
  return_token_scores: boolean;
}

/** The request as it is queued and computed: checked, every default filled in. */
export type AttributeContextRequest = TextsRequest | DocumentsRequest;
