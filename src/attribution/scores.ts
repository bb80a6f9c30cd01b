/** Scores of attribution methods, before they are aggregated and written in a format. */

import type { Span } from './spans.ts';

/** Row-major numbers with their shape. NaN: not applicable (a target token that comes after the step). */
export interface ScoreArray {
  shape: number[];
  data: Float32Array;
}

/** A token with the characters of the text that it covers; `start` and `end` are null for special tokens. */
export interface Token {
  id: number;
  token: string;
  start: number | null;
  end: number | null;
  /** Chat models: the role whose message the token belongs to. */
  role?: string;
  /** True where the model did not choose the token: a forced language code. */
  forced?: boolean;
  /** The token of the contrast text that it was compared with, and its position there. */
  contrast?: { id: number; token: string; position: number };
  /** Positions of the tokens that it stands for, where what aggregators make of them is traced back. */
  span?: Span;
}

/**
 * What the axes after [tokens, steps] are, named as Inseq's output classes: `granular` has the embedding dimension,
 * `coarse` has none, `multidimensional` has layers and heads.
 */
export type ScoreKind = 'granular' | 'coarse' | 'multidimensional';

/** The number of axes that scores have after [tokens, steps]; 0 where nothing is attributed. */
export function extraAxes({
  sourceAttributions,
  targetAttributions,
}: Pick<SequenceAttribution, 'sourceAttributions' | 'targetAttributions'>): number {
  const scores = sourceAttributions ?? targetAttributions;
  return scores === null ? 0 : scores.shape.length - 2;
}

/** The same scores, called what their axes are: aggregated to one number for each pair of tokens they are coarse. */
export function withKindOfAxes(sequence: SequenceAttribution): SequenceAttribution {
  const axes = extraAxes(sequence);
  if (axes === 0) return { ...sequence, kind: 'coarse' };
  const named = axes === 1 && sequence.kind === 'granular' ? 'granular' : 'multidimensional';
  return { ...sequence, kind: named };
}

/** A token of the vocabulary and its probability at a step. */
export interface Likely {
  id: number;
  token: string;
  probability: number;
}

/** Generated tokens whose scores are summed: what a column of attributions is of. */
export interface TargetSpan {
  /** Characters [start, end) of the answer, which are `text`. */
  start: number;
  end: number;
  text: string;
  /** Target positions of its first and last token. */
  first: number;
  last: number;
  /** The attributed function, summed over its tokens. */
  score: number;
  /** Step scores, summed likewise. */
  stepScores: Record<string, number>;
}

/**
 * The attribution of one generated sequence. `steps` below is attrPosEnd - attrPosStart, and so is `columns`, where there
 * are no spans.
 */
export interface SequenceAttribution {
  kind: ScoreKind;
  /** Tokens of the encoder's input; empty for decoder-only models. */
  source: Token[];
  /** Tokens of the decoder; for decoder-only models the prompt comes first. */
  target: Token[];
  attrPosStart: number;
  /** Exclusive. */
  attrPosEnd: number;
  /** [source, columns, ...extra] */
  sourceAttributions: ScoreArray | null;
  /** [target, columns, ...extra] */
  targetAttributions: ScoreArray | null;
  /** [steps] each */
  stepScores: Record<string, Float32Array>;
  sequenceScores: Record<string, ScoreArray>;
  /** [columns]; null when the method has none or none was asked for. */
  convergenceDelta: Float32Array | null;
  /** [steps]: the most probable tokens of each, the most probable first; left out where none were asked for. */
  topAlternatives?: Likely[][];
  /** The spans that the columns are of: [columns]; left out: each column is a step. */
  targetSpans?: TargetSpan[];
  /** Names of the axes after [tokens, columns]. */
  axes?: string[];
  /** Names along the axis of layers, for methods that were asked for layers. */
  layers?: string[];
  /** Fit diagnostics by name: [columns] each. */
  diagnostics?: Record<string, Float32Array>;
}

/** Steps from .. to - 1 of an attribution alone, without what belongs to no step. */
export function sliceSteps(attribution: SequenceAttribution, from: number, to: number): SequenceAttribution {
  const { attrPosStart, sourceAttributions, targetAttributions, stepScores, topAlternatives } = attribution;
  const part = (array: ScoreArray | null): ScoreArray | null => array && sliceColumns(array, from, to);
  const { diagnostics: _, ...rest } = attribution;
  return {
    ...rest,
    attrPosStart: attrPosStart + from,
    attrPosEnd: attrPosStart + to,
    sourceAttributions: part(sourceAttributions),
    targetAttributions: part(targetAttributions),
    stepScores: Object.fromEntries(Object.entries(stepScores).map(([name, values]) => [name, values.slice(from, to)])),
    sequenceScores: {},
    convergenceDelta: null,
    ...(topAlternatives && { topAlternatives: topAlternatives.slice(from, to) }),
  };
}

/** Attributions of consecutive steps of one text as one. Tokens that only later steps have are NaN in the others. */
export function concatSteps(parts: readonly SequenceAttribution[]): SequenceAttribution {
  const [first] = parts;
  const last = parts[parts.length - 1];
  if (parts.length === 1) return first;
  const joined = (side: 'sourceAttributions' | 'targetAttributions'): ScoreArray | null => {
    const arrays = parts.map((part) => part[side]).filter((array) => array !== null);
    return arrays.length === 0 ? null : concatColumns(arrays);
  };
  const joinedRecord = (records: readonly Record<string, Float32Array>[]): Record<string, Float32Array> =>
    Object.fromEntries(Object.keys(records[0]).map((name) => [name, concatNumbers(records.map((one) => one[name]))]));
  const deltas = parts.map((part) => part.convergenceDelta);
  const diagnostics = parts.map((part) => part.diagnostics);
  return {
    ...last,
    attrPosStart: first.attrPosStart,
    sourceAttributions: joined('sourceAttributions'),
    targetAttributions: joined('targetAttributions'),
    stepScores: joinedRecord(parts.map(({ stepScores }) => stepScores)),
    convergenceDelta: deltas.every((delta) => delta !== null) ? concatNumbers(deltas) : null,
    ...(last.topAlternatives && { topAlternatives: parts.flatMap(({ topAlternatives = [] }) => topAlternatives) }),
    ...(diagnostics.every((one) => one !== undefined) && { diagnostics: joinedRecord(diagnostics) }),
  };
}

function concatNumbers(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap((part) => [...part]));
}

/** Columns from .. to - 1 of [tokens, steps, ...extra]. */
function sliceColumns({ shape, data }: ScoreArray, from: number, to: number): ScoreArray {
  const [tokens, steps, ...extra] = shape;
  if (from === 0 && to === steps) return { shape, data };
  const size = extra.reduce((product, axis) => product * axis, 1);
  const width = (to - from) * size;
  const slice = new Float32Array(tokens * width);
  for (let token = 0; token < tokens; token++) {
    const start = (token * steps + from) * size;
    slice.set(data.subarray(start, start + width), token * width);
  }
  return { shape: [tokens, to - from, ...extra], data: slice };
}

/** Arrays [tokens, steps, ...extra] side by side; where one has fewer tokens, NaN. */
function concatColumns(arrays: readonly ScoreArray[]): ScoreArray {
  const extra = arrays[0].shape.slice(2);
  const size = extra.reduce((product, axis) => product * axis, 1);
  const tokens = Math.max(...arrays.map(({ shape }) => shape[0]));
  const steps = arrays.reduce((sum, { shape }) => sum + shape[1], 0);
  const data = new Float32Array(tokens * steps * size).fill(Number.NaN);
  let offset = 0;
  for (const { shape, data: own } of arrays) {
    const width = shape[1] * size;
    for (let token = 0; token < shape[0]; token++) {
      data.set(own.subarray(token * width, (token + 1) * width), token * steps * size + offset);
    }
    offset += width;
  }
  return { shape: [tokens, steps, ...extra], data };
}
