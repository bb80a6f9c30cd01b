/** config.json of a checkpoint. */

import path from 'node:path';
import { CheckpointError } from './errors.ts';
import { readJsonObject } from './json-file.ts';

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

function asId(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}

function asIds(value: unknown): number[] | null {
  const list = Array.isArray(value) ? value.map(asId) : [asId(value)];
  return list.every((id) => id !== null) ? list : null;
}
