/** M2M100 (Fan et al. 2020, https://arxiv.org/abs/2010.11125) as a differentiable function of its parameters, with Hugging Face's names and layouts. */
import { tf } from '../src/tensors/tf.ts';
import { type AttentionShape, attention, causalMask, type Dropout, layerNorm, type Parameters } from './layers.ts';
import type { Random } from './random.ts';

/** Hugging Face's config.json, as far as training needs it. */
export interface M2m100Config {
  vocab_size: number;
  d_model: number;
  encoder_layers: number;
  decoder_layers: number;
  encoder_attention_heads: number;
  encoder_ffn_dim: number;
  max_position_embeddings: number;
  pad_token_id: number;
}

const LAYER_NORM_EPSILON = 1e-5;

/** Initial weights: embeddings normal(1/sqrt(d)), as they are scaled by sqrt(d); matrices Xavier; biases 0; norms 1. */
export function initM2m100(config: M2m100Config, random: Random): Parameters {
  const { d_model: d, encoder_ffn_dim: ffn } = config;
  const parameters: Parameters = {};
  const put = (name: string, shape: number[], value: () => number) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, value);
    parameters[name] = tf.variable(tf.tensor(data, shape), true, name);
  };
  const norm = (name: string) => {
    put(`${name}.weight`, [d], () => 1);
    put(`${name}.bias`, [d], () => 0);
  };
  const linear = (name: string, inputs: number, outputs: number) => {
    const std = Math.sqrt(2 / (inputs + outputs));
    put(`${name}.weight`, [outputs, inputs], () => random.normal() * std);
    put(`${name}.bias`, [outputs], () => 0);
  };
  const block = (name: string, attentions: string[]) => {
    for (const each of attentions) {
      for (const projection of ['q_proj', 'k_proj', 'v_proj', 'out_proj'])
        linear(`${name}.${each}.${projection}`, d, d);
      norm(`${name}.${each}_layer_norm`);
    }
    linear(`${name}.fc1`, d, ffn);
    linear(`${name}.fc2`, ffn, d);
    norm(`${name}.final_layer_norm`);
  };
  put('model.shared.weight', [config.vocab_size, d], () => random.normal() / Math.sqrt(d));
  for (let i = 0; i < config.encoder_layers; i++) block(`model.encoder.layers.${i}`, ['self_attn']);
  for (let i = 0; i < config.decoder_layers; i++) block(`model.decoder.layers.${i}`, ['self_attn', 'encoder_attn']);
  norm('model.encoder.layer_norm');
  norm('model.decoder.layer_norm');
  return parameters;
}

/** Sinusoidal positions as fairseq numbers them, `[length, d]`: the first token has position `pad_token_id + 1`. */
function positions({ d_model, pad_token_id }: M2m100Config, length: number): tf.Tensor2D {
  const half = d_model / 2;
  const rows = Array.from({ length }, (_, i) => {
    const angles = Array.from({ length: half }, (_, j) => (i + pad_token_id + 1) * 10000 ** (-j / (half - 1)));
    return [...angles.map(Math.sin), ...angles.map(Math.cos)];
  });
  return tf.tensor2d(rows);
}

/**
 * Logits of the next target token at every target position.
 * @param source rows of equal length, padded on the right with `pad_token_id`
 * @param target the same; starts with `</s>` and the target language's token
 * @returns `[rows * target length, vocab]`
 */
export function m2m100Logits(
  config: M2m100Config,
  p: Parameters,
  source: number[][],
  target: number[][],
  drop: Dropout,
): tf.Tensor2D {
  const d = config.d_model;
  const batch = source.length;
  const sourceLength = source[0].length;
  const targetLength = target[0].length;
  const linear = (x: tf.Tensor2D, name: string) =>
    tf.matMul(x, p[`${name}.weight`] as tf.Tensor2D, false, true).add(p[`${name}.bias`]) as tf.Tensor2D;
  const norm = (x: tf.Tensor2D, name: string) =>
    layerNorm(x, p[`${name}.weight`], p[`${name}.bias`], LAYER_NORM_EPSILON);
  const embed = (ids: number[][], length: number) => {
    const tokens = tf.gather(p['model.shared.weight'], tf.tensor2d(ids, undefined, 'int32')).mul(Math.sqrt(d));
    return drop(tokens.add(positions(config, length)).reshape([batch * length, d])) as tf.Tensor2D;
  };
  const attend = (x: tf.Tensor2D, memory: tf.Tensor2D, name: string, lengths: [number, number], mask: tf.Tensor) => {
    const qkv = [linear(x, `${name}.q_proj`), linear(memory, `${name}.k_proj`), linear(memory, `${name}.v_proj`)];
    const [queryLength, keyLength] = lengths;
    const shape: AttentionShape = { batch, heads: config.encoder_attention_heads, queryLength, keyLength };
    return drop(linear(attention(qkv, shape, mask, drop), `${name}.out_proj`));
  };
  const feedForward = (x: tf.Tensor2D, name: string) => {
    const inner = linear(norm(x, `${name}.final_layer_norm`), `${name}.fc1`).relu() as tf.Tensor2D;
    return x.add(drop(linear(inner, `${name}.fc2`))) as tf.Tensor2D;
  };

  const hidePadding = tf
    .tensor2d(source.map((row) => row.map((id) => (id === config.pad_token_id ? -1e9 : 0))))
    .reshape([batch, 1, 1, sourceLength]);
  let memory = embed(source, sourceLength);
  for (let i = 0; i < config.encoder_layers; i++) {
    const name = `model.encoder.layers.${i}`;
    const x = norm(memory, `${name}.self_attn_layer_norm`);
    memory = memory.add(attend(x, x, `${name}.self_attn`, [sourceLength, sourceLength], hidePadding));
    memory = feedForward(memory, name);
  }
  memory = norm(memory, 'model.encoder.layer_norm');

  // Padding of the target needs no mask: it comes last, where no counted position sees it.
  const causal = causalMask(targetLength);
  let y = embed(target, targetLength);
  for (let i = 0; i < config.decoder_layers; i++) {
    const name = `model.decoder.layers.${i}`;
    const x = norm(y, `${name}.self_attn_layer_norm`);
    y = y.add(attend(x, x, `${name}.self_attn`, [targetLength, targetLength], causal));
    const query = norm(y, `${name}.encoder_attn_layer_norm`);
    y = y.add(attend(query, memory, `${name}.encoder_attn`, [targetLength, sourceLength], hidePadding));
    y = feedForward(y, name);
  }
  return tf.matMul(norm(y, 'model.decoder.layer_norm'), p['model.shared.weight'] as tf.Tensor2D, false, true);
}
