/** The tools that agents have: where a text came from, and why it is not another. */

import { fromJsonSchema, McpServer } from '@modelcontextprotocol/server';
import type { FastifyRequest } from 'fastify';
import Type, { type Static, type TSchema } from 'typebox';
import { LIMITS } from '../../contract/limits.ts';
import { toContextText } from '../../results/context-text.ts';
import { VERSION } from '../../version.ts';
import { continued } from '../../view/model/continued.ts';
import { Answer, answerOf, answerText } from './answer.ts';
import { Caller, RefusedError } from './caller.ts';
import { ContextAnswer, contextAnswerOf } from './context-answer.ts';

const Text = (description: string) => Type.String({ minLength: 1, maxLength: LIMITS.textCharacters, description });
const Model = Type.String({
  minLength: 1,
  maxLength: 256,
  description: 'A model of the service, such as "facts-gpt2".',
});
const Method = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 256,
    description: 'Attribution method: input_x_gradient (the default, fast), integrated_gradients, occlusion, …',
  }),
);
const Language = (of: string) =>
  Type.Optional(
    Type.String({ minLength: 1, maxLength: 32, description: `Translation models: language of the ${of}.` }),
  );

const AttributeInput = Type.Object(
  {
    model: Model,
    prompt: Text('What the model continues, or translates.'),
    answer: Type.Optional(Text('What it is to have said; left out: the model generates.')),
    method: Method,
    max_new_tokens: Type.Optional(
      Type.Integer({ minimum: 1, maximum: LIMITS.newTokens, default: LIMITS.defaultNewTokens }),
    ),
    src_lang: Language('prompt'),
    tgt_lang: Language('answer'),
  },
  { additionalProperties: false },
);

const DifferenceInput = Type.Object(
  {
    model: Model,
    prompt: Text('What the model continues, or translates.'),
    answer: Text('What it said.'),
    instead: Text('What it might have said instead.'),
    method: Method,
    src_lang: Language('prompt'),
    tgt_lang: Language('answer'),
  },
  { additionalProperties: false },
);

const ContextInput = Type.Object(
  {
    model: Model,
    documents: Type.Array(
      Type.Object(
        {
          id: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: 'Names it in the answer.' })),
          title: Type.Optional(Text('Its title, where the model is to read it.')),
          text: Text('What the model reads.'),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: LIMITS.documents, description: 'What the answer may rest on.' },
    ),
    query: Text('The question.'),
    answer: Type.Optional(Text('What it is to have said; left out: the model answers.')),
    approach: Type.Optional(
      Type.Enum(['ablation', 'leave_one_out', 'pecore', 'tokens'] as const, {
        description: 'ablation (the default): sentences are left out at random; leave_one_out: each once.',
      }),
    ),
  },
  { additionalProperties: false },
);

/** TypeBox' schemas are JSON Schema. */
const schemaOf = <T extends TSchema>(schema: T) => fromJsonSchema<Static<T>>({ ...schema });

/** The words and the data of a tool's answer, or why the service refused it. */
async function answered<T extends object>(work: () => Promise<{ text: string; answer: T }>) {
  try {
    const { text, answer } = await work();
    return { content: [{ type: 'text' as const, text }], structuredContent: answer };
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    return { isError: true, content: [{ type: 'text' as const, text: error.message }] };
  }
}

/** A server for one request. */
export function toolsFor(request: FastifyRequest): McpServer {
  const server = new McpServer({ name: 'whence', version: VERSION });
  const caller = new Caller(request);
  const { catalogue } = request.server;

  /** With decoder-only models the output is the whole text; an unknown model is refused by the service. */
  const outputsOf = async (model: string): Promise<(prompt: string, answer: string) => string> => {
    const { models } = await catalogue.read();
    const isDecoder = models.find(({ id }) => id === model)?.architecture === 'decoder-only';
    return (prompt, answer) => (isDecoder ? continued(prompt, answer) : answer);
  };

  const run = (body: object, what: string, signal: AbortSignal) =>
    answered(async () => {
      const common = { clean_special_chars: true, step_scores: ['probability'] };
      const { job, result } = await caller.run('attribute', { ...common, ...body }, signal);
      const answer = answerOf(result, job);
      return { text: answerText(answer, what), answer };
    });

  server.registerTool(
    'attribute',
    {
      title: 'Which input tokens did each generated token come from?',
      description:
        "Attributes a language model's output to its input: for each generated token the input tokens that counted most. " +
        'Give `answer` to explain a given output; without it the model generates.',
      inputSchema: schemaOf(AttributeInput),
      outputSchema: schemaOf(Answer),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    async ({ model, prompt, answer, method, max_new_tokens, src_lang, tgt_lang }, { mcpReq }) => {
      const output = await outputsOf(model);
      const body = {
        model,
        input_texts: prompt,
        ...(answer !== undefined && { generated_texts: output(prompt, answer) }),
        ...(answer === undefined && max_new_tokens !== undefined && { generation_args: { max_new_tokens } }),
        ...(method !== undefined && { method }),
        ...(src_lang !== undefined && { src_lang }),
        ...(tgt_lang !== undefined && { tgt_lang }),
      };
      const what = 'For each token of the output, the tokens before it that counted most, with their scores:';
      return run(body, what, mcpReq.signal);
    },
  );

  server.registerTool(
    'explain_difference',
    {
      title: 'Why this answer and not that one?',
      description:
        'Explains by contrast: which input tokens spoke for `answer` rather than `instead`. Positive scores speak for the ' +
        'answer, negative ones for the other.',
      inputSchema: schemaOf(DifferenceInput),
      outputSchema: schemaOf(Answer),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    async ({ model, prompt, answer, instead, method, src_lang, tgt_lang }, { mcpReq }) => {
      const output = await outputsOf(model);
      const body = {
        model,
        input_texts: prompt,
        generated_texts: output(prompt, answer),
        attributed_fn: { name: 'contrast_prob_diff', args: { contrast_targets: output(prompt, instead) } },
        method: method ?? 'occlusion', // has a sign
        ...(src_lang !== undefined && { src_lang }),
        ...(tgt_lang !== undefined && { tgt_lang }),
      };
      const what =
        `For each token of the output, the tokens that counted most for it rather than for that of ${JSON.stringify(instead)}; ` +
        'negative scores speak for the other:';
      return run(body, what, mcpReq.signal);
    },
  );
  server.registerTool(
    'attribute_context',
    {
      title: 'Which sentences of which document does each sentence of the answer rest on?',
      description:
        "Finds the sources of an answer among documents, and tells by `support` (the drop of a sentence's log-probability " +
        'without the documents, in nats) whether it rests on them at all. Give `answer` to check a given one.',
      inputSchema: schemaOf(ContextInput),
      outputSchema: schemaOf(ContextAnswer),
      annotations: { readOnlyHint: true, openWorldHint: false },
    },
    ({ model, documents, query, answer, approach }, { mcpReq }) =>
      answered(async () => {
        const body = {
          model,
          documents,
          query,
          ...(answer !== undefined && { output_current_text: answer }),
          ...(approach !== undefined && { approach }),
        };
        const { result } = await caller.run('attribute-context', body, mcpReq.signal);
        return { text: toContextText(result), answer: contextAnswerOf(result) };
      }),
  );
  return server;
}
