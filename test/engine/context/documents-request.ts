/** Requests about documents as the API completes them, for tests of the engine. */

import type { DocumentsRequest } from '../../../src/contract/attribute-context-request.ts';
import { generation } from '../request.ts';

const contrast = { contrast_targets: null, contrast_sources: null, contrast_targets_alignments: null };

/** A complete request with the given changes. */
export function documentsRequest(changes: Partial<DocumentsRequest>): DocumentsRequest {
  return {
    kind: 'attribute-context',
    model: 'gpt2',
    approach: 'ablation',
    documents: [
      { id: 'a', title: null, text: 'The old dog sees a house. The cat follows the train.' },
      { id: 'b', title: 'Weather', text: 'It was late. The rain began.' },
    ],
    query: 'The student',
    messages: null,
    template: '{documents}\n\n{query}',
    unit: 'sentence',
    language: null,
    answer_spans: [],
    perturbation: 'remove',
    num_ablations: 12,
    held_out_ablations: 6,
    ablation_keep_prob: 0.5,
    lasso_alpha: 0.01,
    divergence: 'log_probability',
    support_threshold: -1000,
    top_sources: 5,
    return_token_scores: false,
    output_current_text: 'visits the garden. It was true.',
    context_sensitivity_metric: { name: 'kl_divergence', args: { ...contrast, contrast_force_inputs: false } },
    context_sensitivity_std_threshold: 0,
    context_sensitivity_topk: null,
    attribution_std_threshold: 1,
    attribution_topk: null,
    contextless_output_next_tokens: [],
    decoder_input_output_separator: ' ',
    method: 'saliency',
    method_args: {},
    attributed_fn: { name: 'probability', args: {} },
    aggregators: null,
    normalize_attributions: false,
    rescale_attributions: false,
    generation_args: generation(6),
    src_lang: null,
    tgt_lang: null,
    seed: 42,
    webhook: null,
    ...changes,
  };
}
