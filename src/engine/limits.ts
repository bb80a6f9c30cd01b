/** Limits on what a request may ask for that only the engine can know. */

import { AttributionError } from '../attribution/errors.ts';
import type { Job } from './attribution.ts';
import type { Input } from './inputs.ts';

/** Raw per-dimension scores of a result. */
const MOST_RAW_SCORES = 20_000_000;
/** Share of the memory budget that scores may take, as 4 bytes each. */
const SCORES_SHARE = 1 / 4;
const FLOAT_BYTES = 4;

/** Refuses scores that could not be held or sent, with the numbers. @throws {AttributionError} */
export function limitRawScores({ request, model, resources }: Job, { sequence, source }: Input, texts: number): void {
  const { start, end, spans } = sequence;
  const columns = spans?.length ?? end - start;
  const cells = (end + source.length) * columns;
  const numbers = cells * model.model.hiddenSize * texts;
  const raw = request.aggregators?.length === 0;
  const limit = raw ? MOST_RAW_SCORES : (resources.memoryBudget * SCORES_SHARE) / FLOAT_BYTES;
  if (numbers <= limit) return;
  throw new AttributionError(
    'too_many_scores',
    `${end + source.length} tokens x ${columns} outputs x ${model.model.hiddenSize} dimensions are ${numbers} ` +
      `scores, and at most ${Math.floor(limit)} fit; attribute fewer tokens by attr_pos_start and attr_pos_end` +
      (raw ? ', or leave aggregators out' : ''),
    '#/attr_pos_start',
  );
}
