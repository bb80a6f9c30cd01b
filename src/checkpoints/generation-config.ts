/** generation_config.json: how a checkpoint wants its text generated, in the words of transformers. */

import path from 'node:path';
import Type, { type Static } from 'typebox';
import { Value } from 'typebox/value';
import { readModelConfig } from './config.ts';
import { CheckpointError } from './errors.ts';
import { readOptionalJsonObject } from './json-file.ts';

const positive = Type.Number({ exclusiveMinimum: 0, description: 'a number above 0' });
const anyNumber = Type.Number({ description: 'a number' });
const whole = Type.Integer({ minimum: 0, description: 'a whole number of 0 or more' });
const count = Type.Integer({ minimum: 1, description: 'a whole number of 1 or more' });
const flag = Type.Boolean({ description: 'true or false' });
const id = Type.Integer();
const ids = Type.Array(Type.Integer({ minimum: 0 }), { description: 'a list of token ids' });
const idOrIds = Type.Union([id, Type.Array(id)], { description: 'a token id or a list of them' });

/** What is followed, and of what form it must be. */
const FOLLOWED = {
  max_new_tokens: count,
  max_length: count,
  min_new_tokens: whole,
  min_length: whole,
  num_beams: count,
  length_penalty: anyNumber,
  early_stopping: Type.Union([Type.Boolean(), Type.Literal('never')], { description: 'true, false or "never"' }),
  repetition_penalty: positive,
  encoder_repetition_penalty: positive,
  no_repeat_ngram_size: whole,
  encoder_no_repeat_ngram_size: whole,
  bad_words_ids: Type.Array(ids, { description: 'a list of lists of token ids' }),
  sequence_bias: Type.Array(Type.Tuple([ids, anyNumber]), { description: 'a list of [token ids, number]' }),
  forced_bos_token_id: idOrIds,
  forced_eos_token_id: idOrIds,
  suppress_tokens: ids,
  begin_suppress_tokens: ids,
  exponential_decay_length_penalty: Type.Tuple([whole, positive], { description: '[first token, factor]' }),
  renormalize_logits: flag,
  do_sample: flag,
  temperature: anyNumber,
  top_k: whole,
  top_p: anyNumber,
};

const TOKENS = {
  eos_token_id: idOrIds,
  bos_token_id: idOrIds,
  pad_token_id: idOrIds,
  decoder_start_token_id: idOrIds,
};

/** What sampling alone would read, and other ways to generate: not followed, with the value that asks for nothing. */
const NOT_FOLLOWED: Readonly<Record<string, unknown>> = {
  min_p: 0,
  top_h: 1,
  typical_p: 1,
  epsilon_cutoff: 0,
  eta_cutoff: 0,
  guidance_scale: 1,
  penalty_alpha: 0,
  num_beam_groups: 1,
  diversity_penalty: 0,
  dola_layers: null,
  constraints: null,
  force_words_ids: null,
  stop_strings: null,
  max_time: null,
  watermarking_config: null,
  num_return_sequences: 1,
  token_healing: false,
  remove_invalid_values: false,
};

/** Neither changes which tokens are generated. */
const WITHOUT_EFFECT =
  /^(_|transformers_version$|use_cache$|output_|return_|cache_|max_cache_len$|low_memory$|disable_compile$|compile_config$|is_assistant$|(num_)?assistant_|target_lookbehind$|prompt_lookup_|max_matching_ngram|prefill_|trust_remote_code$)/;

export type GenerationRules = Partial<{ -readonly [Name in keyof typeof FOLLOWED]: Static<(typeof FOLLOWED)[Name]> }>;

/** How a checkpoint wants its text generated. Token ids; null where it says nothing. */
export interface GenerationConfig {
  /** The file that says so: generation_config.json, or config.json where there is none. */
  readonly file: string;
  /** Any of them ends a sequence; empty: nothing does. */
  readonly eosTokenIds: readonly number[];
  readonly bosTokenId: number | null;
  readonly padTokenId: number | null;
  readonly decoderStartTokenId: number | null;
  /** By the names of the file. */
  readonly rules: GenerationRules;
  /** What the file says beside them and is not followed. */
  readonly notFollowed: Readonly<Record<string, unknown>>;
}

/**
 * generation_config.json as transformers reads it: where there is none, config.json says the same; where there is one,
 * what it leaves out is left out, but for the tokens that a sequence starts and is padded with.
 * @throws CheckpointError naming the file and the field
 */
export function readGenerationConfig(dir: string): GenerationConfig {
  const config = readModelConfig(dir);
  const text = typeof config.text_config === 'object' ? config.text_config : null;
  const whole = { file: path.join(dir, 'config.json'), fields: { ...text, ...withoutNulls(config) } };
  const own = readOptionalJsonObject(path.join(dir, 'generation_config.json'));
  const main = own === null ? whole : { file: path.join(dir, 'generation_config.json'), fields: withoutNulls(own) };
  const token = (name: keyof typeof TOKENS): number[] => {
    const found = [main, whole].find(({ fields }) => Object.hasOwn(fields, name)) ?? main;
    // Older files say -1 for "none".
    return [checked(found, name, TOKENS[name]) ?? []].flat().filter((token) => token >= 0);
  };
  const ends = checked(main, 'eos_token_id', TOKENS.eos_token_id) ?? [];
  return {
    file: path.basename(main.file),
    eosTokenIds: [ends].flat().filter((token) => token >= 0),
    bosTokenId: token('bos_token_id')[0] ?? null,
    padTokenId: token('pad_token_id')[0] ?? null,
    decoderStartTokenId: token('decoder_start_token_id')[0] ?? null,
    rules: readRules(main),
    notFollowed: Object.fromEntries(
      Object.entries(main.fields).filter(([name, value]) => isNotFollowed(name, value, own !== null)),
    ),
  };
}

interface Fields {
  readonly file: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function readRules(from: Fields): GenerationRules {
  const rules: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(FOLLOWED)) {
    const value = checked(from, name, schema);
    if (value !== null) rules[name] = value;
  }
  return rules;
}

/** The value of a field, null where there is none. */
function checked<Schema extends Type.TSchema & { description?: string }>(
  { file, fields }: Fields,
  name: string,
  schema: Schema,
): Static<Schema> | null {
  const value = fields[name] ?? null;
  if (value === null) return null;
  if (Value.Check(schema, value)) return value;
  const shown = JSON.stringify(value).slice(0, 100);
  throw new CheckpointError(file, `"${name}" is ${shown}; it must be ${schema.description}`);
}

/** @param whole - whether every field of the file is about generation */
function isNotFollowed(name: string, value: unknown, whole: boolean): boolean {
  if (Object.hasOwn(NOT_FOLLOWED, name)) return value !== NOT_FOLLOWED[name];
  return whole && !Object.hasOwn(FOLLOWED, name) && !Object.hasOwn(TOKENS, name) && !WITHOUT_EFFECT.test(name);
}

function withoutNulls(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
