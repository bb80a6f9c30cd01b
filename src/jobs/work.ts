/**
 * What a job costs, as far as its request tells: the measure by which flows are served fairly, and by which a worker
 * knows how much it can take together. A unit is a million multiplications and additions; the rates at which methods and
 * models do them differ, so it is a rough measure.
 */
import type { AttributeContextRequest, DocumentsRequest } from '../contract/attribute-context-request.ts';
import type { AttributeRequest } from '../contract/attribute-request.ts';
import type { Catalogue, Formula, ModelInfo } from '../contract/catalogue.ts';
import type { EvaluateRequest } from '../contract/evaluate.ts';
import { copiesOfMetric } from '../contract/faithfulness.ts';
import { evaluate, type Quantities } from '../contract/formula.ts';
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
/** What is known of the model and of what members run; a method that does not say counts as one pass there and back. */
export interface Known {
  model: Pick<ModelInfo, 'parameters' | 'architecture'>;
  members: Pick<Catalogue, 'methods' | 'step_functions'>;
}

const UNKNOWN: Known = {
  model: { parameters: USUAL_PARAMETERS, architecture: 'decoder-only' },
  members: { methods: [], step_functions: [] },
};

/** Estimated work of a job; at least 1. */
export function estimateWork(request: JobRequest, known: Known = UNKNOWN): number {
  const rows = rowsOf(request, known);
  return Math.max(1, Math.round((rows * (known.model.parameters ?? USUAL_PARAMETERS)) / 1e6));
}

function rowsOf(request: JobRequest, known: Known): number {
  switch (request.kind) {
    case 'attribute-context':
      return rowsOfContext(request);
    case 'evaluate':
      return request.methods.reduce(
        (sum, { name, args }) => sum + rowsOfTexts(asAttribution(request, name, args), known),
        0,
      );
    default:
      return rowsOfTexts(request, known);
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
    attribute_target: request.attribute_target,
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
  | 'attribute_target'
  | 'step_scores'
  | 'metrics'
  | 'target_spans'
>;

function rowsOfTexts(request: TextsRequest, known: Known): number {
  const { input_texts, messages, generated_texts, generation_args } = request;
  const prompts = messages?.map((turns) => turns.map(({ content }) => content).join('\n')) ?? input_texts;
  const measured = (request.metrics ?? []).reduce((sum, metric) => sum + copiesOfMetric(metric), 0);
  let rows = 0;
  for (const [index, prompt] of prompts.entries()) {
    const forced = generated_texts?.[index];
    const given = tokensOf(prompt);
    const made = forced === undefined ? (generation_args.max_new_tokens ?? USUAL_NEW_TOKENS) : 0;
    // A forced text of a decoder begins with its prompt; one of an encoder-decoder does not.
    const steps = forced === undefined ? made : Math.max(1, tokensOf(forced) - (forced.startsWith(prompt) ? given : 0));
    const outputs = Math.min(steps, outputsOf(request, index, steps));
    const { run, pulled } = copiesOf(request, { given, steps, outputs }, known);
    // Each span has a ranking of its own.
    const changed = measured * (request.target_spans ? outputs : 1);
    // A pullback has a row for each position that each output sees.
    rows += made * GENERATED_ROWS + (changed + run) * (given + steps) + pulled * outputs * (given + steps / 2);
  }
  return rows;
}

/** Copies of a text that are run forward, and those that are pulled back, as the members declare. */
function copiesOf(request: TextsRequest, sizes: Sizes, { model, members }: Known): { run: number; pulled: number } {
  const { method, method_args, attributed_fn, step_scores } = request;
  const quantities = quantitiesOf(request, sizes, model);
  const count = (formula: Formula | undefined, args: Record<string, unknown>): number => {
    try {
      return formula === undefined ? 0 : evaluate(formula, quantities, args).value;
    } catch {
      return 1; // a plug-in declares what cannot be evaluated; its quotes say so
    }
  };
  const declared = members.methods.find(({ id }) => id === method)?.passes ?? { recorded: 1 };
  const recorded = count(declared.recorded, method_args);
  const pulled = declared.pulled === undefined ? recorded : count(declared.pulled, method_args);
  const passesOf = (name: string) => members.step_functions.find(({ id }) => id === name)?.passes;
  const attributed = passesOf(attributed_fn.name);
  const runs = attributed?.runs === undefined ? 1 : count(attributed.runs, attributed_fn.args);
  const once = step_scores.reduce((sum, { name, args }) => sum + count(passesOf(name)?.scored, args), 0);
  const evaluated = count(declared.evaluated, method_args);
  return {
    run:
      (evaluated + recorded) * runs +
      count(declared.apart, method_args) +
      count(attributed?.attributed, attributed_fn.args) +
      once,
    pulled: pulled * runs,
  };
}

/** Of a text, in tokens. */
interface Sizes {
  given: number;
  steps: number;
  outputs: number;
}

/** What formulas may name, as far as the request tells. */
function quantitiesOf(
  { method_args: args, attribute_target: wished }: TextsRequest,
  { given, steps, outputs }: Sizes,
  { architecture }: Known['model'],
): Quantities {
  const isDecoder = architecture === 'decoder-only';
  const [source, target] = isDecoder ? [0, given + steps] : [given, steps];
  const attributeTarget = isDecoder || wished;
  const units = (tokens: number): number => Math.ceil(tokens / tokensOfUnit(args));
  return {
    steps: outputs,
    source,
    positions: source + (attributeTarget ? target : 0),
    attribute_target: attributeTarget ? 1 : 0,
    source_units: units(source),
    target_units: units(target),
    players: units(source) + (attributeTarget ? units(target) : 0),
    layers_asked: Array.isArray(args.target_layer) ? args.target_layer.length : 1,
  };
}

/** Tokens of one of a method's units; words are counted as tokens. */
function tokensOfUnit({ units, window_size }: Record<string, unknown>): number {
  if (units === 'sentences') return CHARACTERS_PER_SENTENCE / CHARACTERS_PER_TOKEN;
  return units === 'windows' ? Math.max(1, Number(window_size)) : 1;
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

function tokensOf(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN) + 1;
}
