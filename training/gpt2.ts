/** GPT-2 (Radford et al. 2019) as a differentiable function of its parameters, with Hugging Face's names and layouts. */
import { tf } from '../src/tensors/tf.ts';
import { attention, causalMask, type Dropout, geluNew, layerNorm, type Parameters } from './layers.ts';
import type { Random } from './random.ts';

/** Hugging Face's config.json, as far as training needs it. */
export interface Gpt2Config {
  vocab_size: number;
  n_positions: number;
  n_embd: number;
  n_layer: number;
  n_head: number;
  layer_norm_epsilon: number;
}

/** Weights as GPT-2 draws them: normal(0.02), residual projections smaller by the root of their number, biases 0, norms 1. */
export function initGpt2({ vocab_size, n_positions, n_embd, n_layer }: Gpt2Config, random: Random): Parameters {
  const parameters: Parameters = {};
  const put = (name: string, shape: number[], value: () => number) => {
    const data = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, value);
    parameters[name] = tf.variable(tf.tensor(data, shape), true, name);
  };
  const normal = (std: number) => () => random.normal() * std;
  const residual = normal(0.02 / Math.sqrt(2 * n_layer));
  const norm = (name: string) => {
    put(`${name}.weight`, [n_embd], () => 1);
    put(`${name}.bias`, [n_embd], () => 0);
  };
  const linear = (name: string, inputs: number, outputs: number, value: () => number) => {
    put(`${name}.weight`, [inputs, outputs], value); // GPT-2's Conv1D keeps [in, out]
    put(`${name}.bias`, [outputs], () => 0);
  };
  put('transformer.wte.weight', [vocab_size, n_embd], normal(0.02));
  put('transformer.wpe.weight', [n_positions, n_embd], normal(0.01));
  for (let layer = 0; layer < n_layer; layer++) {
    const block = `transformer.h.${layer}`;
    norm(`${block}.ln_1`);
    linear(`${block}.attn.c_attn`, n_embd, 3 * n_embd, normal(0.02));
    linear(`${block}.attn.c_proj`, n_embd, n_embd, residual);
    norm(`${block}.ln_2`);
    linear(`${block}.mlp.c_fc`, n_embd, 4 * n_embd, normal(0.02));
    linear(`${block}.mlp.c_proj`, 4 * n_embd, n_embd, residual);
  }
  norm('transformer.ln_f');
  return parameters;
}

/**
 * Logits of the next token at every position.
 * @param ids rows of token ids, all of the same length
 * @returns `[rows * length, vocab]`
 */
export function gpt2Logits(config: Gpt2Config, p: Parameters, ids: number[][], drop: Dropout): tf.Tensor2D {
  const batch = ids.length;
  const length = ids[0].length;
  const norm = (x: tf.Tensor2D, name: string) =>
    layerNorm(x, p[`${name}.weight`], p[`${name}.bias`], config.layer_norm_epsilon);
  const linear = (x: tf.Tensor2D, name: string) =>
    tf.matMul(x, p[`${name}.weight`] as tf.Tensor2D).add(p[`${name}.bias`]) as tf.Tensor2D;

  const tokens = tf.gather(p['transformer.wte.weight'], tf.tensor2d(ids, undefined, 'int32'));
  const positions = p['transformer.wpe.weight'].slice([0, 0], [length, -1]);
  let x = drop(tokens.add(positions).reshape([batch * length, config.n_embd])) as tf.Tensor2D;
  const mask = causalMask(length);
  const shape = { batch, heads: config.n_head, queryLength: length, keyLength: length };
  for (let layer = 0; layer < config.n_layer; layer++) {
    const block = `transformer.h.${layer}`;
    const qkv = tf.split(linear(norm(x, `${block}.ln_1`), `${block}.attn.c_attn`), 3, 1);
    x = x.add(drop(linear(attention(qkv, shape, mask, drop), `${block}.attn.c_proj`)));
    const inner = geluNew(linear(norm(x, `${block}.ln_2`), `${block}.mlp.c_fc`));
    x = x.add(drop(linear(inner, `${block}.mlp.c_proj`)));
  }
  return tf.matMul(norm(x, 'transformer.ln_f'), p['transformer.wte.weight'] as tf.Tensor2D, false, true);
}
