/** Refuses what would not fit into a worker's memory before it waits in a queue: with the numbers that the worker would give. */
import { fittingScores } from '../../activation-bytes.ts';
import type { AttributeRequest } from '../../contract/attribute-request.ts';
import type { ModelInfo } from '../../contract/catalogue.ts';
import type { Outlook } from '../../quotes/quote.ts';
import { validationProblem } from '../problems.ts';

/** @throws ApiProblem 422 */
export function refuseBeyondMemory(request: AttributeRequest, { memory }: ModelInfo, outlook: Outlook | null): void {
  if (memory === undefined || outlook === null || request.generated_texts === null) return;
  if (request.target_spans) return; // how many outputs spans are, the worker finds out
  const raw = request.aggregators?.length === 0;
  const limit = fittingScores(memory.budget_bytes, raw);
  const { extents } = outlook;
  for (const { length, sourceLength, steps } of extents) {
    const tokens = length + 1 + sourceLength;
    const numbers = tokens * steps * memory.hidden_size * extents.length;
    if (numbers <= limit) continue;
    const detail =
      `selects ${tokens} tokens x ${steps} steps x ${memory.hidden_size} dimensions` +
      `${extents.length > 1 ? ` x ${extents.length} texts` : ''}: ${numbers} scores, and at most ${limit} fit; attribute ` +
      `fewer tokens by attr_pos_start and attr_pos_end${raw ? ', or leave aggregators out' : ''}.`;
    throw validationProblem([{ pointer: '#/attr_pos_start', detail }]);
  }
}
