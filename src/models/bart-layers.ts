/**
 * Encoder and decoder of the BART lineage (BART, mBART, Marian, M2M100): one set of names in the checkpoint, with norms
 * before or after each sublayer. What differs otherwise (positions, norms around the stack) is in the families.
 */

import type { ModelConfig } from '../checkpoints/config.ts';
import { activation } from '../nn/activation.ts';
import { attentionTo, type Memory } from '../nn/cross-attention.ts';
import { add, addConstant, dropout, rowsAt } from '../nn/elementwise.ts';
import { linear } from '../nn/linear.ts';
import { LAYER_NORM_EPSILON, type LayerNorm, layerNorm } from '../nn/norm.ts';
import type { Rows } from '../nn/rows.ts';
import type { Run, Value } from '../nn/run.ts';
import {
  activationName,
  boolean,
  type ConfigOf,
  headSize,
  number,
  optionalBoolean,
  optionalSize,
  readFields,
  size,
} from './fields.ts';
import type { ModelShape, Network, Stack } from './model.ts';
import { outputLayer, storedName, tiedName } from './output-layer.ts';
import { type Ends, type Layer, layersOf, stackOf } from './stack.ts';
import type { Embedding, Weights } from './weights.ts';

type Side = 'encoder' | 'decoder';

/** What a family's config leaves out where it is not BART's default. */
interface Defaults {
  activation_function?: string;
  attention_dropout?: number;
  scale_embedding?: boolean;
}

const fields = (defaults: Defaults) => ({
  vocab_size: size(),
  decoder_vocab_size: optionalSize,
  d_model: size(),
  encoder_layers: size(),
  decoder_layers: size(),
  encoder_attention_heads: size(),
  decoder_attention_heads: size(),
  max_position_embeddings: size(),
  activation_function: activationName(defaults.activation_function ?? 'gelu'),
  scale_embedding: boolean(defaults.scale_embedding ?? false),
  dropout: number(0.1),
  attention_dropout: number(defaults.attention_dropout ?? 0),
  activation_dropout: number(0),
  pad_token_id: number(1),
  tie_word_embeddings: optionalBoolean,
});

/** The fields that the lineage shares. */
export type BartConfig = ConfigOf<ReturnType<typeof fields>>;

export function readBartConfig(config: ModelConfig, defaults: Defaults = {}): BartConfig {
  return readFields(config, fields(defaults));
}

export function describeBart(config: BartConfig): ModelShape {
  return {
    hiddenSize: config.d_model,
    numLayers: config.decoder_layers,
    numHeads: Math.max(config.encoder_attention_heads, config.decoder_attention_heads),
    vocabSize: config.vocab_size,
    maxPositions: config.max_position_embeddings,
  };
}

/** What a layer is built from. */
interface Parts {
  side: Side;
  config: BartConfig;
  weights: Weights;
  layout: BartLayout;
}

/** How a family arranges what all of them have. */
export interface BartLayout {
  /** Norms before each sublayer (M2M100, mBART) or after each residual sum (BART, Marian). */
  normFirst: boolean;
  /** Positions and norms around the layers. */
  ends(side: Side): Ends;
  /** The norm behind the decoder's layers; null: none. */
  lastNorm: LayerNorm | null;
}

function attentionBlock({ side, config, weights }: Parts, path: string, causal: boolean) {
  const [query, key, value, out] = weights.linears(path, ['q_proj', 'k_proj', 'v_proj', 'out_proj']);
  const headDim = headSize(config, 'd_model', `${side}_attention_heads`);
  const settings = {
    name: path,
    numHeads: config[`${side}_attention_heads`],
    numKvHeads: config[`${side}_attention_heads`],
    headDim,
    scale: headDim ** -0.5,
    causal,
    dropout: config.attention_dropout,
  };
  return (run: Run, x: Value, memory: Memory): Value => {
    const mixed = attentionTo(run, linear(run, x, query), memory, { key, value }, settings);
    return dropout(run, run.name(path, linear(run, mixed, out)), config.dropout);
  };
}

function feedForwardBlock(config: BartConfig, weights: Weights, path: string) {
  const [up, down] = weights.linears(path, ['fc1', 'fc2']);
  return (run: Run, x: Value): Value => {
    const inner = activation(run, linear(run, x, up), config.activation_function);
    return dropout(run, linear(run, dropout(run, inner, config.activation_dropout), down), config.dropout);
  };
}

function bartLayer(parts: Parts, index: number): Layer {
  const { side, config, weights, layout } = parts;
  const path = `model.${side}.layers.${index}`;
  const norm = (name: string) => weights.layerNorm(`${path}.${name}`, LAYER_NORM_EPSILON);
  const selfName = `${path}.self_attn`;
  const self = attentionBlock(parts, selfName, side === 'decoder');
  const selfNorm = norm('self_attn_layer_norm');
  const crossName = `${path}.encoder_attn`;
  const cross = side === 'encoder' ? null : attentionBlock(parts, crossName, false);
  const crossNorm = cross && norm('encoder_attn_layer_norm');
  const feed = feedForwardBlock(config, weights, path);
  const lastNorm = norm('final_layer_norm');
  type Sublayer = (x: Value) => Value;
  const residual = (run: Run, x: Value, by: LayerNorm, sublayer: Sublayer, wanted: Rows | null = null): Value => {
    const kept = rowsAt(run, x, wanted);
    return layout.normFirst
      ? add(run, kept, sublayer(layerNorm(run, x, by)))
      : layerNorm(run, add(run, kept, sublayer(x)), by);
  };
  return {
    selfAttention: selfName,
    ...(cross && { crossAttention: crossName }),
    run(run, x, memory, wanted) {
      const attend = (input: Value): Value => self(run, rowsAt(run, input, wanted), input);
      let hidden = residual(run, x, selfNorm, attend, wanted);
      if (cross !== null && crossNorm !== null) {
        if (memory === null) throw new Error(`${path} needs the encoder's output`);
        hidden = residual(run, hidden, crossNorm, (input) => cross(run, input, memory));
      }
      return run.name(
        path,
        residual(run, hidden, lastNorm, (input) => feed(run, input)),
      );
    },
  };
}

function bartStack(parts: Parts, tokens: Embedding): Stack {
  const { side, config, layout } = parts;
  const { enter, leave } = layout.ends(side);
  const layers = layersOf(config[`${side}_layers`], (index) => bartLayer(parts, index));
  return stackOf(tokens, layers, {
    enter: (run, x, ids) => dropout(run, enter?.(run, x, ids) ?? x, config.dropout),
    ...(leave && { leave }),
  });
}

/** Token embeddings of one side, scaled where the config says so, under whichever of their names they were stored. */
function bartEmbedding(side: Side, config: BartConfig, weights: Weights): Embedding {
  const scale = config.scale_embedding ? config.d_model ** 0.5 : 1;
  const name = `model.${side}.embed_tokens`;
  const group = ['model.shared', `model.${side === 'encoder' ? 'decoder' : 'encoder'}.embed_tokens`, 'lm_head'];
  const tied = config.tie_word_embeddings ?? true;
  const stored = tied ? tiedName(weights, name, group) : storedName(weights, [name, ...group]);
  return { ...weights.embedding(stored, scale), name };
}

/** The output layer, tied to the shared embeddings or with a matrix of its own, then `final_logits_bias`. */
function bartHead(config: BartConfig, weights: Weights, embedding: Embedding): (run: Run, x: Value) => Value {
  const whole = weights.has('model.shared.weight') ? weights.embedding('model.shared') : embedding;
  const { name, matrix } = outputLayer(config, weights, 'lm_head', whole);
  const layer = { name, matrix, bias: null };
  const bias = weights.has('final_logits_bias') ? weights.vector('final_logits_bias') : null;
  return (run, x) => {
    const logits = linear(run, x, layer);
    return bias === null ? logits : addConstant(run, logits, bias);
  };
}

/** The functions of a family's two stacks and its head. */
export function bartNetwork(config: BartConfig, weights: Weights, layout: BartLayout): Network {
  const sourceEmbedding = bartEmbedding('encoder', config, weights);
  const targetEmbedding = bartEmbedding('decoder', config, weights);
  const output = bartHead(config, weights, targetEmbedding);
  const parts = { config, weights, layout };
  const { lastNorm } = layout;
  return {
    encoder: bartStack({ side: 'encoder', ...parts }, sourceEmbedding),
    decoder: bartStack({ side: 'decoder', ...parts }, targetEmbedding),
    sourceEmbedding,
    targetEmbedding,
    ...(lastNorm && { lastNorm: (run, x) => layerNorm(run, x, lastNorm) }),
    head: (run, x) => output(run, lastNorm ? layerNorm(run, x, lastNorm) : x),
  };
}
