/** A case's model, run once as test/fixtures/families/make.py runs it: over the source and the first six tokens. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadModel } from '../../src/models/load.ts';
import { embedIds, type LanguageModel } from '../../src/models/model.ts';
import { Rows } from '../../src/nn/rows.ts';
import { Run, type RunOptions, type Value } from '../../src/nn/run.ts';
import { type Tensor2D, tf } from '../../src/tensors/tf.ts';
import { type FamilyCase, IDS, SOURCE } from './family-cases.ts';
import { writeCheckpoint } from './generated-checkpoint.ts';

export const TOKENS = IDS.subarray(0, 6);

/** Loads a case in float32, with other fields in its config where they are given, for the time of `body`. */
export async function withModel(
  golden: FamilyCase,
  fields: object,
  body: (model: LanguageModel) => void | Promise<void>,
) {
  const dir = mkdtempSync(join(tmpdir(), 'whence-family-'));
  writeCheckpoint(join(dir, 'model'), { ...golden.config, ...fields }, golden.tensors);
  const loaded = await loadModel(join(dir, 'model'), { quantization: 'none', rule: { threshold: 6, outliers: 'row' } });
  try {
    await body(loaded.model);
  } finally {
    loaded.dispose();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs encoder and decoder block by block. @returns the decoder's output: what the head takes. Call in a tidy. */
export function decoderOutput(model: LanguageModel, run: Run, tokens: Int32Array = TOKENS): Value {
  const { encoder, sourceEmbedding, decoder, targetEmbedding } = model;
  const leaf = (embedding: typeof targetEmbedding, ids: Int32Array) =>
    run.leaf(embedIds(embedding, ids), run.ownRows(Rows.full(1, ids.length)));
  const through = (stack: typeof decoder, features: Value, memory: Value | null): Value => {
    let x = stack.enter(run, features);
    for (const block of stack.blocks) x = block(run, x, memory, null);
    return stack.leave(run, x);
  };
  const memory = encoder && sourceEmbedding && through(encoder, leaf(sourceEmbedding, SOURCE), null);
  return through(decoder, leaf(targetEmbedding, tokens), memory);
}

/** Logits of tokens, by default the first six: [tokens, vocab]. Call in a tidy. */
export function logitsOf(model: LanguageModel, options: RunOptions, tokens: Int32Array = TOKENS): Tensor2D {
  const run = new Run(options);
  const logits = model.head(run, decoderOutput(model, run, tokens)).tensor;
  const result = tf.clone(logits);
  run.dispose();
  return result;
}
