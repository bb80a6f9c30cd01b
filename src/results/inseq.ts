/**
 * The JSON that `inseq.FeatureAttributionOutput.load` (0.7.1) reads: its classes by module and name, tensors as base64
 * of a safetensors file, keys sorted, non-ASCII characters escaped, as Python writes it.
 */

import type { ScoreArray, ScoreKind, SequenceAttribution, Token } from '../attribution/scores.ts';

/** What Inseq notes about a run; names and meanings are Inseq's. */
export interface InseqInfo {
  attribution_method: string;
  attr_pos_start: number | null;
  attr_pos_end: number | null;
  attribute_target: boolean;
  /** With the suffix that Inseq's function names have, such as `probability_fn`. */
  attributed_fn: string;
  attributed_fn_args: Record<string, unknown>;
  attribution_args: Record<string, unknown>;
  /** True where the generated texts were given. */
  constrained_decoding: boolean;
  exec_time: number;
  generate_from_target_prefix: boolean;
  generated_texts: string[];
  generation_args: Record<string, unknown>;
  include_eos_baseline: boolean;
  input_texts: string[];
  /** Hugging Face's class name, such as `GPT2LMHeadModel`. */
  model_class: string;
  model_name: string;
  output_step_attributions: boolean;
  step_scores: string[];
  step_scores_args: Record<string, unknown>;
  tokenizer_class: string | null;
  tokenizer_name: string | null;
}

const SEQUENCE_CLASSES: Record<ScoreKind, string> = {
  granular: 'GranularFeatureAttributionSequenceOutput',
  coarse: 'CoarseFeatureAttributionSequenceOutput',
  multidimensional: 'MultiDimensionalFeatureAttributionSequenceOutput',
};

/**
 * The text of the file, indented by four spaces.
 * @param sequences - raw or aggregated; by a sequence's kind Inseq knows how it must aggregate the scores to show them
 */
export function toInseqJson(sequences: readonly SequenceAttribution[], info: InseqInfo): string {
  const output = instance('inseq.data.attribution', 'FeatureAttributionOutput', {
    info,
    sequence_attributions: sequences.map(sequenceObject),
    step_attributions: null,
  });
  const json = JSON.stringify(sorted(output), null, 4);
  return json.replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function sequenceObject(sequence: SequenceAttribution): object {
  const { kind, source, target, attrPosStart, sourceAttributions, targetAttributions, axes = [] } = sequence;
  const stepScores = { ...sequence.stepScores };
  if (sequence.convergenceDelta !== null) stepScores.deltas = sequence.convergenceDelta;
  // Decoder-only models have no source; Inseq calls the prompt so.
  const sourceTokens = sourceAttributions === null && source.length === 0 ? target.slice(0, attrPosStart) : source;
  return instance('inseq.data.attribution', SEQUENCE_CLASSES[kind], {
    source: sourceTokens.map(tokenObject),
    target: target.map(tokenObject),
    source_attributions: sourceAttributions && tensor(withoutHoles(sourceAttributions)),
    target_attributions: targetAttributions && tensor(withoutHoles(targetAttributions)),
    step_scores: mapValues(stepScores, (data) => tensor({ shape: [data.length], data })),
    sequence_scores: mapValues(sequence.sequenceScores, tensor),
    attr_pos_start: attrPosStart,
    attr_pos_end: sequence.attrPosEnd,
    // How many means Inseq takes to show these scores. It forgets the number when it saves, and cannot show its own file.
    ...(kind === 'multidimensional' && axes.length > 0 && { _num_dimensions: axes.length }),
  });
}

/**
 * Where a cell has scores of some layers, those that it has not (a decoder's layers say nothing of source tokens) are 0, as
 * Inseq's mean makes NaN of such a cell. Cells that do not apply stay NaN.
 */
function withoutHoles({ shape, data }: ScoreArray): ScoreArray {
  const width = shape.slice(2).reduce((product, size) => product * size, 1);
  if (width === 1) return { shape, data };
  const filled = data.slice();
  for (let at = 0; at < filled.length; at += width) {
    const cell = filled.subarray(at, at + width);
    if (!cell.every(Number.isNaN))
      cell.forEach((value, k) => {
        if (Number.isNaN(value)) cell[k] = 0;
      });
  }
  return { shape, data: filled };
}

/** A token that was compared with another one has both, as in Inseq: "contrast → token" without an id. */
function tokenObject({ id, token, contrast }: Token): object {
  const attributes =
    contrast === undefined || contrast.token === token
      ? { id, token }
      : { id: -1, token: `${contrast.token} → ${token}` };
  return instance('inseq.utils.typing', 'TokenWithId', attributes);
}

function instance(module: string, name: string, attributes: object): object {
  return { __instance_type__: [module, name], attributes };
}

/** Base64 of a safetensors file that holds the numbers under the name "attribution". */
function tensor({ shape, data }: ScoreArray): string {
  const entry = { attribution: { dtype: 'F32', shape, data_offsets: [0, data.byteLength] } };
  const json = JSON.stringify(entry);
  const header = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8, ' '));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(header.byteLength));
  return Buffer.concat([size, header, Buffer.from(data.buffer, data.byteOffset, data.byteLength)]).toString('base64');
}

function mapValues<V, W>(record: Record<string, V>, of: (value: V) => W): Record<string, W> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, of(value)]));
}

/** The same value with the keys of all objects sorted. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}
