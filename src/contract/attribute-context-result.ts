/** What a job of `POST /attribute-context` gives: context-sensitive tokens and their cues, or citations of documents. */
import Type, { type Static } from 'typebox';
import { APPROACHES, type AttributeContextBody } from './attribute-context-request.ts';
import { Metadata } from './attribute-request.ts';
import { ResultInfo } from './result.ts';
import { freeObject, nullable, ref } from './schema.ts';

const Score = nullable(Type.Number());
const Scores = Type.Array(Score);

/** Contextual cues of one context-sensitive token, by Inseq's names. */
export const ContextCues = Type.Object(
  {
    cti_idx: Type.Integer({ description: 'Which of `output_current_tokens`.' }),
    cti_token: Type.String(),
    cti_score: Score,
    contextual_output: Type.String({ description: 'All that was read, with the token at its end.' }),
    contrast_token: nullable(Type.String(), {
      description: 'Contrastive `attributed_fn`: the token of the contextless output.',
    }),
    contextless_output: nullable(Type.String(), { description: 'The same without the context, up to that token.' }),
    input_context_scores: nullable(Scores, { description: 'One for each of `input_context_tokens`.' }),
    output_context_scores: nullable(Scores, { description: 'One for each of `output_context_tokens`.' }),
  },
  { $id: 'ContextCues' },
);
export type ContextCues = Static<typeof ContextCues>;

/** PECoRe's result by Inseq's names. */
export const ContextReliance = Type.Object(
  {
    input_context: nullable(Type.String()),
    input_context_tokens: nullable(Type.Array(Type.String())),
    output_context: nullable(Type.String()),
    output_context_tokens: nullable(Type.Array(Type.String())),
    output_current: Type.String(),
    output_current_tokens: Type.Array(Type.String()),
    cti_scores: Type.Array(Score, {
      description: 'Context-sensitive token identification: the metric of each of `output_current_tokens`.',
    }),
    cti_threshold: Score,
    cci_scores: Type.Array(ref(ContextCues), {
      description: 'Contextual cues imputation: the flagged tokens, the largest absolute score first.',
    }),
  },
  { $id: 'ContextReliance' },
);
export type ContextReliance = Static<typeof ContextReliance>;

/** A unit of a document that is scored. */
export const SourceUnit = Type.Object(
  {
    document_id: Type.String(),
    document_index: Type.Integer({ minimum: 0 }),
    start: Type.Integer({ minimum: 0, description: "First character (UTF-16 unit) of the document's text." }),
    end: Type.Integer({ minimum: 0, description: 'One past the last.' }),
    text: Type.String({ description: 'Exactly these characters.' }),
  },
  { $id: 'SourceUnit' },
);
export type SourceUnit = Static<typeof SourceUnit>;

const CitedSource = Type.Object({
  unit: Type.Integer({ minimum: 0, description: 'Which of `units`.' }),
  document_id: Type.String(),
  document_index: Type.Integer({ minimum: 0 }),
  start: Type.Integer({ minimum: 0 }),
  end: Type.Integer({ minimum: 0 }),
  text: Type.String(),
  score: Type.Number(),
});

/** A sentence or span of the answer with what it came from. */
export const Citation = Type.Object(
  {
    start: Type.Integer({ minimum: 0, description: 'First character (UTF-16 unit) of `answer`.' }),
    end: Type.Integer({ minimum: 0, description: 'One past the last.' }),
    text: Type.String(),
    log_probability: Score,
    support: nullable(Type.Number(), {
      description: 'By how much its log-probability drops, in nats, when all documents are left out.',
    }),
    unsupported: Type.Boolean({
      description: 'Whether `support` is below `support_threshold`: then it has no sources.',
    }),
    sources: Type.Array(CitedSource, {
      description: 'Units that speak for it, the highest score first; none below 0, `top_sources` at most.',
    }),
    fit: Type.Optional(
      Type.Object(
        {
          r2: nullable(Type.Number(), { description: 'Of the ablations that the surrogate was fitted to.' }),
          held_out_r2: nullable(Type.Number(), { description: 'Of ablations that it has not seen.' }),
          held_out_error: nullable(Type.Number(), {
            description: 'Root mean squared error on these, in the unit of the logit-scaled probability.',
          }),
          intercept: nullable(Type.Number()),
        },
        { description: '`ablation`: how well a linear model of its units tells what ablations do.' },
      ),
    ),
  },
  { $id: 'Citation' },
);
export type Citation = Static<typeof Citation>;

/** Which units of the documents each part of the answer came from. */
export const Sources = Type.Object(
  {
    answer: Type.String(),
    units: Type.Array(ref(SourceUnit)),
    citations: Type.Array(ref(Citation), {
      description: 'Sentences of the answer in order, then the spans asked for.',
    }),
    scores: Type.Array(Scores, { description: '`[u][c]`: the score of unit u for citation c.' }),
    token_scores: Type.Optional(
      Type.Object(
        {
          input_tokens: Type.Array(freeObject()),
          answer_tokens: Type.Array(freeObject()),
          scores: Type.Array(Scores),
        },
        { description: '`return_token_scores`: `scores[i][t]` of input token i for answer token t.' },
      ),
    ),
  },
  { $id: 'Sources' },
);
export type Sources = Static<typeof Sources>;

/** A complete request as a body that gives the result again. */
type RepeatableContextRequest = Partial<AttributeContextBody> & Pick<AttributeContextBody, 'model'>;

/** How it was made. */
const ContextInfo = Type.Intersect([
  Type.Pick(ResultInfo, [
    'model',
    'model_type',
    'model_hash',
    'tokenizer_hash',
    'quantization',
    'int8',
    'backend',
    'generation_args',
    'seed',
    'seconds',
    'forward_passes',
    'backward_passes',
    'versions',
  ]),
  Type.Object({
    approach: Type.Enum(APPROACHES),
    method: nullable(Type.String(), { description: 'The token method; null where the approach needs none.' }),
    reencoded: Type.Boolean({
      description:
        'Whether encoding the texts again would have given other tokens than those that were generated and attributed.',
    }),
    perturbed_copies: Type.Integer({ minimum: 0, description: 'Copies of the prompt that were run changed.' }),
    rows_computed: Type.Integer({ minimum: 0, description: 'Token positions that those copies computed.' }),
    rows_shared: Type.Integer({ minimum: 0, description: 'Token positions that they took from the unchanged prompt.' }),
    request: Type.Unsafe<RepeatableContextRequest>({
      type: 'object',
      additionalProperties: true,
      description: 'The request with every default filled in: sent again, it gives the same result.',
    }),
  }),
]);
export type ContextInfo = Static<typeof ContextInfo>;

/** What `GET /jobs/{id}/result` gives for such a job. */
export const ContextResult = Type.Object(
  {
    job_id: Type.String(),
    metadata: Type.Optional(Metadata),
    kind: Type.Literal('attribute-context'),
    context: nullable(ref(ContextReliance), { description: '`pecore` alone; as Inseq writes it.' }),
    sources: nullable(ref(Sources), { description: 'null: the request had no `documents`.' }),
    info: Type.Unsafe<ContextInfo>({ ...ContextInfo }),
  },
  { $id: 'ContextResult' },
);
export type ContextResult = Static<typeof ContextResult>;
