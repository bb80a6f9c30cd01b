/** A golden case cut to its first generated token: for methods whose passes are too many for a slow device. */

import type { AttributionCase, Golden, GoldenSequence, GoldenTensor } from '../support/goldens.ts';

/** The first column of a golden tensor and as many rows as there are. */
function firstColumn(tensor: GoldenTensor | null, rows: number): GoldenTensor | null {
  if (tensor === null) return null;
  const [tokens, , ...axes] = tensor.shape;
  const count = Math.min(tokens, rows);
  const data = tensor.data && (tensor.data as Golden[][]).slice(0, count).map((row) => [row[0]]);
  return { ...tensor, shape: [count, 1, ...axes], data };
}

type Scores = Pick<GoldenSequence, 'source_attributions' | 'target_attributions'>;

/** @param golden - a case of one sequence */
export function firstStep(golden: AttributionCase): AttributionCase {
  const [sequence] = golden.sequences;
  const end = sequence.attr_pos_start + 1;
  const cut = (scores: Scores): Scores => ({
    source_attributions: firstColumn(scores.source_attributions, sequence.source.length),
    target_attributions: firstColumn(scores.target_attributions, end),
  });
  const first: GoldenSequence = {
    ...sequence,
    ...cut(sequence),
    target: sequence.target.slice(0, end),
    attr_pos_end: end,
    step_scores: {},
    ...(sequence.aggregated && { aggregated: { ...sequence.aggregated, ...cut(sequence.aggregated) } }),
  };
  return { ...golden, sequences: [first] };
}
