/** A models file with a model of GPT-2 small's shape and random weights, with the demo model's tokenizer. */

import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { GPT2_SMALL, randomCheckpoint } from '../../bench/random-checkpoint.ts';
import { PROJECT } from '../support/up.ts';

/** @param dir - where checkpoint and models file are written */
export function gpt2SmallModels(dir: string): string {
  const checkpoint = randomCheckpoint(dir, GPT2_SMALL);
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    copyFileSync(join(PROJECT, 'models', 'facts-gpt2', name), join(checkpoint, name));
  }
  const file = join(dir, 'models.json');
  writeFileSync(file, JSON.stringify({ models: [{ id: 'gpt2-small', path: checkpoint, quantization: 'none' }] }));
  return file;
}
