/** A result about documents made for tests: two documents, an answer of two sentences, the second unsupported. */

import type { ContextReliance, ContextResult } from '../../src/contract/attribute-context-result.ts';
import { infoOf } from '../support/result-info.ts';

export const DOCUMENTS = [
  { id: 'staff', title: 'Staff', text: 'Ana is in Oslo. Ben is in Rome.' },
  { id: '1', text: 'It rained.\n\nNobody came.' },
];

export function contextResult(parts: Partial<ContextResult> = {}): ContextResult {
  const { method: _, ...info } = infoOf();
  const unit = (document: number, text: string) => {
    const start = DOCUMENTS[document].text.indexOf(text);
    const place = { document_id: DOCUMENTS[document].id, document_index: document };
    return { ...place, start, end: start + text.length, text };
  };
  const units = [
    unit(0, 'Ana is in Oslo.'),
    unit(0, 'Ben is in Rome.'),
    unit(1, 'It rained.'),
    unit(1, 'Nobody came.'),
  ];
  return {
    job_id: 'j',
    kind: 'attribute-context',
    context: null,
    sources: {
      answer: 'Ben is in Rome. So he says.',
      units,
      citations: [
        {
          ...{ start: 0, end: 15, text: 'Ben is in Rome.', log_probability: -0.1, support: 12, unsupported: false },
          sources: [
            { unit: 1, score: 9, ...units[1] },
            { unit: 0, score: 1, ...units[0] },
          ],
          fit: { r2: 0.9, held_out_r2: 0.8, held_out_error: 0.1, intercept: 0 },
        },
        { start: 16, end: 27, text: 'So he says.', log_probability: -9, support: 0.2, unsupported: true, sources: [] },
        {
          ...{ start: 10, end: 14, text: 'Rome', log_probability: -0.1, support: 3, unsupported: false },
          sources: [{ unit: 1, score: 3, ...units[1] }],
        },
      ],
      scores: [
        [1, 0, 0],
        [9, 0.1, 3],
        [0, 0, -1],
        [0, 0, 0],
      ],
    },
    info: {
      ...info,
      approach: 'leave_one_out',
      method: null,
      reencoded: false,
      perturbed_copies: 4,
      rows_computed: 10,
      rows_shared: 20,
      request: {
        model: 'facts-gpt2',
        approach: 'leave_one_out',
        documents: DOCUMENTS,
        query: 'Where is Ben?',
        support_threshold: 1,
      },
    },
    ...parts,
  };
}

/** What PECoRe found: of three tokens of the answer one depends on the context. */
export const RELIANCE: ContextReliance = {
  input_context: 'Lima is big.',
  input_context_tokens: ['L', 'ima', 'Ġis', 'Ġbig', '.'],
  output_context: 'So',
  output_context_tokens: ['So'],
  output_current: ' is it',
  output_current_tokens: ['Ġis', 'Ġit', '.'],
  cti_scores: [0.1, 2, 0.2],
  cti_threshold: 1,
  cci_scores: [
    {
      ...{ cti_idx: 1, cti_token: 'Ġit', cti_score: 2, contextual_output: '', contrast_token: null },
      ...{ contextless_output: null, input_context_scores: [3, 4, 1, 1, 0], output_context_scores: [1] },
    },
  ],
};
