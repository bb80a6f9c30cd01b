/**
 * Encoder and decoder layers of the BART lineage (BART, mBART, Marian, M2M100): one set of names in the checkpoint, with
 * norms before or after each sublayer. What differs otherwise (positions, norms around the stack) is in the families.
 */

import { activation } from '../nn/activation.ts';
import { attention } from '../nn/attention.ts';
import { add, addConstant, dropout } from '../nn/elementwise.ts';
import { linear } from '../nn/linear.ts';
import { type LayerNorm, layerNorm } from '../nn/norm.ts';
import type { Run, Value } from '../nn/run.ts';
import { activationName, boolean, type ModelConfig, number } from './fields.ts';
import type { Block, LanguageModel, Stack } from './model.ts';
import { outputLayer, storedName, tiedName } from './output-layer.ts';
import type { Embedding, Weights } from './weights.ts';

/** PyTorch's default, which the lineage never changes. */
export const EPSILON = 1e-5;

type Side = 'encoder' | 'decoder';

export interface BartOptions {
  /** Norms before each sublayer (M2M100, mBART) or after each residual sum (BART, Marian). */
  normFirst: boolean;
  /** Where the config leaves them out. */
  defaults?: { activation?: string; attentionDropout?: number; scaleEmbedding?: boolean };
}

/** Before and after the layers of a stack; the decoder's last norm belongs to the head. */
export type Ends = Pick<Stack, 'enter' | 'leave'>;

/** The layers of one side between its ends. */
function bartStack(side: Side, config: ModelConfig, weights: Weights, options: BartOptions, ends: Ends): Stack {
  const width = number(config, 'd_model');
  const heads = number(config, `${side}_attention_heads`);
  const kind = activationName(config, 'activation_function', options.defaults?.activation ?? 'gelu');
  const rate = number(config, 'dropout', 0.1);
  const innerRate = number(config, 'activation_dropout', 0);
  const attentionRate = number(config, 'attention_dropout', options.defaults?.attentionDropout ?? 0);

  const attend = (path: string, causal: boolean) => {
    const [q, k, v, out] = ['q_proj', 'k_proj', 'v_proj', 'out_proj'].map((name) => weights.linear(`${path}.${name}`));
    const settings = {
      name: path,
      numHeads: heads,
      numKvHeads: heads,
      headDim: width / heads,
      scale: (width / heads) ** -0.5,
      causal,
      dropout: attentionRate,
    };
    return (run: Run, x: Value, memory: Value): Value => {
      // Keys and values of an encoder that has been run already come from the cache.
      const known = x !== memory && run.options.past?.has(path) === true;
      const keys = known ? memory : linear(run, memory, k);
      const values = known ? memory : linear(run, memory, v);
      const mixed = attention(run, linear(run, x, q), keys, values, settings);
      return dropout(run, run.name(path, linear(run, mixed, out)), rate);
    };
  };

  const residual = (run: Run, x: Value, norm: LayerNorm, sublayer: (x: Value) => Value): Value =>
    options.normFirst ? add(run, x, sublayer(layerNorm(run, x, norm))) : layerNorm(run, add(run, x, sublayer(x)), norm);

  const layer = (index: number): Block => {
    const path = `model.${side}.layers.${index}`;
    const self = attend(`${path}.self_attn`, side === 'decoder');
    const selfNorm = weights.layerNorm(`${path}.self_attn_layer_norm`, EPSILON);
    const cross = side === 'decoder' ? attend(`${path}.encoder_attn`, false) : null;
    const crossNorm = cross && weights.layerNorm(`${path}.encoder_attn_layer_norm`, EPSILON);
    const up = weights.linear(`${path}.fc1`);
    const down = weights.linear(`${path}.fc2`);
    const lastNorm = weights.layerNorm(`${path}.final_layer_norm`, EPSILON);
    return (run, x, memory) => {
      let hidden = residual(run, x, selfNorm, (input) => self(run, input, input));
      if (cross !== null && crossNorm !== null) {
        if (memory === null) throw new Error(`${path} needs the encoder's output`);
        hidden = residual(run, hidden, crossNorm, (input) => cross(run, input, memory));
      }
      const fed = residual(run, hidden, lastNorm, (input) => {
        const inner = dropout(run, activation(run, linear(run, input, up), kind), innerRate);
        return dropout(run, linear(run, inner, down), rate);
      });
      return run.name(path, fed);
    };
  };

  const layers = Array.from({ length: number(config, `${side}_layers`) }, (_, index) => index);
  return {
    enter: (run, features) => dropout(run, ends.enter(run, run.name(embeddingName(side), features)), rate),
    blocks: layers.map(layer),
    leave: ends.leave,
    selfAttention: layers.map((index) => `model.${side}.layers.${index}.self_attn`),
    crossAttention: side === 'encoder' ? [] : layers.map((index) => `model.${side}.layers.${index}.encoder_attn`),
  };
}

const embeddingName = (side: Side): string => `model.${side}.embed_tokens`;

/** Token embeddings of one side, scaled where the config says so, under whichever of their names they were stored. */
function bartEmbedding(side: Side, config: ModelConfig, weights: Weights, scaled = false): Embedding {
  const scale = boolean(config, 'scale_embedding', scaled) ? number(config, 'd_model') ** 0.5 : 1;
  const name = embeddingName(side);
  const group = ['model.shared', embeddingName(side === 'encoder' ? 'decoder' : 'encoder'), 'lm_head'];
  const tied = boolean(config, 'tie_word_embeddings', true);
  const stored = tied ? tiedName(weights, name, group) : storedName(weights, [name, ...group]);
  return { ...weights.embedding(stored, scale), name };
}

/** The output layer, tied to the shared embeddings or with a matrix of its own, then `final_logits_bias`. */
function bartHead(config: ModelConfig, weights: Weights, embedding: Embedding): (run: Run, x: Value) => Value {
  const whole = weights.has('model.shared.weight') ? weights.embedding('model.shared') : embedding;
  const { name, matrix } = outputLayer(config, weights, 'lm_head', whole);
  const layer = { name, matrix, bias: null };
  const bias = weights.has('final_logits_bias') ? weights.vector('final_logits_bias') : null;
  return (run, x) => {
    const logits = linear(run, x, layer);
    return bias === null ? logits : addConstant(run, logits, bias);
  };
}

/** The model of a family's two stacks. */
export function bartModel(
  config: ModelConfig,
  weights: Weights,
  options: BartOptions & { modelType: string; ends: (side: Side) => Ends; lastNorm?: LayerNorm },
): LanguageModel {
  const scaled = options.defaults?.scaleEmbedding;
  const sourceEmbedding = bartEmbedding('encoder', config, weights, scaled);
  const targetEmbedding = bartEmbedding('decoder', config, weights, scaled);
  const output = bartHead(config, weights, targetEmbedding);
  const { lastNorm } = options;
  return {
    modelType: options.modelType,
    architecture: 'encoder-decoder',
    hiddenSize: number(config, 'd_model'),
    numLayers: number(config, 'decoder_layers'),
    vocabSize: targetEmbedding.table.shape[0],
    maxPositions: number(config, 'max_position_embeddings'),
    encoder: bartStack('encoder', config, weights, options, options.ends('encoder')),
    decoder: bartStack('decoder', config, weights, options, options.ends('decoder')),
    sourceEmbedding,
    targetEmbedding,
    ...(lastNorm && { lastNorm: (run, x) => layerNorm(run, x, lastNorm) }),
    head: (run, x) => output(run, lastNorm ? layerNorm(run, x, lastNorm) : x),
  };
}
