/** Which files make a checkpoint that can be served: of a repository of the hub, and of a directory. */

import fs from 'node:fs';
import path from 'node:path';
import { CheckpointError } from './errors.ts';
import { readJsonObject } from './json-file.ts';

const CONFIG =
  /^(config|generation_config|tokenizer|tokenizer_target|tokenizer_config|special_tokens_map|added_tokens|vocab)\.json$/;
const TOKENIZER =
  /^(merges\.txt|(source|target)\.spm|(spiece|tokenizer|sentencepiece\.bpe)\.model|chat_template\.jinja)$/;
const SINGLE = 'model.safetensors';
/** Says which shard each tensor is in. */
export const INDEX = 'model.safetensors.index.json';

/**
 * The small files that a checkpoint needs of a repository, the index of its weights among them.
 * @throws CheckpointError where the configuration or the weights are missing
 */
export function smallFiles(repository: string, files: readonly string[]): string[] {
  if (!files.includes('config.json'))
    throw new CheckpointError(repository, 'has no config.json: it is not a checkpoint');
  if (!files.includes(SINGLE) && !files.includes(INDEX)) {
    throw new CheckpointError(
      repository,
      'has no model.safetensors; pickled weights are not loaded because they can run code. Choose a "revision" with ' +
        'safetensors (the hub offers conversions as refs/pr/N), or convert it and give its "path"',
    );
  }
  const index = files.includes(SINGLE) ? [] : [INDEX];
  return [...files.filter((file) => CONFIG.test(file) || TOKENIZER.test(file)), ...index];
}

/**
 * The files with its weights: one, or those that the index names, whatever they are called.
 * @param index - of the repository; null where it has none, or one file with all weights
 * @throws CheckpointError where the repository lacks one
 */
export function weightFiles(
  repository: string,
  files: readonly string[],
  index: ReadonlyMap<string, string> | null,
): string[] {
  if (index === null) return [SINGLE];
  const shards = [...new Set(index.values())];
  const missing = shards.find((file) => !files.includes(file));
  if (missing === undefined) return shards;
  throw new CheckpointError(
    repository,
    `lacks "${missing}", which ${INDEX} names: its weights are not complete; choose another "revision"`,
  );
}

/** The shard of each tensor, by an index file. @throws CheckpointError where a shard is not a plain file name */
export function readIndex(file: string): Map<string, string> {
  const { weight_map: map } = readJsonObject(file);
  if (typeof map !== 'object' || map === null) throw new CheckpointError(file, '"weight_map" must be an object');
  const shards = new Map<string, string>();
  for (const [name, shard] of Object.entries(map)) {
    // A shard's name must not lead out of the directory.
    if (typeof shard !== 'string' || !/^[\w-][\w.-]*\.safetensors$/.test(shard)) {
      throw new CheckpointError(file, `the shard of "${name}" must be a file name, it is ${JSON.stringify(shard)}`);
    }
    shards.set(name, shard);
  }
  if (shards.size === 0) throw new CheckpointError(file, '"weight_map" names no tensors');
  return shards;
}

/** Whether a directory has its configuration and all its weights. */
export function isComplete(dir: string): boolean {
  try {
    checkComplete(dir);
    return true;
  } catch {
    return false;
  }
}

/** @throws CheckpointError naming the file that a directory lacks of its configuration or its weights */
export function checkComplete(dir: string): void {
  const has = (file: string): boolean => fs.existsSync(path.join(dir, file));
  if (!has('config.json')) throw new CheckpointError(path.join(dir, 'config.json'), 'there is no such file');
  if (has(SINGLE)) return;
  if (!has(INDEX)) throw noWeights(dir);
  shardsIn(dir, readIndex(path.join(dir, INDEX)));
}

/** Paths of the shards of an index. @throws CheckpointError naming the one that is not there */
export function shardsIn(dir: string, index: ReadonlyMap<string, string>): string[] {
  const shards = [...new Set(index.values())].map((shard) => path.join(dir, shard));
  const missing = shards.find((shard) => !fs.existsSync(shard));
  if (missing === undefined) return shards;
  throw new CheckpointError(missing, 'is missing, but the index names it; download it again');
}

/** What is there in place of a directory's weights, with the remedy. */
export function noWeights(dir: string): CheckpointError {
  if (!fs.existsSync(dir)) return new CheckpointError(dir, 'there is no such directory');
  const pickles = fs.readdirSync(dir).some((file) => /^pytorch_model.*\.bin$/.test(file));
  const remedy = pickles
    ? 'only pickled PyTorch weights, which are not loaded because they can run code; ' +
      'save the model again with safe_serialization=True'
    : 'put the Hugging Face checkpoint there';
  return new CheckpointError(dir, `holds no model.safetensors (nor its index): ${remedy}`);
}
