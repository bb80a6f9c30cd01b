/**
 * What a job costs, as far as its request tells: the measure by which flows are served fairly, and by which a worker
 * knows how much it can take together. A unit is a million multiplications and additions; the rates at which methods and
 * models do them differ, so it is a rough measure.
 */
import type { AttributeContextRequest, DocumentsRequest } from '../contract/attribute-context-request.ts';
import type { AttributeRequest } from '../contract/attribute-request.ts';
import type { EvaluateRequest } from '../contract/evaluate.ts';
import { copiesOfMetric } from '../contract/faithfulness.ts';
import type { JobRequest } from '../contract/job-kinds.ts';

/** Characters of a token of usual text; the tokens themselves are the worker's to count. */
const CHARACTERS_PER_TOKEN = 4;
/** Characters of a sentence; of larger units there are fewer. */
const CHARACTERS_PER_SENTENCE = 80;
/** Where the request leaves it to the model how much it generates. */
const USUAL_NEW_TOKENS = 20;
/** Where the catalogue does not know. */
const USUAL_PARAMETERS = 100e6;
/** A generated token reads all weights for one row, which takes the time of so many rows that share them. */
const GENERATED_ROWS = 30;
/** Arguments of methods and step functions that say how often the model is run. */
const PASSES = ['n_steps', 'n_samples', 'n_mcd_steps', 'max_probe_steps', 'num_probes'];
/** Methods that run the model again for each token. */
const BY_TOKEN = new Set(['occlusion', 'value_zeroing', 'sequential_integrated_gradients', 'reagent']);
/** Methods that pull nothing back. */
const FORWARD_ONLY = new Set([
  'attention',
  'dummy',
  'information_flow_routes',
  'lime',
  'occlusion',
  'reagent',
  'value_zeroing',
]);

/** Estimated work of a job; at least 1. `parameters`: of the model, null where they are not known. */
export function estimateWork(request: JobRequest, parameters: number | null): number {
  const rows = rowsOf(request);
  return Math.max(1, Math.round((rows * (parameters ?? USUAL_PARAMETERS)) / 1e6));
}

function rowsOf(request: JobRequest): number {
  switch (request.kind) {
    case 'attribute-context':
      return rowsOfContext(request);
    case 'evaluate':
      return request.methods.reduce((sum, { name, args }) => sum + rowsOfTexts(asAttribution(request, name, args)), 0);
    default:
      return rowsOfTexts(request);
  }
}

/** The texts of an evaluation as those of one method. */
function asAttribution(request: EvaluateRequest, method: string, args: Record<string, unknown>): TextsRequest {
  return {
    ...request,
    messages: null,
    method,
    method_args: args,
    attributed_fn: { name: 'probability', args: {} },
    step_scores: [],
  };
}

/** What the work of a request about texts follows from. */
type TextsRequest = Pick<
  AttributeRequest,
  | 'input_texts'
  | 'messages'
  | 'generated_texts'
  | 'generation_args'
  | 'method'
  | 'method_args'
  | 'attributed_fn'
  | 'step_scores'
  | 'metrics'
  | 'target_spans'
>;

function rowsOfTexts(request: TextsRequest): number {
  const { input_texts, messages, generated_texts, generation_args } = request;
  const prompts = messages?.map((turns) => turns.map(({ content }) => content).join('\n')) ?? input_texts;
  const passes = passesOf(request);
  const copies = (request.metrics ?? []).reduce((sum, metric) => sum + copiesOfMetric(metric), 0);
  let rows = 0;
  for (const [index, prompt] of prompts.entries()) {
    const forced = generated_texts?.[index];
    const given = tokensOf(prompt);
    const made = forced === undefined ? (generation_args.max_new_tokens ?? USUAL_NEW_TOKENS) : 0;
    // A forced text of a decoder begins with its prompt; one of an encoder-decoder does not.
    const steps = forced === undefined ? made : Math.max(1, tokensOf(forced) - (forced.startsWith(prompt) ? given : 0));
    const forward = given + steps;
    // A pullback has a row for each position that each output sees.
    const outputs = Math.min(steps, outputsOf(request, index, steps));
    const pullback = FORWARD_ONLY.has(request.method) ? 0 : outputs * (given + steps / 2);
    rows +=
      copies * forward +
      made * GENERATED_ROWS +
      (forward + pullback) * passes * (BY_TOKEN.has(request.method) ? given : 1);
  }
  return rows;
}

/** Columns of a text's result: its generated tokens, or the spans of them that the request names. */
function outputsOf({ target_spans: asked }: TextsRequest, index: number, steps: number): number {
  switch (asked?.unit) {
    case 'sequence':
      return 1;
    case 'sentences':
      return Math.ceil((steps * CHARACTERS_PER_TOKEN) / CHARACTERS_PER_SENTENCE);
    default:
      return asked?.spans?.[index]?.length ?? steps;
  }
}

/** Passes over all texts together: those of the approach, or there and back for each flagged token. */
function rowsOfContext(request: AttributeContextRequest): number {
  const answer = request.output_current_text;
  const newTokens = request.generation_args.max_new_tokens ?? USUAL_NEW_TOKENS;
  const answerTokens = answer === null ? newTokens : tokensOf(answer);
  const made = answer === null ? newTokens * GENERATED_ROWS : 0;
  if (request.documents === null) {
    const { input_context_text: context, input_current_text: current, output_context_text: written } = request;
    return made + (tokensOf(`${context ?? ''} ${current} ${written ?? ''}`) + answerTokens) * (2 + answerTokens / 4);
  }
  const given = request.documents.map(({ text }) => text).join('\n');
  const rows = tokensOf(given) + answerTokens;
  switch (request.approach) {
    case 'ablation':
      return made + rows * (2 + (request.num_ablations + request.held_out_ablations) * request.ablation_keep_prob);
    case 'leave_one_out':
      return made + rows * (2 + unitsOf(request.unit, given) / 2);
    case 'pecore':
    case 'tokens':
      return made + rows * (2 + answerTokens / 2);
  }
}

function unitsOf(unit: DocumentsRequest['unit'], text: string): number {
  if (Array.isArray(unit)) return unit.length;
  return unit === 'token' ? tokensOf(text) : Math.ceil(text.length / CHARACTERS_PER_SENTENCE);
}

/** How often each text, or each of its tokens, goes through the model: once for each step or sample. */
function passesOf({ method_args, attributed_fn, step_scores }: TextsRequest): number {
  let passes = 1;
  for (const args of [method_args, attributed_fn.args, ...step_scores.map((call) => call.args)]) {
    for (const name of PASSES) {
      const count = args[name];
      if (typeof count === 'number' && count > 1) passes *= count;
    }
  }
  return passes;
}

function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN) + 1;
}
