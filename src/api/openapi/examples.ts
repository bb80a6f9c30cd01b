/** Examples that run as they stand against the demo models that ship with the service. */

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
  translation: {
    summary: 'A translation: source and target, word by word',
    value: {
      model: 'numbers-m2m100',
      input_texts: 'two hundred forty-three',
      src_lang: 'en',
      tgt_lang: 'de',
      attribute_target: true,
    },
  },
  layers: {
    summary: 'Every MLP of the model at once',
    value: {
      model: 'facts-gpt2',
      input_texts: 'The capital of France is',
      generated_texts: 'The capital of France is Paris',
      method: 'layer_gradient_x_activation',
      method_args: { target_layer: 'h.*.mlp' },
    },
  },
  trusted: {
    summary: 'How far to trust the scores? (faithfulness metrics beside a random ranking)',
    value: {
      model: 'facts-gpt2',
      input_texts: 'The capital of France is',
      generation_args: { max_new_tokens: 2 },
      metrics: ['comprehensiveness', 'sufficiency', { name: 'deletion', args: { points: 5 } }],
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

/** The same for evaluations. */
export const EVALUATE_EXAMPLES = {
  cheap: {
    summary: 'Methods of few passes on two texts that the model continues',
    value: {
      model: 'facts-gpt2',
      input_texts: ['The capital of France is', 'The capital of Italy is'],
      generation_args: { max_new_tokens: 2 },
    },
  },
  chosen: {
    summary: 'Two methods on a given output, by an area and by AOPC',
    value: {
      model: 'facts-gpt2',
      input_texts: 'The capital of France is',
      generated_texts: 'The capital of France is Paris',
      methods: ['input_x_gradient', { name: 'integrated_gradients', args: { n_steps: 20 } }],
      metrics: ['comprehensiveness', { name: 'deletion', args: { points: 5 } }],
    },
  },
};

/** The same for contexts and documents. */
export const CONTEXT_EXAMPLES = {
  documents: {
    summary: 'Which document an answer came from',
    value: {
      model: 'facts-gpt2',
      documents: [
        { id: 'weather', text: 'It rained in Rome. The sun shone in Oslo.' },
        { id: 'atlas', text: 'The capital of France is Paris.' },
      ],
      query: 'The capital of France is',
      output_current_text: ' Paris',
      num_ablations: 16,
    },
  },
  context: {
    summary: 'Which tokens depend on the context, and on what in it (PECoRe)',
    value: {
      model: 'facts-gpt2',
      input_context_text: 'The capital of Peru is Lima.',
      input_current_text: 'The capital of France is',
      output_current_text: 'Paris.',
      attributed_fn: 'contrast_prob_diff',
    },
  },
};

/** Lines of a batch that run as they stand. */
export const BATCH_EXAMPLE = `${[
  { defaults: { model: 'facts-gpt2', method: 'saliency' } },
  { custom_id: 'france', body: { input_texts: 'The capital of France is' } },
  { custom_id: 'italy', body: { input_texts: 'The capital of Italy is' } },
]
  .map((line) => JSON.stringify(line))
  .join('\n')}\n`;
