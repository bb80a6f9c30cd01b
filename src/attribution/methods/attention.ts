/**
 * Attention weights (Bahdanau et al. 2014; Jain & Wallace 2019 on what they do not tell): the probabilities of every
 * layer and head at the position where each token is predicted, [tokens, columns, layers, heads]. A span of tokens has the
 * mean over its tokens, so that it, too, is a distribution over what is looked at.
 */

import { Type } from 'typebox';
import { indexTensor, type Part } from '../../nn/rows.ts';
import { type Tensor, tf } from '../../tensors/tf.ts';
import { AttributionError } from '../errors.ts';
import { defineMethod, type MethodScores } from '../method.ts';
import type { Passes } from '../passes/passes.ts';
import type { ScoreArray } from '../scores.ts';
import { meansOfSteps } from './parts/means.ts';

export default defineMethod({
  id: 'attention',
  name: 'Attention weights',
  description: 'How much each layer and head looks at a token when the next one is predicted.',
  paper: {
    title: 'Neural Machine Translation by Jointly Learning to Align and Translate',
    url: 'https://arxiv.org/abs/1409.0473',
  },
  argsSchema: Type.Object({}, { additionalProperties: false }),
  appliesTo: ['decoder-only', 'encoder-decoder'],
  needsGradient: false,
  passes: { apart: 1 },

  async attribute({ passes, attributeTarget }) {
    const { encoder, decoder } = passes.model;
    const maps = await attentionMaps(passes);
    const self = stepScores(
      passes,
      decoder.selfAttention.map((name) => maps.get(name)),
      passes.length + 1,
      true,
    );
    if (encoder === null) return { kind: 'multidimensional', source: null, target: self, axes: AXES };
    const cross = stepScores(
      passes,
      decoder.crossAttention.map((name) => maps.get(name)),
      passes.sourceLength,
      false,
    );
    const encoderSelf = allScores(
      passes,
      encoder.selfAttention.map((name) => maps.get(name)),
    );
    const scores: MethodScores = { kind: 'multidimensional', source: cross, target: null, axes: AXES };
    scores.sequenceScores = { encoder_self_attentions: encoderSelf };
    if (attributeTarget) scores.target = self;
    else scores.sequenceScores.decoder_self_attentions = prefixOnly(self, passes);
    return scores;
  },
});

const AXES = ['layer', 'head'];

/** Probabilities of one block: [heads, queries, keys]; queries are the steps, or in the encoder every position. */
interface AttentionMap {
  heads: number;
  queries: number;
  keys: number;
  data: Float32Array;
}

/** The probabilities that scores are made of, read layer by layer: rows of the steps, and the encoder's whole maps. */
async function attentionMaps(passes: Passes): Promise<Map<string, AttentionMap>> {
  const encoderNames = new Set(passes.model.encoder?.selfAttention ?? []);
  const kept = new Map<string, Tensor>();
  const onProbabilities = (name: string, probabilities: Tensor, part: Part): void => {
    const read = (): Tensor => indexTensor(passes.read.map((position) => part.rowOf(0, position)));
    const rows = encoderNames.has(name) ? probabilities.clone() : tf.gather(probabilities, read(), 2);
    limitMaps(passes, rows.size);
    kept.set(name, tf.keep(rows));
  };
  const maps = new Map<string, AttentionMap>();
  try {
    await passes.watchAttention(passes.clean, onProbabilities);
    for (const [name, tensor] of kept) {
      const [, heads, queries, keys] = tensor.shape;
      maps.set(name, { heads, queries, keys: keys as number, data: (await tensor.data()) as Float32Array });
    }
  } finally {
    for (const tensor of kept.values()) tensor.dispose();
  }
  return maps;
}

const FLOAT_BYTES = 4;
/** On the device, as read, and as scores. */
const COPIES = 3;

/** Refuses maps of so many numbers a layer that would not fit into memory. @throws {AttributionError} */
function limitMaps({ model, length, sourceLength, memoryBudget }: Passes, size: number): void {
  const layers = model.decoder.blocks.length + (model.encoder?.blocks.length ?? 0);
  const bytes = size * layers * FLOAT_BYTES * COPIES;
  if (bytes <= memoryBudget) return;
  const [needed, allowed] = [bytes, memoryBudget].map((one) => Math.ceil(one / 2 ** 20));
  throw new AttributionError(
    'too_large',
    `the attention maps of ${length + sourceLength} tokens need up to ${needed} MB and ${allowed} MB are allowed: ` +
      'shorten the text, or attribute fewer tokens by attr_pos_start and attr_pos_end',
    '#/input_texts',
  );
}

/** [tokens, columns, layers, heads] of the rows where scores are read; NaN for keys after them if `causal`. */
function stepScores(passes: Passes, layers: (AttentionMap | undefined)[], tokens: number, causal: boolean): ScoreArray {
  const heads = layers[0]?.heads ?? 0;
  const { steps, read } = passes;
  const data = new Float32Array(tokens * steps * layers.length * heads).fill(Number.NaN);
  layers.forEach((map, layer) => {
    if (map === undefined) return;
    for (let t = 0; t < steps; t++) {
      const visible = causal ? read[t] + 1 : map.keys;
      for (let head = 0; head < heads; head++) {
        const row = (head * map.queries + t) * map.keys;
        for (let key = 0; key < visible; key++) {
          data[((key * steps + t) * layers.length + layer) * heads + head] = map.data[row + key];
        }
      }
    }
  });
  return meansOfSteps(passes, { shape: [tokens, steps, layers.length, heads], data });
}

/** [keys, queries, layers, heads] of every query of the encoder. */
function allScores(passes: Passes, layers: (AttentionMap | undefined)[]): ScoreArray {
  const heads = layers[0]?.heads ?? 0;
  const length = passes.sourceLength;
  const data = new Float32Array(length * length * layers.length * heads);
  layers.forEach((map, layer) => {
    if (map === undefined) return;
    for (let head = 0; head < heads; head++) {
      for (let query = 0; query < length; query++) {
        for (let key = 0; key < length; key++) {
          const value = map.data[(head * length + query) * length + key];
          data[((key * length + query) * layers.length + layer) * heads + head] = value;
        }
      }
    }
  });
  return { shape: [length, length, layers.length, heads], data };
}

/** The scores without the row of the last token, which no step sees; 0 where a key comes after the query. */
function prefixOnly(scores: ScoreArray, passes: Passes): ScoreArray {
  const [, ...rest] = scores.shape;
  const size = rest.reduce((product, length) => product * length, 1);
  const data = scores.data.slice(0, passes.length * size).map((value) => (Number.isNaN(value) ? 0 : value));
  return { shape: [passes.length, ...rest], data };
}
