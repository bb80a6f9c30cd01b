/**
 * What a job costs, as far as its request tells: the measure by which flows are served fairly. Units are rows of the
 * model, tokens times passes; only the ratios of jobs to each other matter.
 */
import type { AttributeRequest } from '../contract/attribute-request.ts';

/** Characters of a token of usual text; the tokens themselves are the worker's to count. */
const CHARACTERS_PER_TOKEN = 4;
/** Where the request leaves it to the model how much it generates. */
const USUAL_NEW_TOKENS = 20;
/** Arguments of methods and step functions that say how often the model is run. */
const PASSES = ['n_steps', 'n_samples', 'n_mcd_steps', 'max_probe_steps', 'num_probes'];
/** Methods that run the model again for each token. */
const BY_TOKEN = new Set(['occlusion', 'value_zeroing', 'sequential_integrated_gradients', 'reagent']);

/** Estimated rows that the job sends through the model; at least 1. */
export function estimateWork(request: AttributeRequest): number {
  const { input_texts, messages, generated_texts, generation_args } = request;
  const prompts = messages?.map((turns) => turns.map(({ content }) => content).join('\n')) ?? input_texts;
  const passes = passesOf(request);
  let rows = 0;
  for (const [index, prompt] of prompts.entries()) {
    const forced = generated_texts?.[index];
    const given = tokensOf(prompt);
    const whole =
      forced === undefined ? given + (generation_args.max_new_tokens ?? USUAL_NEW_TOKENS) : tokensOf(forced);
    rows += whole * passes * (BY_TOKEN.has(request.method) ? given : 1);
  }
  return Math.max(1, Math.round(rows));
}

/** Passes over each text, or over each of its tokens: there and back, once for each step or sample. */
function passesOf({ method_args, attributed_fn, step_scores }: AttributeRequest): number {
  let passes = 2;
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
