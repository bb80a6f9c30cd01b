/** Scores of several layers: for a generated token, what counted down and layers across. */

import type { ResultSequence, Scores } from '../../contract/result.ts';
import { numberOf } from './scores.ts';
import { type Unit, unitsOf } from './units.ts';

export interface LayerMap {
  rows: Unit[];
  /** Names of the layers, without what all of them have in common. */
  layers: string[];
  /** `values[row * layers.length + layer]`; NaN where there is none. */
  values: Float64Array;
}

/** Whether scores have an axis of layers. */
export function hasLayers({ axes }: ResultSequence): boolean {
  return axes?.[0] === 'layer';
}

/** The map of step `step`, heads and the like within a layer joined by their norm. */
export function layerMapOf(sequence: ResultSequence, step: number): LayerMap {
  const { source_attributions: source, target_attributions: target, attr_pos_start: start } = sequence;
  const units = unitsOf(sequence, 'token');
  const count = sequence.layers?.length ?? layerCount([...(source ?? []), ...(target ?? [])]);
  const rows: Unit[] = [];
  const values: number[] = [];
  const add = (scores: Scores[][] | null, unit: Unit) => {
    const cells = (scores ?? []).slice(unit.from, unit.to).map((steps) => steps[step]);
    if (!cells.some(Array.isArray)) return;
    rows.push(unit);
    for (let layer = 0; layer < count; layer++) {
      values.push(cells.reduce((sum: number, cell) => sum + (Array.isArray(cell) ? numberOf(cell[layer]) : 0), 0));
    }
  };
  for (const unit of units.source) add(source, unit);
  for (const unit of units.target) if (unit.to <= start + step) add(target, unit);
  const names = sequence.layers ?? Array.from({ length: count }, (_, layer) => String(layer));
  return { rows, layers: shortNames(names), values: Float64Array.from(values) };
}

function layerCount(rows: readonly Scores[][]): number {
  let most = 0;
  for (const row of rows) for (const cell of row) if (Array.isArray(cell)) most = Math.max(most, cell.length);
  return most;
}

/** Names without the parts that all of them begin and end with: `transformer.h.3.mlp` is 3. */
export function shortNames(names: readonly string[]): string[] {
  const parts = names.map((name) => name.split('.'));
  const shortest = Math.min(...parts.map(({ length }) => length));
  const same = (at: (part: string[]) => string): boolean => parts.every((part) => at(part) === at(parts[0]));
  let head = 0;
  while (head < shortest - 1 && same((part) => part[head])) head++;
  let tail = 0;
  while (tail < shortest - 1 - head && same((part) => part[part.length - 1 - tail])) tail++;
  return parts.map((part) => part.slice(head, part.length - tail).join('.'));
}
