/** Which files of a repository make a checkpoint that can be served. */

import fs from 'node:fs';
import path from 'node:path';
import { CheckpointError } from './errors.ts';

const CONFIG =
  /^(config|generation_config|tokenizer|tokenizer_target|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$/;
const TOKENIZER =
  /^(merges\.txt|(source|target)\.spm|(spiece|tokenizer|sentencepiece\.bpe)\.model|chat_template\.jinja)$/;
const SHARD = /^model-\d{5}-of-\d{5}\.safetensors$/;
const SINGLE = 'model.safetensors';
const INDEX = 'model.safetensors.index.json';

/** Selects from a repository's files. @throws CheckpointError where the configuration or the weights are missing */
export function neededFiles(repository: string, files: readonly string[]): string[] {
  if (!files.includes('config.json')) throw new CheckpointError(repository, 'has no config.json: it is no checkpoint');
  const weights = files.includes(SINGLE)
    ? [SINGLE]
    : files.includes(INDEX)
      ? files.filter((file) => file === INDEX || SHARD.test(file))
      : [];
  if (weights.length === 0) {
    throw new CheckpointError(
      repository,
      'has no model.safetensors; pickled weights are not loaded because they can run code. Choose a "revision" with ' +
        'safetensors (the hub offers conversions as refs/pr/N), or convert it and give its "path"',
    );
  }
  // Small files first: what is wrong with them shows before gigabytes have been fetched.
  return [...files.filter((file) => CONFIG.test(file) || TOKENIZER.test(file)), ...weights];
}

/** Whether a directory has its configuration and all its weights. */
export function isComplete(dir: string): boolean {
  const has = (file: string): boolean => fs.existsSync(path.join(dir, file));
  if (!has('config.json')) return false;
  if (has(SINGLE)) return true;
  if (!has(INDEX)) return false;
  try {
    const { weight_map }: { weight_map?: unknown } = JSON.parse(fs.readFileSync(path.join(dir, INDEX), 'utf8'));
    return (
      typeof weight_map === 'object' &&
      weight_map !== null &&
      Object.values(weight_map).every((file) => has(String(file)))
    );
  } catch {
    return false;
  }
}
