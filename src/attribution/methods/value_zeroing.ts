/**
 * Value zeroing (Mohebbi et al. 2023): how far a layer's output moves (1 - cosine) when the value vectors of one token, or
 * of one unit of tokens, are zeroed in it, normalized over the units: [tokens, columns, layers]. Each unit costs about the
 * pass of the rows that are read. A span of generated tokens has the mean of their shares.
 */

import { type Static, Type } from 'typebox';
import { defineMethod, type MethodScores } from '../method.ts';
import type { ScoreArray } from '../scores.ts';
import { meansOfSteps } from './parts/means.ts';
import { Quote } from './parts/quote.ts';
import { UNIT_ARGS, unitsOf } from './parts/units.ts';
import {
  cosineDistance,
  euclideanDistance,
  type HeadsOf,
  type ZeroedAttention,
  ZeroedValues,
} from './parts/zeroed-values.ts';

const heads = Type.Union([
  Type.Integer(),
  Type.Array(Type.Integer(), { minItems: 1, maxItems: 512 }),
  Type.Object(
    { start: Type.Integer({ minimum: 0 }), end: Type.Integer({ minimum: 1, maximum: 4096 }) },
    { additionalProperties: false },
  ),
]);

/** Schema of the heads that are zeroed in one kind of attention. */
const units = (whose: string) =>
  Type.Union([heads, Type.Record(Type.String({ pattern: '^[0-9]{1,4}$' }), heads), Type.Null()], {
    default: null,
    description:
      `Heads of the ${whose} whose values are zeroed (key-value heads where queries share them): one, a list, ` +
      '{"start", "end"} with the end exclusive, or {"layer": heads} for single layers, the others staying whole. ' +
      'null: all.',
  });

export default defineMethod({
  id: 'value_zeroing',
  name: 'Value zeroing',
  description: "How far each layer's output moves when the value vectors of a token or unit are zeroed in it.",
  paper: {
    title: 'Quantifying Context Mixing in Transformers',
    url: 'https://arxiv.org/abs/2301.12971',
  },
  argsSchema: Type.Object(
    {
      similarity_metric: Type.Union([Type.Literal('cosine'), Type.Literal('euclidean')], {
        default: 'cosine',
        description: 'How outputs are compared: 1 - cosine, or the Euclidean distance.',
      }),
      encoder_zeroed_units_indices: units("encoder's self-attention"),
      decoder_zeroed_units_indices: units("decoder's self-attention"),
      cross_zeroed_units_indices: units('cross-attention'),
      output_decoder_self_scores: Type.Boolean({
        default: true,
        description: "Encoder-decoder models: report the decoder's scores beside those of the source.",
      }),
      output_encoder_self_scores: Type.Boolean({
        default: true,
        description: "Encoder-decoder models: report the encoder's scores beside those of the source.",
      }),
      ...UNIT_ARGS,
    },
    { additionalProperties: false },
  ),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,
  passes: {
    apart: [
      '+',
      1,
      'source_units',
      ['*', ['max', 'attribute_target', 'output_decoder_self_scores'], 'target_units'],
      ['*', 'output_encoder_self_scores', 'source_units'],
    ],
  },

  async attribute(task) {
    const { passes, args, attributeTarget } = task;
    const { encoder, decoder } = passes.model;
    const kinds: ZeroedAttention[] = [];
    if (encoder !== null) kinds.push('cross');
    if (attributeTarget || args.output_decoder_self_scores) kinds.push('decoder');
    if (encoder !== null && args.output_encoder_self_scores) kinds.push('encoder');
    const unitsOfKind = (kind: ZeroedAttention) => unitsOf(task, kind === 'decoder' ? 'target' : 'source');
    // Layers times units times the rows that are compared.
    const rows = (kind: ZeroedAttention) =>
      kind === 'encoder' ? (encoder?.blocks.length ?? 0) * passes.sourceLength : decoder.blocks.length * passes.steps;
    const work = (kind: ZeroedAttention) => rows(kind) * unitsOfKind(kind).length;
    const total = kinds.reduce((sum, kind) => sum + work(kind), 0);
    const copies = kinds.reduce((sum, kind) => sum + unitsOfKind(kind).length, 0);
    const quote = new Quote(task, copies, total);
    const distance = args.similarity_metric === 'euclidean' ? euclideanDistance : cosineDistance;
    const shares = new Map<ZeroedAttention, ScoreArray>();
    const zeroed = new ZeroedValues(passes);
    let before = 0;
    try {
      for (const kind of kinds) {
        const units = unitsOfKind(kind);
        const asked = { kind, units, heads: headsOf(args[`${kind}_zeroed_units_indices`]), distance };
        const ofLayer = rows(kind) / zeroed.layers(kind);
        const found = await zeroed.shares(asked, (done) => quote.progress(before + done * ofLayer));
        shares.set(kind, kind === 'encoder' ? found : meansOfSteps(passes, found));
        before += work(kind);
      }
    } finally {
      zeroed.dispose();
    }
    const self = shares.get('decoder') ?? null;
    const target = attributeTarget && self !== null ? withLastToken(self) : null;
    const scores: MethodScores = {
      kind: 'multidimensional',
      source: shares.get('cross') ?? null,
      target,
      axes: ['layer'],
      sequenceScores: {},
    };
    const encoderSelf = shares.get('encoder');
    if (target === null && self !== null) scores.sequenceScores = { decoder_self_scores: self };
    if (encoderSelf !== undefined)
      scores.sequenceScores = { ...scores.sequenceScores, encoder_self_scores: encoderSelf };
    return scores;
  },
});

/** Heads by their number, as a list or as a range. */
type Heads = Static<typeof heads>;

/** Reads one of the `…_zeroed_units_indices` arguments. */
function headsOf(argument: Heads | Record<string, Heads> | null): HeadsOf {
  if (argument === null) return () => null;
  if (isHeads(argument)) {
    const everywhere = headList(argument);
    return () => everywhere;
  }
  return (layer) => (layer in argument ? headList(argument[layer]) : []);
}

/** Layers are named by numbers: an object with a start is a range. */
function isHeads(argument: Heads | Record<string, Heads>): argument is Heads {
  return typeof argument === 'number' || Array.isArray(argument) || 'start' in argument;
}

function headList(chosen: Heads): number[] {
  if (typeof chosen === 'number') return [chosen];
  if (Array.isArray(chosen)) return chosen;
  const { start, end } = chosen;
  return Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
}

/** Scores with a row of NaN for the last target token, which nothing attends to. */
function withLastToken({ shape, data }: ScoreArray): ScoreArray {
  const [tokens, ...rest] = shape;
  const all = new Float32Array(data.length + data.length / tokens).fill(Number.NaN);
  all.set(data);
  return { shape: [tokens + 1, ...rest], data: all };
}
