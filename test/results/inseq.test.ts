import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { toInseqJson } from '../../src/results/inseq.ts';
import { inseqFormat } from '../support/goldens.ts';
import { readInseqJson } from './support.ts';

describe('the JSON that Inseq loads', () => {
  for (const model of ['gpt2-tiny', 'marian-tiny']) {
    for (const what of ['saliency', 'saliency-aggregated', 'attention']) {
      it(`is written byte for byte as Inseq saved it: ${model} ${what}`, () => {
        const saved = inseqFormat(`${model}-${what}.json`).toString('utf8');
        const { sequences, info } = readInseqJson(saved);
        assert.ok(sequences[0].targetAttributions && sequences[0].targetAttributions.data.length > 0);
        assert.equal(toInseqJson(sequences, info), saved);
      });
    }
  }

  it('equals the compressed file of Inseq, unpacked', () => {
    const saved = gunzipSync(inseqFormat('marian-tiny-saliency.json.gz')).toString('utf8');
    const { sequences, info } = readInseqJson(saved);
    assert.equal(toInseqJson(sequences, info), saved);
  });

  it('holds convergence deltas as the step score that Inseq has them in', () => {
    const { sequences, info } = readInseqJson(inseqFormat('gpt2-tiny-saliency.json').toString('utf8'));
    const steps = sequences[0].attrPosEnd - sequences[0].attrPosStart;
    const convergenceDelta = new Float32Array(steps).fill(0.5);
    const written = readInseqJson(toInseqJson([{ ...sequences[0], convergenceDelta }], info));
    assert.deepEqual(written.sequences[0].stepScores.deltas, convergenceDelta);
  });
});
