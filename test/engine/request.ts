/** Requests as the API completes them, for tests of the engine. */

import type { AttributeRequest } from '../../src/contract/attribute-request.ts';
import type { StepEvent } from '../../src/contract/events.ts';

/** Greedy generation of so many tokens. */
export const generation = (tokens: number, extra: Partial<AttributeRequest['generation_args']> = {}) => ({
  max_new_tokens: tokens,
  min_new_tokens: 0,
  num_beams: 1,
  do_sample: false,
  temperature: 1,
  top_k: 50,
  top_p: 1,
  repetition_penalty: 1,
  no_repeat_ngram_size: 0,
  ...extra,
});

/** A complete request with the given changes. */
export function request(changes: Partial<AttributeRequest>): AttributeRequest {
  return {
    model: 'gpt2',
    input_texts: ['The engineer argued with the'],
    messages: null,
    generated_texts: null,
    method: 'input_x_gradient',
    method_args: {},
    attributed_fn: { name: 'probability', args: {} },
    step_scores: [],
    top_alternatives: 0,
    attribute_target: false,
    attr_pos_start: null,
    attr_pos_end: null,
    include_eos_baseline: false,
    generation_args: generation(5),
    src_lang: null,
    tgt_lang: null,
    skip_special_tokens: false,
    clean_special_chars: false,
    aggregators: null,
    seed: 42,
    webhook: null,
    ...changes,
  };
}

/** Hooks that do nothing but what is given. */
export const hooks = (extra: { step?: (step: StepEvent) => void; signal?: AbortSignal } = {}) => ({
  progress: () => {},
  step: extra.step ?? (() => {}),
  signal: extra.signal ?? new AbortController().signal,
});
