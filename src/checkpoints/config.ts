/** config.json and generation_config.json of a checkpoint. */

import path from 'node:path';
import { CheckpointError } from './errors.ts';
import { readJsonObject, readOptionalJsonObject } from './json-file.ts';

/** A parsed config.json; families read the fields that they need. */
export type ModelConfig = Readonly<Record<string, unknown>> & { readonly model_type: string };

/** Reads `config.json`. @throws CheckpointError naming the file and the field */
export function readModelConfig(dir: string): ModelConfig {
  const file = path.join(dir, 'config.json');
  const config = readJsonObject(file);
  const { model_type } = config;
  if (typeof model_type !== 'string' || model_type === '') {
    throw new CheckpointError(file, `"model_type" must be a name such as "gpt2", it is ${JSON.stringify(model_type)}`);
  }
  return { ...config, model_type };
}

/** Special tokens as config.json names them; null where it does not. */
export interface ConfigIds {
  /** The first one, where it lists several. */
  readonly eos: number | null;
  readonly pad: number | null;
}

/** Reads them, also of a checkpoint whose language model is described by `text_config`. @throws CheckpointError */
export function readConfigIds(dir: string): ConfigIds {
  const config = readModelConfig(dir);
  const text = config.text_config;
  const fields: Record<string, unknown> = { ...(typeof text === 'object' && text), ...withoutNulls(config) };
  const id = (name: string): number | null => {
    const value = fields[name] ?? null;
    if (value === null) return null;
    const ids = asIds(value);
    if (ids !== null) return ids[0] ?? null;
    throw new CheckpointError(
      path.join(dir, 'config.json'),
      `"${name}" is ${JSON.stringify(value)}; it must be a token id or a list of them`,
    );
  };
  return { eos: id('eos_token_id'), pad: id('pad_token_id') };
}

function withoutNulls(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** How a checkpoint wants its text generated. Token ids; null where it says nothing. */
export interface GenerationConfig {
  /** Any of them ends a sequence; empty: nothing does. */
  readonly eosTokenIds: readonly number[];
  readonly bosTokenId: number | null;
  readonly padTokenId: number | null;
  readonly decoderStartTokenId: number | null;
  readonly forcedBosTokenId: number | null;
  readonly forcedEosTokenId: number | null;
  /** Sequences that may not be generated. */
  readonly badWordsIds: readonly (readonly number[])[];
  readonly suppressTokens: readonly number[];
  readonly numBeams: number;
  /** Tokens of prompt and generation together. */
  readonly maxLength: number | null;
}

/**
 * generation_config.json, and for what it leaves out config.json, as transformers merges them.
 * @throws CheckpointError naming the file and the field
 */
export function readGenerationConfig(dir: string): GenerationConfig {
  const config = readModelConfig(dir);
  const own = readOptionalJsonObject(path.join(dir, 'generation_config.json'));
  const files = [
    { file: path.join(dir, 'generation_config.json'), fields: own ?? {} },
    { file: path.join(dir, 'config.json'), fields: config },
  ];
  const field = <T>(name: string, parse: (value: unknown) => T | null, wanted: string): T | null => {
    for (const { file, fields } of files) {
      const value = fields[name];
      if (value === undefined || value === null) continue;
      const parsed = parse(value);
      if (parsed === null)
        throw new CheckpointError(file, `"${name}" is ${JSON.stringify(value)}; it must be ${wanted}`);
      return parsed;
    }
    return null;
  };
  const id = (name: string): number | null => field(name, asId, 'a token id');
  return {
    eosTokenIds: field('eos_token_id', asIds, 'a token id or a list of them') ?? [],
    bosTokenId: id('bos_token_id'),
    padTokenId: id('pad_token_id'),
    decoderStartTokenId: id('decoder_start_token_id'),
    forcedBosTokenId: id('forced_bos_token_id'),
    forcedEosTokenId: field('forced_eos_token_id', (value) => asIds(value)?.[0] ?? null, 'a token id'),
    badWordsIds: field('bad_words_ids', asSequences, 'a list of lists of token ids') ?? [],
    suppressTokens: field('suppress_tokens', asIds, 'a list of token ids') ?? [],
    numBeams: field('num_beams', asId, 'a number') ?? 1,
    maxLength: field('max_length', asId, 'a number'),
  };
}

function asId(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function asIds(value: unknown): number[] | null {
  const list = Array.isArray(value) ? value.map(asId) : [asId(value)];
  return list.every((id) => id !== null) ? list : null;
}

function asSequences(value: unknown): number[][] | null {
  if (!Array.isArray(value)) return null;
  const sequences = value.map(asIds);
  return sequences.every((ids) => ids !== null) ? sequences : null;
}
