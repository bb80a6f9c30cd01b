/** Jobs of many kinds on the demo models, for campaigns. */

const FRANCE = 'The capital of France is';

export const SMALL = {
  model: 'facts-gpt2',
  input_texts: FRANCE,
  method: 'saliency',
  generation_args: { max_new_tokens: 1 },
};

const forced = (answer: string) => `${FRANCE} ${answer}`;

/** Kinds of small jobs; whatever is random in them has a seed. */
export const MIXED: readonly Record<string, unknown>[] = [
  { ...SMALL, generation_args: { max_new_tokens: 2 } },
  { ...SMALL, method: 'integrated_gradients', method_args: { n_steps: 40 }, generation_args: { max_new_tokens: 3 } },
  {
    ...SMALL,
    input_texts: [FRANCE, 'The capital of Italy is'],
    method: 'occlusion',
    generation_args: { max_new_tokens: 2 },
  },
  {
    model: 'numbers-m2m100',
    input_texts: 'two hundred forty-three',
    src_lang: 'en',
    tgt_lang: 'de',
    attribute_target: true,
  },
  { ...SMALL, method: 'lime', method_args: { n_samples: 60 }, generation_args: { max_new_tokens: 3 } },
  { model: 'numbers-m2m100', input_texts: 'seven hundred twelve', src_lang: 'en', tgt_lang: 'fr', method: 'attention' },
  {
    model: 'facts-gpt2',
    input_texts: FRANCE,
    generated_texts: forced('Paris'),
    method: 'integrated_gradients',
    method_args: { n_steps: 300 },
    step_scores: ['probability', 'entropy'],
  },
  {
    ...SMALL,
    method: 'layer_gradient_x_activation',
    method_args: { target_layer: 'h.*.mlp' },
    generation_args: { max_new_tokens: 2 },
  },
];

/** A result without what may differ between two runs of one request. */
export function comparable(result: { job_id: unknown; info: Record<string, unknown> }): string {
  const { job_id: _, info, ...rest } = result;
  const { seconds, versions, ...facts } = info;
  return JSON.stringify({ ...rest, info: facts });
}
