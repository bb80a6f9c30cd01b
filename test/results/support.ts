/** Reads the reference library's files, and results made for tests. */

import { AttributionError } from '../../src/attribution/errors.ts';
import type { ScoreArray, ScoreKind, SequenceAttribution } from '../../src/attribution/scores.ts';
import type { Result, ResultSequence } from '../../src/contract/result.ts';
import { failedSequence as failed, TextFault } from '../../src/engine/text-faults.ts';
import type { InseqInfo } from '../../src/results/inseq.ts';
import { infoOf } from '../support/result-info.ts';

interface Instance<T> {
  __instance_type__: [string, string];
  attributes: T;
}

interface InseqSequence {
  source: Instance<{ id: number; token: string }>[];
  target: Instance<{ id: number; token: string }>[];
  source_attributions: string | null;
  target_attributions: string | null;
  step_scores: Record<string, string>;
  sequence_scores: Record<string, string>;
  attr_pos_start: number;
  attr_pos_end: number;
}

/** A saved tensor. */
function readTensor(base64: string): ScoreArray {
  const bytes = Buffer.from(base64, 'base64');
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const { attribution } = JSON.parse(bytes.toString('utf8', 8, start));
  const data = new Uint8Array(bytes.subarray(start)).buffer;
  return { shape: attribution.shape, data: new Float32Array(data) };
}

/** A file that the reference library saved, as sequences and information. */
export function readInseqJson(text: string): { sequences: SequenceAttribution[]; info: InseqInfo } {
  const { attributes }: Instance<{ info: InseqInfo; sequence_attributions: Instance<InseqSequence>[] }> =
    JSON.parse(text);
  return { sequences: attributes.sequence_attributions.map(readSequence), info: attributes.info };
}

const KINDS: [string, ScoreKind][] = [
  ['Granular', 'granular'],
  ['Coarse', 'coarse'],
  ['MultiDimensional', 'multidimensional'],
];

function readSequence({ __instance_type__: [, name], attributes }: Instance<InseqSequence>): SequenceAttribution {
  const tokens = (list: InseqSequence['source']) =>
    list.map(({ attributes: { id, token } }) => ({ id, token, start: null, end: null }));
  const tensors = (record: Record<string, string>) =>
    Object.entries(record).map(([key, value]) => [key, readTensor(value)] as const);
  const kind = KINDS.find(([prefix]) => name.startsWith(prefix))?.[1];
  if (kind === undefined) throw new Error(`unknown class ${name}`);
  const { source_attributions, target_attributions } = attributes;
  return {
    kind,
    source: source_attributions === null ? [] : tokens(attributes.source),
    target: tokens(attributes.target),
    attrPosStart: attributes.attr_pos_start,
    attrPosEnd: attributes.attr_pos_end,
    sourceAttributions: source_attributions === null ? null : readTensor(source_attributions),
    targetAttributions: target_attributions === null ? null : readTensor(target_attributions),
    stepScores: Object.fromEntries(tensors(attributes.step_scores).map(([key, { data }]) => [key, data])),
    sequenceScores: Object.fromEntries(tensors(attributes.sequence_scores)),
    convergenceDelta: null,
  };
}

/** A result around sequences. */
export function resultOf(...sequences: ResultSequence[]): Result {
  return {
    job_id: 'job-1',
    sequences,
    info: infoOf(),
  };
}

/** Tokens one after the other in a text. */
export function tokensOf(...texts: string[]) {
  let at = 0;
  return texts.map((token, id) => {
    const start = at;
    at += token.length;
    return { id, token, start, end: at };
  });
}

/** A decoder-only sequence of four tokens, two of them generated. */
export function smallSequence(parts: Partial<ResultSequence> = {}): ResultSequence {
  return {
    source: [],
    target: tokensOf('The', ' capital', ' is', ' Paris'),
    attr_pos_start: 2,
    attr_pos_end: 4,
    source_attributions: null,
    target_attributions: [
      [0.25, 0.5],
      [0.75, -0.125],
      [null, 0.375],
      [null, null],
    ],
    step_scores: { probability: [0.9, 0.8] },
    sequence_scores: {},
    convergence_delta: null,
    ...parts,
  };
}

/** A text of which two tokens are attributed as one, and one by itself. */
export function spannedSequence(): ResultSequence {
  const span = (start: number, end: number, text: string, first: number, last: number, score: number) => ({
    ...{ start, end, text, attr_pos_start: first, attr_pos_end: last, score },
    step_scores: { probability: score },
  });
  return smallSequence({
    target: tokensOf('The', ' capital', ' is', ' Paris', '.'),
    attr_pos_start: 1,
    attr_pos_end: 5,
    target_attributions: [
      [0.5, 0.25],
      [0.125, 0.5],
      [null, 0.25],
      [null, -0.5],
      [null, null],
    ],
    step_scores: { probability: [0.9, 0.8, 0.75, 0.5] },
    target_spans: [span(0, 11, ' capital is', 1, 3, 1.7), span(17, 18, '.', 4, 5, 0.5)],
  });
}

/** A text that failed. */
export function failedSequence(): ResultSequence {
  return failed(new TextFault(new AttributionError('too_long', 'It is, "well", too long.', '#/input_texts/0')));
}
