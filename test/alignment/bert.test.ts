/** Automatic alignment of contrast texts, with a random BERT in LaBSE's place, as the golden files were made. */

import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { alignTexts, alignWords } from '../../src/alignment/align-texts.ts';
import { type Aligner, loadAligner } from '../../src/alignment/bert.ts';
import type { Pair } from '../../src/attribution/step-functions/parts/align-contrast.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { tf } from '../../src/tensors/tf.ts';
import { autoAlignment, modelDir } from '../support/goldens.ts';

interface WordUnit {
  a: string;
  a_words: string[];
  b_words: string[];
  alignments: Pair[];
}

describe('the aligner', () => {
  let aligner: Aligner;
  let tensors: number;
  before(async () => {
    await startBackend('auto');
    tensors = tf.memory().numTensors;
    aligner = loadAligner(modelDir('aligner-tiny'));
  });
  after(() => {
    aligner.dispose();
    assert.equal(tf.memory().numTensors, tensors, 'tensors are left');
  });

  for (const unit of autoAlignment().word_alignments as unknown as WordUnit[]) {
    it(`pairs the words of "${unit.a}" as the reference library`, async () => {
      assert.deepEqual(await alignWords(aligner, [unit.a_words, unit.b_words]), unit.alignments);
    });
  }

  it('keeps the table of word pieces and the layers after the aligned one off the device', () => {
    const stored = statSync(join(modelDir('aligner-tiny'), 'model.safetensors')).size;
    const table = 500 * aligner.hiddenSize * 4;
    const layer = 4 * aligner.hiddenSize ** 2 * 4;
    assert.ok(aligner.bytes < stored - table - layer, `${aligner.bytes} of ${stored} bytes`);
    assert.equal(aligner.maxPieces, 62);
  });

  it('refuses texts that it has no positions for, and takes empty ones', async () => {
    const long = 'word '.repeat(100);
    await assert.rejects(alignTexts(aligner, [long, 'a'], [[], []]), {
      name: 'AttributionError',
      pointer: '/contrast_targets_alignments',
      message: /up to 62 word pieces, and one has \d{3}; give pairs/,
    });
    assert.deepEqual(await alignTexts(aligner, ['', 'a'], [[], []]), []);
  });
});

describe('aligners that are none', () => {
  const refused: [string, Record<string, unknown>, RegExp][] = [
    ['of another type', { model_type: 'gpt2' }, /model_type "gpt2" is no aligner; it must be "bert"/],
    ['with too few layers', { num_hidden_layers: 6 }, /has 6 layers, and words are aligned by layer 8/],
    ['with relative positions', { position_embedding_type: 'relative_key' }, /"relative_key" is not supported/],
  ];
  for (const [title, change, message] of refused) {
    it(`are refused: ${title}`, () => {
      const dir = mkdtempSync(join(tmpdir(), 'whence-aligner-'));
      try {
        cpSync(modelDir('aligner-tiny'), dir, { recursive: true });
        const file = join(dir, 'config.json');
        writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), ...change }));
        assert.throws(() => loadAligner(dir), { message });
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    });
  }
});
