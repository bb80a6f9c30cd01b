/** Scores of attribution methods, before they are aggregated and written in a format. */

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

/** The attribution of one generated sequence. `steps` below is attrPosEnd - attrPosStart. */
export interface SequenceAttribution {
  kind: ScoreKind;
  /** Tokens of the encoder's input; empty for decoder-only models. */
  source: Token[];
  /** Tokens of the decoder; for decoder-only models the prompt comes first. */
  target: Token[];
  attrPosStart: number;
  /** Exclusive. */
  attrPosEnd: number;
  /** [source, steps, ...extra] */
  sourceAttributions: ScoreArray | null;
  /** [target, steps, ...extra] */
  targetAttributions: ScoreArray | null;
  /** [steps] each */
  stepScores: Record<string, Float32Array>;
  sequenceScores: Record<string, ScoreArray>;
  /** [steps]; null when the method has none or none was asked for. */
  convergenceDelta: Float32Array | null;
  /** Names of the axes after [tokens, steps]. */
  axes?: string[];
  /** Names along the axis of layers, for methods that were asked for layers. */
  layers?: string[];
  /** Fit diagnostics by name: [steps] each. */
  diagnostics?: Record<string, Float32Array>;
}
