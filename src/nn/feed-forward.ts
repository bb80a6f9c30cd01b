/** Feed-forward layers of a transformer block. */

import { activation } from './activation.ts';
import { multiply, splitColumns } from './elementwise.ts';
import { type Linear, linear } from './linear.ts';
import type { Run, Value } from './run.ts';

export interface FeedForward {
  readonly up: Linear;
  readonly down: Linear;
  /** Name of the activation function. */
  readonly kind: string;
}

/** down(activation(up(x))) */
export function feedForward(run: Run, x: Value, { up, down, kind }: FeedForward): Value {
  return linear(run, activation(run, linear(run, x, up), kind), down);
}

export interface GatedFeedForward {
  /** The gate; null: `up` holds it in the first half of its columns. */
  readonly gate: Linear | null;
  readonly up: Linear;
  readonly down: Linear;
  readonly kind: string;
}

/** down(activation(gate(x)) * up(x)) (Shazeer 2020, arXiv:2002.05202) */
export function gatedFeedForward(run: Run, x: Value, { gate, up, down, kind }: GatedFeedForward): Value {
  const raised = linear(run, x, up);
  const half = raised.tensor.shape[1] / 2;
  const [gated, value] = gate === null ? splitColumns(run, raised, [half, half]) : [linear(run, x, gate), raised];
  return linear(run, multiply(run, activation(run, gated, kind), value), down);
}
