/** The training loop. */
import { tf } from '../src/tensors/tf.ts';
import { type AdamOptions, adam, learningRateAt } from './adam.ts';
import type { Parameters } from './layers.ts';

export interface FitOptions extends AdamOptions {
  /** Says how it goes, every few seconds. */
  report: (line: string) => void;
}

/**
 * Minimizes `loss`, which draws a batch of its own at every call.
 * @returns the loss of every step, in nats
 */
export function fit(parameters: Parameters, loss: () => tf.Scalar, options: FitOptions): number[] {
  const update = adam(parameters, options);
  const variables = Object.values(parameters);
  const losses: number[] = [];
  const start = performance.now();
  let reported = start;
  for (let step = 0; step < options.totalSteps; step++) {
    const { value, grads } = tf.variableGrads(loss, variables);
    update(step, grads);
    losses.push(value.dataSync()[0]);
    tf.dispose([value, grads]);
    const now = performance.now();
    if (now - reported < 5000 && step + 1 < options.totalSteps) continue;
    reported = now;
    const recent = losses.slice(-100);
    const mean = recent.reduce((a, b) => a + b) / recent.length;
    const left = ((now - start) / (step + 1)) * (options.totalSteps - step - 1);
    options.report(
      `step ${step + 1}/${options.totalSteps}  loss ${mean.toFixed(4)}  rate ${learningRateAt(step, options).toExponential(1)}` +
        `  ${((now - start) / (step + 1)).toFixed(0)} ms/step  ${Math.round(left / 1000)} s left`,
    );
  }
  return losses;
}
