/** Attention to an encoder's output, also where an earlier run has left its keys and values in the cache. */

import { type AttentionConfig, attention, cachedAttention } from './attention.ts';
import { type Linear, linear } from './linear.ts';
import type { Run, Value } from './run.ts';

/** The rows that are attended to; `cached`: those whose keys and values are in the run's `past`. */
export type Memory = Value | 'cached';

/** What makes keys and values of the memory's rows. */
export interface MemoryProjections {
  readonly key: Linear;
  readonly value: Linear;
}

/**
 * @param q - queries [rows, heads * head_dim]
 * @param memory - [memory rows, width], part for part
 * @returns [rows, heads * head_dim]
 */
export function attentionTo(
  run: Run,
  q: Value,
  memory: Memory,
  { key, value }: MemoryProjections,
  config: AttentionConfig,
): Value {
  if (memory === 'cached') return cachedAttention(run, q, config);
  return attention(run, q, linear(run, memory, key), linear(run, memory, value), config);
}
