/** Examples that run as they stand against the demo model that ships with the service. */

export const ATTRIBUTE_EXAMPLES = {
  simplest: {
    summary: 'The model generates; input × gradient',
    value: { model: 'facts-gpt2', input_texts: 'The capital of France is', generation_args: { max_new_tokens: 2 } },
  },
  forced: {
    summary: 'A given output, integrated gradients, step scores',
    value: {
      model: 'facts-gpt2',
      input_texts: 'The capital of France is',
      generated_texts: 'The capital of France is Paris',
      method: 'integrated_gradients',
      method_args: { n_steps: 20 },
      step_scores: ['probability', 'entropy'],
    },
  },
  contrastive: {
    summary: 'Why Paris rather than Rome? (contrastive, occlusion)',
    value: {
      model: 'facts-gpt2',
      input_texts: 'The capital of France is',
      generated_texts: 'The capital of France is Paris',
      method: 'occlusion',
      attributed_fn: { name: 'contrast_prob_diff', args: { contrast_targets: 'The capital of France is Rome' } },
    },
  },
  several: {
    summary: 'Several texts',
    value: {
      model: 'facts-gpt2',
      input_texts: ['The capital of France is', 'The capital of Italy is'],
      method: 'saliency',
      generation_args: { max_new_tokens: 2 },
    },
  },
};
