/** Limits on what a request may ask for that only the engine can know. */

import { fittingScores } from '../activation-bytes.ts';
import { AttributionError } from '../attribution/errors.ts';
import type { Job } from './attribution.ts';
import type { Input } from './inputs.ts';

/** Refuses scores that could not be held or sent, with the numbers. @throws {AttributionError} */
export function limitRawScores({ request, model, resources }: Job, { sequence, source }: Input, texts: number): void {
  const { start, end, spans } = sequence;
  const columns = spans?.length ?? end - start;
  const cells = (end + source.length) * columns;
  const numbers = cells * model.model.hiddenSize * texts;
  const raw = request.aggregators?.length === 0;
  const limit = fittingScores(resources.memoryBudget, raw);
  if (numbers <= limit) return;
  throw new AttributionError(
    'too_many_scores',
    `${end + source.length} tokens x ${columns} outputs x ${model.model.hiddenSize} dimensions are ${numbers} ` +
      `scores, and at most ${limit} fit; attribute fewer tokens by attr_pos_start and attr_pos_end` +
      (raw ? ', or leave aggregators out' : ''),
    '#/attr_pos_start',
  );
}
