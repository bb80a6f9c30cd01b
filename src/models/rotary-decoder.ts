/**
 * The decoder that Llama made common: root mean square norms, rotary positions, grouped queries, gated feed-forward
 * layers, and one set of names in the checkpoint. Families say what differs.
 */

import { type AttentionConfig, attention } from '../nn/attention.ts';
import { add, dropout, softcap, splitColumns } from '../nn/elementwise.ts';
import { gatedFeedForward } from '../nn/feed-forward.ts';
import { linear } from '../nn/linear.ts';
import { rmsNorm } from '../nn/norm.ts';
import { type RotaryPositions, rotaryPositions } from '../nn/rope-scaling.ts';
import { rotary } from '../nn/rotary.ts';
import type { Run, Value } from '../nn/run.ts';
import { activationName, boolean, type ModelConfig, number, object, optionalNumber } from './fields.ts';
import type { Block, LanguageModel } from './model.ts';
import { outputLayer, tokenEmbedding } from './output-layer.ts';
import type { Weights } from './weights.ts';

export interface RotaryDecoderSettings {
  modelType: string;
  hiddenSize: number;
  numLayers: number;
  numHeads: number;
  numKvHeads: number;
  headDim: number;
  vocabSize: number;
  epsilon: number;
  activation: string;
  attentionDropout: number;
  rotary: (layer: number) => RotaryPositions;
  /** Positions that a query of the layer sees, itself included; null: all. */
  window: (layer: number) => number | null;
  /** Factor on attention scores; left out: 1 / sqrt(head_dim). */
  scoreScale?: number;
  /** Attention scores and logits stay within these. */
  scoreCap?: number | null;
  logitCap?: number | null;
  /** Queries and keys are normalized head by head (Qwen3, Gemma 3). */
  headNorms?: boolean;
  /** One matrix each for queries, keys and values, and for gate and value of the feed-forward layer (Phi-3). */
  fused?: boolean;
  /** The outputs of attention and feed-forward layer are normalized too (Gemma 2). */
  outputNorms?: boolean;
  /** Added to the weights of the norms (Gemma: 1). */
  normOffset?: number;
  embeddingScale?: number;
  residualDropout?: number;
}

/** What a family's config leaves out. */
interface Defaults {
  headDim?: number;
  ropeTheta?: number;
}

/** Settings as the configs of the Llama lineage name them. */
export function readSettings(config: ModelConfig, defaults: Defaults = {}): Omit<RotaryDecoderSettings, 'modelType'> {
  const hiddenSize = number(config, 'hidden_size');
  const numHeads = number(config, 'num_attention_heads');
  const headDim = number(config, 'head_dim', defaults.headDim ?? hiddenSize / numHeads);
  const positions = rope(config, headDim, defaults.ropeTheta);
  return {
    hiddenSize,
    numLayers: number(config, 'num_hidden_layers'),
    numHeads,
    numKvHeads: number(config, 'num_key_value_heads', numHeads),
    headDim,
    vocabSize: number(config, 'vocab_size'),
    epsilon: number(config, 'rms_norm_eps', 1e-6),
    activation: activationName(config, 'hidden_act', 'silu'),
    attentionDropout: number(config, 'attention_dropout', 0),
    rotary: () => positions,
    window: () => null,
  };
}

/** Rotary positions of heads of `headDim` dimensions, of which `partial_rotary_factor` are turned. */
export function rope(config: ModelConfig, headDim: number, theta = 10000): RotaryPositions {
  // transformers 5 writes "rope_parameters", before it "rope_theta" and "rope_scaling" stood apart.
  const parameters = object(config, 'rope_parameters') ?? {};
  const kind = Object.keys(parameters).find((name) => name.endsWith('_attention'));
  if (kind !== undefined) {
    throw new Error(
      `config.json: "rope_parameters" has "${kind}"; this model_type has one kind of rotary positions for all layers`,
    );
  }
  const scaling = object(config, 'rope_scaling');
  const merged = { ...config, ...parameters, ...scaling };
  return rotaryPositions({
    dims: Math.trunc(headDim * number(merged, 'partial_rotary_factor', 1)),
    base: number(merged, 'rope_theta', theta),
    maxPositions: number(config, 'max_position_embeddings'),
    originalMaxPositions: optionalNumber(config, 'original_max_position_embeddings'),
    scaling: scaling ?? parameters,
  });
}

/** @throws {Error} where positions see those after them too, as in encoders that were made of Gemma */
export function refuseBidirectional(config: ModelConfig): void {
  if (boolean(config, 'use_bidirectional_attention', false)) {
    throw new Error(
      'config.json: "use_bidirectional_attention" is true: the checkpoint embeds text, it generates none',
    );
  }
}

/** Windows by layer, where the config names each layer's kind; `usual` where it does not. */
export function layerWindows(
  config: ModelConfig,
  window: number | null,
  usual: (layer: number) => boolean,
): (layer: number) => number | null {
  const types: unknown = config.layer_types ?? null;
  const layers = number(config, 'num_hidden_layers');
  const known = (type: unknown): boolean => type === 'sliding_attention' || type === 'full_attention';
  if (types !== null && !(Array.isArray(types) && types.length === layers && types.every(known))) {
    throw new Error(
      `config.json: "layer_types" is ${JSON.stringify(types)}; ` +
        `it must name ${layers} layers, each "sliding_attention" or "full_attention"`,
    );
  }
  return (layer) => {
    const slides = Array.isArray(types) ? types[layer] === 'sliding_attention' : usual(layer);
    return slides ? window : null;
  };
}

export function rotaryDecoder(config: ModelConfig, weights: Weights, settings: RotaryDecoderSettings): LanguageModel {
  weights.allowWithout('model.', 'embed_tokens.weight');
  const { normOffset = 0, epsilon, logitCap = null, numLayers } = settings;
  const embedding = tokenEmbedding(config, weights, 'model.embed_tokens', 'lm_head', settings.embeddingScale);
  const layers = Array.from({ length: numLayers }, (_, layer) => layer);
  const blocks = layers.map((layer) => block(weights, settings, layer));
  const lastNorm = weights.rmsNorm('model.norm', epsilon, normOffset);
  const head = outputLayer(config, weights, 'lm_head', embedding);
  return {
    modelType: settings.modelType,
    architecture: 'decoder-only',
    hiddenSize: settings.hiddenSize,
    numLayers,
    vocabSize: settings.vocabSize,
    maxPositions: settings.rotary(numLayers - 1).maxPositions,
    positionRegime: (length) => layers.map((layer) => settings.rotary(layer).regime(length)).join(),
    encoder: null,
    sourceEmbedding: null,
    targetEmbedding: embedding,
    decoder: {
      enter: (run, features) => run.name('model.embed_tokens', features),
      blocks,
      leave: (_run, x) => x,
      selfAttention: layers.map(attentionName),
      crossAttention: [],
    },
    lastNorm: (run, x) => rmsNorm(run, x, lastNorm),
    head: (run, x) => {
      const logits = linear(run, rmsNorm(run, x, lastNorm), head);
      return logitCap === null ? logits : softcap(run, logits, logitCap);
    },
  };
}

const attentionName = (layer: number): string => `model.layers.${layer}.self_attn`;

function block(weights: Weights, settings: RotaryDecoderSettings, layer: number): Block {
  const { epsilon, normOffset = 0, outputNorms = false, residualDropout = 0 } = settings;
  const path = `model.layers.${layer}`;
  const norm = (name: string) => weights.rmsNorm(`${path}.${name}`, epsilon, normOffset);
  const beforeAttention = norm('input_layernorm');
  const attend = selfAttention(weights, settings, layer);
  const afterAttention = outputNorms ? norm('post_attention_layernorm') : null;
  const beforeMlp = norm(outputNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm');
  const mlp = {
    gate: settings.fused ? null : weights.linear(`${path}.mlp.gate_proj`),
    up: weights.linear(`${path}.mlp.${settings.fused ? 'gate_up_proj' : 'up_proj'}`),
    down: weights.linear(`${path}.mlp.down_proj`),
    kind: settings.activation,
  };
  const afterMlp = outputNorms ? norm('post_feedforward_layernorm') : null;
  return (run, x) => {
    const mixed = attend(run, rmsNorm(run, x, beforeAttention));
    const settled = afterAttention === null ? mixed : rmsNorm(run, mixed, afterAttention);
    const attended = add(run, x, dropout(run, settled, residualDropout));
    const fed = run.name(`${path}.mlp`, gatedFeedForward(run, rmsNorm(run, attended, beforeMlp), mlp));
    const rest = afterMlp === null ? fed : rmsNorm(run, fed, afterMlp);
    return run.name(path, add(run, attended, dropout(run, rest, residualDropout)));
  };
}

function selfAttention(weights: Weights, settings: RotaryDecoderSettings, layer: number) {
  const { numHeads, numKvHeads, headDim, epsilon, normOffset } = settings;
  const path = attentionName(layer);
  const part = (name: string) => weights.linear(`${path}.${name}`);
  const fused = settings.fused ? part('qkv_proj') : null;
  const apart = settings.fused ? null : { q: part('q_proj'), k: part('k_proj'), v: part('v_proj') };
  const out = part('o_proj');
  const headNorm = (name: string) => weights.rmsNorm(`${path}.${name}`, epsilon, normOffset);
  const norms = settings.headNorms ? { q: headNorm('q_norm'), k: headNorm('k_norm') } : null;
  const positions = settings.rotary(layer);
  const config: AttentionConfig = {
    name: path,
    numHeads,
    numKvHeads,
    headDim,
    scale: settings.scoreScale ?? headDim ** -0.5,
    causal: true,
    window: settings.window(layer),
    softcap: settings.scoreCap,
    dropout: settings.attentionDropout,
  };
  const project = (run: Run, x: Value): Value[] => {
    if (apart !== null) return [apart.q, apart.k, apart.v].map((matrix) => linear(run, x, matrix));
    if (fused === null) throw new Error(`${path} has no projection`);
    return splitColumns(
      run,
      linear(run, x, fused),
      [numHeads, numKvHeads, numKvHeads].map((n) => n * headDim),
    );
  };
  return (run: Run, x: Value): Value => {
    let [q, k, v] = project(run, x);
    if (norms !== null) {
      q = rmsNorm(run, q, norms.q, numHeads);
      k = rmsNorm(run, k, norms.k, numKvHeads);
    }
    q = rotary(run, q, numHeads, headDim, positions);
    k = rotary(run, k, numKvHeads, headDim, positions);
    return run.name(path, linear(run, attention(run, q, k, v, config), out));
  };
}
