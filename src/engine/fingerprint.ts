/** What tells a checkpoint from another, and a model as it is served from one that may give other numbers. */

import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { ModelEntry } from '../checkpoints/models-file.ts';
import type { Catalogue } from '../contract/catalogue.ts';

export interface CheckpointHashes {
  /** Of config.json and the weights. */
  model: string;
  /** Of the tokenizer's files. */
  tokenizer: string;
  /** Of every file of the folder: generation_config.json, chat templates and so on. */
  files: string;
}

/** What is the same for all models of an engine. */
export interface Surroundings extends Pick<Catalogue, 'backend' | 'versions'> {
  /** Hash of the methods and step functions of the operator's own. */
  plugins: string;
  /** Of the encoder that aligns contrast texts; null: there is none. */
  aligner: CheckpointHashes | null;
}

const HASHED_BYTES = 2 ** 20;
const TOKENIZER_FILES = ['tokenizer.json', 'tokenizer_target.json', 'vocab.json', 'source.spm', 'target.spm'];
/** A file of Hugging Face's cache is named by a hash of its content. */
const CONTENT_ADDRESS = /^[0-9a-f]{40,64}$/;

/** Hashes that are quick to make of any size of checkpoint: weights count by size and first mebibyte. */
export function hashesOf(dir: string): CheckpointHashes {
  const model = createHash('sha256').update(readFileSync(join(dir, 'config.json')));
  const names = readdirSync(dir).sort();
  for (const name of names.filter((one) => one.endsWith('.safetensors'))) {
    const file = join(dir, name);
    model.update(`${name}:${statSync(file).size}`).update(headOf(file));
  }
  const tokenizer = createHash('sha256');
  for (const name of TOKENIZER_FILES) {
    if (existsSync(join(dir, name))) tokenizer.update(readFileSync(join(dir, name)));
  }
  const files = createHash('sha256');
  for (const name of names) {
    const file = join(dir, name);
    if (statSync(file).isFile()) files.update(`${name}:${versionOf(file)}`).update(headOf(file));
  }
  return { model: short(model.digest('hex')), tokenizer: short(tokenizer.digest('hex')), files: files.digest('hex') };
}

/** Changes with the files of plug-ins; not with what those import. */
export function hashOfPlugins(plugins: readonly string[]): string {
  const hash = createHash('sha256');
  for (const file of plugins) hash.update(file).update(readFileSync(resolve(file)));
  return hash.digest('hex');
}

/**
 * The same where a request gives the same result: it changes with the checkpoint's files, how they are quantized, what
 * computes, the versions of the programs, and the operator's plug-ins.
 */
export function fingerprintOf(
  { int8Threshold, int8Outliers, quantization }: ModelEntry,
  hashes: CheckpointHashes,
  { backend, versions, plugins, aligner }: Surroundings,
): string {
  const arithmetic = { quantization, ...(quantization === 'int8' && { int8Threshold, int8Outliers }) };
  const { name, device = 'cpu' } = backend;
  const all = { hashes, arithmetic, backend: [name, device], versions, plugins, aligner };
  return short(createHash('sha256').update(JSON.stringify(all)).digest('hex'));
}

/** What changes with the content of a large file: its name in a cache that goes by content, else its size and time. */
function versionOf(file: string): string {
  const real = realpathSync(file);
  if (basename(dirname(real)) === 'blobs' && CONTENT_ADDRESS.test(basename(real))) return basename(real);
  const { size, mtimeMs } = statSync(real);
  return size <= HASHED_BYTES ? `${size}` : `${size}:${mtimeMs}`;
}

function headOf(file: string): Buffer {
  const head = Buffer.alloc(Math.min(HASHED_BYTES, statSync(file).size));
  const descriptor = openSync(file, 'r');
  readSync(descriptor, head, 0, head.length, 0);
  closeSync(descriptor);
  return head;
}

const short = (digest: string): string => digest.slice(0, 16);
