/**
 * The cooperative game of Shapley methods: units of a text are the players, and a coalition is worth the score of the text
 * in which all other units are replaced by their baselines. One set of copies serves all columns: of a column, the
 * players are the units that it sees.
 */

import { AttributionError } from '../../errors.ts';
import type { MethodScores, MethodTask } from '../../method.ts';
import { evaluateMasked, type Masks } from '../../passes/masked-copies.ts';
import type { ScoreArray } from '../../scores.ts';
import type { Side, Sides } from '../../sides.ts';
import type { Span } from '../../spans.ts';
import { baselinesOf, positionsOf, visiblePositions } from './inputs.ts';
import { Quote } from './quote.ts';
import { unitsOf } from './units.ts';

/** Up to as many players, every coalition is run: 1,024 copies at most. */
export const MAX_EXACT = 10;

/** The most players that a game may have: coalitions are masks of all of them. */
const MAX_PLAYERS = 4096;

type Task = MethodTask<Parameters<typeof unitsOf>[0]['args']>;

/** A unit that the score may depend on. */
interface Player extends Span {
  side: Side;
}

/** Values of players of one column: [players]; those that it does not see are not read. */
type ColumnValues = ArrayLike<number>;

export class ShapleyGame {
  readonly #task: Task;
  readonly #units: Sides<Span[]>;
  /** Units that differ from their baselines; the others never change the score, and their value is 0. */
  readonly players: readonly Player[];

  /** @throws {AttributionError} where the units do not fit the text, or are too many */
  constructor(task: Task) {
    this.#task = task;
    const { passes, attributeTarget } = task;
    const { sourceIds, sourceBaselineIds, targetIds, targetBaselineIds } = passes.sequence;
    this.#units = {
      source: sourceIds === null ? [] : unitsOf(task, 'source'),
      target: attributeTarget ? unitsOf(task, 'target') : [],
    };
    const playersOf = (side: Side, ids: Int32Array | null, baselines: Int32Array | null): Player[] =>
      this.#units[side]
        .filter(({ start, end }) => ids?.subarray(start, end).some((id, k) => id !== baselines?.[start + k]))
        .map(({ start, end }) => ({ side, start, end }));
    this.players = [
      ...playersOf('source', sourceIds, sourceBaselineIds),
      ...playersOf('target', targetIds, targetBaselineIds),
    ];
    if (this.players.length > MAX_PLAYERS) {
      throw new AttributionError(
        'too_large',
        `Shapley values of ${this.players.length} units are asked for, and ${MAX_PLAYERS} are the most: ask for larger ` +
          'units (method_args.units: "sentences", or "windows" with a window_size)',
        '#/method_args/units',
      );
    }
  }

  /** Whether every coalition is run. */
  get exact(): boolean {
    return this.players.length <= MAX_EXACT;
  }

  /** Players that a column sees, by number, ascending. */
  seenBy(column: number): number[] {
    const { passes } = this.#task;
    return this.players.flatMap(({ side, start }, player) =>
      start < visiblePositions(passes, side, column) ? [player] : [],
    );
  }

  /** A quote for the passes of so many coalitions. */
  quote(coalitions: number): { progress(done: number): Promise<void> } {
    const { source, target } = positionsOf(this.#task.passes);
    const rows = source + target;
    const quote = new Quote(this.#task, coalitions, coalitions * rows);
    return { progress: (done) => quote.progress(done * rows) };
  }

  /**
   * What coalitions are worth: [coalitions, columns].
   * @param coalitions - [coalitions * players], 1 for a member
   * @param onProgress - receives the number of coalitions that are done
   */
  async worth(coalitions: Uint8Array, onProgress: (done: number) => Promise<void>): Promise<Float32Array> {
    const { players } = this;
    const { passes, objective } = this.#task;
    // Without players there is one coalition, the text itself.
    const samples = players.length === 0 ? 1 : coalitions.length / players.length;
    const lengths = positionsOf(passes);
    const maskOf = (side: Side): Uint8Array | null =>
      this.#units[side].length === 0 ? null : new Uint8Array(samples * lengths[side]).fill(1);
    const masks: Masks = { samples, source: maskOf('source'), target: maskOf('target') };
    for (let sample = 0; sample < samples; sample++) {
      players.forEach(({ side, start, end }, player) => {
        const row = sample * lengths[side];
        if (coalitions[sample * players.length + player] === 0) masks[side]?.fill(0, row + start, row + end);
      });
    }
    return evaluateMasked({ passes, objective }, masks, baselinesOf(passes), onProgress);
  }

  /** Shapley values by the definition (Shapley 1953), from all 2^players coalitions: by column. */
  async exactValues(): Promise<ColumnValues[]> {
    const count = this.players.length;
    const size = 2 ** count;
    const coalitions = Uint8Array.from({ length: size * count }, (_, k) => (Math.floor(k / count) >> (k % count)) & 1);
    const { progress } = this.quote(size);
    const worth = await this.worth(coalitions, progress);
    const { columns } = this.#task.passes;
    // Of s others in a coalition: s! (n - s - 1)! / n!
    const shares = [1 / count];
    for (let s = 1; s < count; s++) shares.push((shares[s - 1] * s) / (count - s));
    return Array.from({ length: columns }, (_, column) => {
      const values = new Float64Array(count);
      for (let coalition = 0; coalition < size; coalition++) {
        for (let player = 0; player < count; player++) {
          if ((coalition >> player) & 1) continue;
          const gain = worth[(coalition | (1 << player)) * columns + column] - worth[coalition * columns + column];
          values[player] += shares[members(coalition)] * gain;
        }
      }
      return values;
    });
  }

  /** The values of players as scores of their tokens; NaN for tokens that a column does not see. */
  scores(values: readonly ColumnValues[]): MethodScores {
    const { passes } = this.#task;
    const { columns } = passes;
    const lengths = { source: passes.sourceLength, target: passes.length + 1 };
    const arrayOf = (side: Side): ScoreArray | null => {
      if (this.#units[side].length === 0) return null;
      const data = new Float32Array(lengths[side] * columns).fill(Number.NaN);
      values.forEach((own, column) => {
        const visible = visiblePositions(passes, side, column);
        for (let token = 0; token < visible; token++) data[token * columns + column] = 0;
        this.players.forEach((player, k) => {
          if (player.side !== side) return;
          const end = Math.min(player.end, visible);
          for (let token = player.start; token < end; token++) data[token * columns + column] = own[k];
        });
      });
      return { shape: [lengths[side], columns], data };
    };
    return { kind: 'coarse', source: arrayOf('source'), target: arrayOf('target') };
  }
}

/** Bits that are set. */
function members(coalition: number): number {
  let count = 0;
  for (let rest = coalition; rest > 0; rest >>= 1) count += rest & 1;
  return count;
}
