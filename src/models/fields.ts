/** Typed access to the fields of a config.json; errors name the field and what was found there. */

import { ACTIVATION_NAMES } from '../nn/activation.ts';

/** A parsed config.json. */
export type ModelConfig = Readonly<Record<string, unknown>>;

function wrong(field: string, value: unknown, wanted: string): Error {
  const found = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
  return new Error(`config.json: "${field}" ${found}; it must be ${wanted}`);
}

/** A number; `fallback` where the field is missing or null. */
export function number(config: ModelConfig, field: string, fallback?: number): number {
  const value = config[field] ?? fallback;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw wrong(field, value, 'a number');
  return value;
}

/** A number, or null where the field is missing or null. */
export function optionalNumber(config: ModelConfig, field: string): number | null {
  return config[field] === undefined || config[field] === null ? null : number(config, field);
}

export function string(config: ModelConfig, field: string, fallback?: string): string {
  const value = config[field] ?? fallback;
  if (typeof value !== 'string') throw wrong(field, value, 'a string');
  return value;
}

export function boolean(config: ModelConfig, field: string, fallback?: boolean): boolean {
  const value = config[field] ?? fallback;
  if (typeof value !== 'boolean') throw wrong(field, value, 'true or false');
  return value;
}

/** An object, or null where the field is missing or null. */
export function object(config: ModelConfig, field: string): ModelConfig | null {
  const value = config[field] ?? null;
  if (value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(field, value, 'an object');
  return { ...value };
}

/** Fields that count something or give a width, in the words of all families. */
const SIZES = [
  ['n_embd', 'n_embed', 'hidden_size', 'd_model', 'd_kv', 'd_ff', 'head_dim', 'word_embed_proj_dim'],
  ['n_layer', 'num_layers', 'num_hidden_layers', 'num_decoder_layers', 'encoder_layers', 'decoder_layers'],
  ['n_head', 'num_heads', 'num_attention_heads', 'num_key_value_heads'],
  ['encoder_attention_heads', 'decoder_attention_heads', 'intermediate_size', 'n_inner', 'ffn_dim'],
  ['encoder_ffn_dim', 'decoder_ffn_dim', 'vocab_size', 'n_positions', 'n_ctx', 'max_position_embeddings'],
].flat();

/** What heads share out, and who says otherwise. */
const SHARED_OUT: readonly [whole: string, parts: string, unless: string][] = [
  ['n_embd', 'n_head', 'head_dim'],
  ['hidden_size', 'num_attention_heads', 'head_dim'],
  ['d_model', 'encoder_attention_heads', 'head_dim'],
  ['d_model', 'decoder_attention_heads', 'head_dim'],
  ['num_attention_heads', 'num_key_value_heads', ''],
];

/** @throws {Error} where a size is not a whole number of 1 or more, or heads do not share out what they must */
export function checkSizes(config: ModelConfig): void {
  for (const field of SIZES) {
    const value = config[field] ?? null;
    if (value === null || (Number.isSafeInteger(value) && Number(value) >= 1)) continue;
    throw wrong(field, value, 'a whole number of 1 or more');
  }
  for (const [whole, parts, unless] of SHARED_OUT) {
    const [size, count] = [config[whole] ?? null, config[parts] ?? null];
    if (size === null || count === null || (config[unless] ?? null) !== null) continue;
    if (Number(size) % Number(count) !== 0) throw wrong(whole, size, `a multiple of "${parts}", which is ${count}`);
  }
}

/** The name of an activation function. */
export function activationName(config: ModelConfig, field: string, fallback: string): string {
  const name = string(config, field, fallback);
  if (!ACTIVATION_NAMES.includes(name)) throw wrong(field, name, `one of ${ACTIVATION_NAMES.join(', ')}`);
  return name;
}
