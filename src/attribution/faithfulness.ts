/**
 * How far the scores of a text can be trusted: its units are ranked once, or once for each span of the answer whose scores
 * are summed, and changed copies, by these orders and by a random one, run in one set of micro-batches. What several
 * metrics, or rankings, ask for runs once.
 */

import { Random } from '../random.ts';
import type { Measurement, Metric, MetricCopy } from './metric.ts';
import { evaluateMasked, type Masks } from './passes/masked-copies.ts';
import type { Objective } from './passes/objective.ts';
import type { Passes } from './passes/passes.ts';
import type { Sequence } from './passes/sequence-features.ts';
import { extraAxes, type ScoreArray, type SequenceAttribution, type Token } from './scores.ts';
import type { Side, Sides } from './sides.ts';
import type { Span } from './spans.ts';

/** A token of the input, or what aggregators merged to one; special tokens in it stay. */
export interface InputUnit extends Span {
  side: Side;
  /** In each ranking, the sum of its scores for all steps, or its score for a span: [rankings] */
  importance: readonly number[];
}

/** A metric with its arguments complete. */
export interface MetricCall {
  metric: Metric;
  args: Record<string, unknown>;
}

/** What a metric came to, by the ranking and by a random one. */
interface MeasuredMetric {
  value: number | null;
  random: number | null;
  points?: { units: number; value: number; random: number }[];
}

/** What one ranking came to. */
interface RankingMetrics {
  /** The mean score of the steps of the text as it is. */
  unchanged: number;
  /** In the order of the calls. */
  measured: MeasuredMetric[];
}

/** What a text came to: with spans, the means of theirs. */
export interface TextMetrics extends RankingMetrics {
  /** Ranked units. */
  units: number;
  /** Changed copies that were run. */
  copies: number;
  /** Of each span, by its own ranking; left out where each step has a column. */
  spans?: RankingMetrics[];
}

/** Some steps of the text, whose scores are read of the same copies. */
export interface ScoredSteps {
  passes: Passes;
  objective: Objective;
  /** Scores [columns] of the text as it is, where they are known; null: they take a pass. */
  clean: Float32Array | null;
}

/**
 * The units of the input in the order of the text: the source and what stands before the first attributed token, without
 * special tokens. They have one importance for the whole text, or one for each span; it is signed: what speaks against the
 * answer is the least important.
 * @param scores - aggregated to one number for each pair of tokens
 * @param sequence - of the whole text
 */
export function inputUnits(scores: SequenceAttribution, sequence: Sequence): InputUnit[] {
  if (extraAxes(scores) > 0) throw new RangeError('units are ranked by one score for each pair of tokens');
  const { sourceIds, targetIds, start, specialIds, spans } = sequence;
  const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
  const unitsOf = (side: Side, tokens: readonly Token[], array: ScoreArray | null): InputUnit[] => {
    const ids = side === 'source' ? sourceIds : targetIds.subarray(0, start);
    if (array === null || ids === null) return [];
    const [rows, columns] = array.shape;
    return tokens.slice(0, rows).flatMap((token, row) => {
      const span = token.span ?? { start: row, end: row + 1 };
      const isSpecial = ids.subarray(span.start, span.end).every((id) => specialIds?.has(id));
      if (span.end > ids.length || isSpecial) return [];
      const own = Array.from(array.data.subarray(row * columns, (row + 1) * columns), finite);
      const importance = spans === undefined ? [own.reduce((sum, value) => sum + value, 0)] : own;
      return [{ side, start: span.start, end: span.end, importance }];
    });
  };
  return [
    ...unitsOf('source', scores.source, scores.sourceAttributions),
    ...unitsOf('target', scores.target, scores.targetAttributions),
  ];
}

/**
 * Runs the copies of some metrics and makes their numbers. The score of a copy is the mean over all steps that are
 * attributed, or over those of the span whose ranking it is of.
 * @param units - of the input, in the order of the text
 * @param steps - all steps of the text, in parts that passes of their own serve
 * @param onProgress - receives the copies that are done, and all
 * @param onPlan - receives the number of changed copies before they run, and may refuse it by throwing
 */
export async function measureMetrics(
  calls: readonly MetricCall[],
  units: readonly InputUnit[],
  steps: readonly ScoredSteps[],
  random: Random,
  onProgress: (completed: number, total: number) => Promise<void>,
  onPlan: (copies: number) => void = () => {},
): Promise<TextMetrics> {
  // A column may be the sum of several steps.
  const lengths = steps.flatMap(({ passes }) => passes.stepsOf.map(({ start, end }) => end - start));
  const bySpan = steps.some(({ passes }) => passes.sums);
  const counts = bySpan ? lengths : [lengths.reduce((sum, length) => sum + length, 0)];
  const plan = new CopyPlan(units, counts.length, random);
  const wanted = units.length === 0 ? [] : calls.map(({ metric, args }) => metric.copies(units.length, args));
  const places = counts.map((_, ranking) =>
    wanted.map((copies) => ORDERS.map((order) => copies.map((copy) => plan.add(copy, order, ranking)))),
  );
  onPlan(plan.size - 1);
  const sums = counts.map(() => new Float64Array(plan.size));
  let column = 0;
  for (const [part, { passes, objective, clean }] of steps.entries()) {
    const sumOf = (at: number): Float64Array => sums[bySpan ? column + at : 0];
    const first = clean === null ? 0 : 1;
    clean?.forEach((score, at) => {
      sumOf(at)[0] += score;
    });
    const scores = await evaluateMasked(
      { passes, objective },
      plan.masks(passes, first),
      { source: passes.sourceBaseline, target: passes.targetBaseline },
      (done) => onProgress(part * plan.size + first + done, steps.length * plan.size),
    );
    scores.forEach((score, cell) => {
      sumOf(cell % passes.columns)[first + Math.floor(cell / passes.columns)] += score;
    });
    column += passes.columns;
  }
  const measured = counts.map((count, ranking): RankingMetrics => {
    const [unchanged, ...means] = sums[ranking].map((sum) => sum / count);
    const scoreAt = (place: number): number => (place === 0 ? unchanged : means[place - 1]);
    const values = calls.map(({ metric, args }, k): MeasuredMetric => {
      if (units.length === 0) return { value: null, random: null };
      const [own, chance] = places[ranking][k].map((order) =>
        metric.measure({ unchanged, copies: order.map(scoreAt) }, units.length, args),
      );
      return besideChance(own, chance);
    });
    return { unchanged, measured: values };
  });
  const whole = { units: units.length, copies: plan.size - 1 };
  if (!bySpan) return { ...measured[0], ...whole };
  return { ...meanOfSpans(measured), ...whole, spans: measured };
}

/** The mean over the spans that have a number, each weighing the same. */
function meanOfSpans(spans: readonly RankingMetrics[]): RankingMetrics {
  const mean = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const measured = spans[0].measured.map(({ points }, k): MeasuredMetric => {
    const all = spans.map((span) => span.measured[k]);
    return {
      value: mean(all.map(({ value }) => value)),
      random: mean(all.map(({ random }) => random)),
      ...(points && {
        points: points.map(({ units }, at) => ({
          units,
          value: mean(all.map((metric) => metric.points?.[at].value ?? null)) ?? 0,
          random: mean(all.map((metric) => metric.points?.[at].random ?? null)) ?? 0,
        })),
      }),
    };
  });
  return { unchanged: mean(spans.map(({ unchanged }) => unchanged)) ?? 0, measured };
}

function besideChance(own: Measurement, chance: Measurement): MeasuredMetric {
  const points = own.points?.map(({ units, value }, k) => ({ units, value, random: chance.points?.[k].value ?? 0 }));
  return { value: own.value, random: chance.value, ...(points && { points }) };
}

/** Orders of the units: by importance, and at random. */
const ORDERS = [0, 1] as const;
type Order = (typeof ORDERS)[number];

/** A copy to run. */
interface PlannedCopy {
  /** Units that are replaced, by number. */
  replaced: readonly number[];
  /** The probability with which each number of a unit's embeddings is kept, by unit; null: all are. */
  kept: ArrayLike<number> | null;
  seed: number;
}

/** The distinct copies of a text that metrics ask for; the first is the text as it is. */
class CopyPlan {
  readonly #units: readonly InputUnit[];
  /** Numbers of the units by rank, and importance by rank from 1 to 0, of each ranking. */
  readonly #rankings: readonly { ranked: readonly number[]; weights: readonly number[] }[];
  /** Numbers of the units at random: the same for all rankings. */
  readonly #random: readonly number[];
  readonly #seed: number;
  readonly #copies: PlannedCopy[] = [{ replaced: [], kept: null, seed: 0 }];
  readonly #places = new Map<string, number>([['', 0]]);

  constructor(units: readonly InputUnit[], rankings: number, random: Random) {
    this.#units = units;
    this.#rankings = Array.from({ length: rankings }, (_, ranking) => {
      const importanceOf = (unit: number): number => units[unit].importance[ranking];
      // Equal ones stay in the order of the text, which the random order is of, too: it is the same for all methods.
      const ranked = [...units.keys()].sort((a, b) => importanceOf(b) - importanceOf(a));
      const importance = ranked.map(importanceOf);
      const [highest, lowest] = [importance[0] ?? 0, importance.at(-1) ?? 0];
      // Where all are equal, nothing is known of any.
      const weights = importance.map((value) => (highest > lowest ? (value - lowest) / (highest - lowest) : 1 / 2));
      return { ranked, weights };
    });
    this.#random = random.order(units.length);
    this.#seed = random.integer(2 ** 31);
  }

  get size(): number {
    return this.#copies.length;
  }

  /** @returns the place of the copy among all */
  add(copy: MetricCopy, order: Order, ranking: number): number {
    const { key, planned } = this.#planned(copy, order, ranking);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.#copies.length);
    return this.#copies.push(planned) - 1;
  }

  #planned(copy: MetricCopy, order: Order, ranking: number): { key: string; planned: PlannedCopy } {
    const { ranked: own, weights } = this.#rankings[ranking];
    const ranked = order === 0 ? own : this.#random;
    switch (copy.kind) {
      case 'without':
      case 'only': {
        const chosen = copy.kind === 'without' ? ranked.slice(0, copy.units) : ranked.slice(copy.units);
        const replaced = chosen.toSorted((a, b) => a - b);
        return { key: replaced.join(), planned: { replaced, kept: null, seed: 0 } };
      }
      case 'zero':
        return { key: 'zero', planned: { replaced: [], kept: this.#units.map(() => 0), seed: 0 } };
      case 'soft': {
        const important = copy.keep === 'important';
        const kept = new Float64Array(this.#units.length);
        ranked.forEach((unit, rank) => {
          kept[unit] = important ? weights[rank] : 1 - weights[rank];
        });
        // Every mask of a ranking has a seed of its own, whatever else is asked for.
        const seed = (this.#seed + 4 * copy.sample + 2 * Number(important) + order) % 2 ** 31;
        return { key: `soft ${copy.keep} ${copy.sample} ${order} ${ranking}`, planned: { replaced: [], kept, seed } };
      }
    }
  }

  /** The copies from `first` on as masks over the positions of a text. */
  masks(passes: Passes, first: number): Masks {
    const copies = this.#copies.slice(first);
    const lengths: Sides<number> = { source: passes.sourceLength, target: passes.length };
    const maskOf = (side: Side): Uint8Array => {
      const mask = new Uint8Array(copies.length * lengths[side]).fill(1);
      copies.forEach(({ replaced }, copy) => {
        for (const unit of replaced) {
          for (const position of this.#positions(passes, side, unit)) mask[copy * lengths[side] + position] = 0;
        }
      });
      return mask;
    };
    return {
      samples: copies.length,
      source: passes.sourceFeatures && maskOf('source'),
      target: maskOf('target'),
      factors: (copy, side) => this.#factors(passes, side, copies[copy]),
    };
  }

  /** Positions of a unit on a side, without special tokens. */
  #positions({ sequence }: Passes, side: Side, unit: number): number[] {
    const { start, end, side: own } = this.#units[unit];
    if (own !== side) return [];
    const ids = side === 'source' ? sequence.sourceIds : sequence.targetIds;
    const positions = Array.from({ length: end - start }, (_, k) => start + k);
    return positions.filter((position) => ids !== null && !sequence.specialIds?.has(ids[position]));
  }

  /** 1 and 0 drawn for the embeddings [tokens, hidden] of a side. */
  #factors(passes: Passes, side: Side, { kept, seed }: PlannedCopy): Float32Array | null {
    const features = side === 'source' ? passes.sourceFeatures : passes.targetFeatures;
    if (kept === null || features === null) return null;
    const [, width] = features.shape;
    const factors = new Float32Array(features.size).fill(1);
    const random = this.#randomOf(seed, side);
    for (const [unit] of this.#units.entries()) {
      for (const position of this.#positions(passes, side, unit)) {
        for (let d = position * width; d < (position + 1) * width; d++) {
          factors[d] = random.uniform() < kept[unit] ? 1 : 0;
        }
      }
    }
    return factors;
  }

  #randomOf(seed: number, side: Side): Random {
    return new Random(side === 'source' ? seed : seed + 2 ** 31);
  }
}
