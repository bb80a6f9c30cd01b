/** Step events of one text: columns leave in their order, as soon as all of their scores are known. */

import { type AggregatorCall, aggregate } from '../attribution/aggregation/aggregate.ts';
import type { AggregationContext } from '../attribution/aggregation/aggregator.ts';
import { concatSteps, type SequenceAttribution, sliceSteps } from '../attribution/scores.ts';
import { toResultSequence } from '../results/json.ts';
import type { EngineHooks } from './attribution.ts';

export class StepEvents {
  readonly #sequence: number;
  readonly #context: AggregationContext;
  readonly #hooks: EngineHooks;
  /** What has left, aggregated: consecutive ranges of steps. */
  readonly #parts: SequenceAttribution[] = [];
  #next = 0;

  /** @param sequence - index of the text */
  constructor(sequence: number, context: AggregationContext, hooks: EngineHooks) {
    this.#sequence = sequence;
    this.#context = context;
    this.#hooks = hooks;
  }

  /**
   * Tells the steps before `to` that have not been told yet.
   * @param attribution - whose columns before `to` are final
   * @param chain - the method's default; null: that of its kind of scores
   */
  finished(attribution: SequenceAttribution, to: number, chain: readonly AggregatorCall[] | null): void {
    if (to <= this.#next) return;
    const [part] = aggregate([sliceSteps(attribution, this.#next, to)], chain, [this.#context]);
    const isFirst = this.#next === 0;
    this.#parts.push(part);
    this.#next = to;
    this.#tell(part, isFirst);
  }

  /** Tells all steps of a text that an earlier attempt has finished: who listens knows most of them. */
  again(aggregated: SequenceAttribution): void {
    this.#tell(aggregated, true);
  }

  /** @param isFirst - whether its first step is the text's */
  #tell(part: SequenceAttribution, isFirst: boolean): void {
    const { source, target, source_attributions, target_attributions, step_scores, top_alternatives } =
      toResultSequence(part);
    const text = { source, target, attr_pos_start: part.attrPosStart };
    const column = <T>(rows: T[][] | null, t: number): T[] | null => rows?.map((row) => row[t]) ?? null;
    for (let t = 0; t < part.attrPosEnd - part.attrPosStart; t++) {
      const position = part.attrPosStart + t;
      this.#hooks.step({
        sequence: this.#sequence,
        position,
        token: target[position],
        source_attributions: column(source_attributions, t),
        target_attributions: column(target_attributions, t),
        step_scores: Object.fromEntries(Object.entries(step_scores).map(([name, values]) => [name, values[t]])),
        ...(isFirst && t === 0 && { text }),
        ...(top_alternatives && { top_alternatives: top_alternatives[t] }),
      });
    }
  }

  /** Tells the rest. @returns the whole, aggregated by the chain */
  finish(attribution: SequenceAttribution, chain: readonly AggregatorCall[]): SequenceAttribution {
    this.finished(attribution, attribution.attrPosEnd - attribution.attrPosStart, chain);
    // What belongs to no step, and what is known at the end alone.
    const ofNoStep = { ...attribution, sourceAttributions: null, targetAttributions: null };
    const [{ sequenceScores }] = aggregate([ofNoStep], chain, [this.#context]);
    const { convergenceDelta, diagnostics } = attribution;
    return { ...concatSteps(this.#parts), sequenceScores, convergenceDelta, ...(diagnostics && { diagnostics }) };
  }
}
