/** Inseq's files strung together are the file of all of their texts, and the data set's CSV has one set of columns. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { datasetEnd, datasetHeader, datasetLines } from '../../src/results/csv.ts';
import { toInseqJson } from '../../src/results/inseq.ts';
import { inseqDataset } from '../../src/results/inseq-dataset.ts';
import { inseqFormat } from '../support/goldens.ts';
import { failedSequence, readInseqJson, resultOf, smallSequence } from './support.ts';

/** A file in pieces of so many bytes. */
async function* pieces(text: string, bytes: number): AsyncGenerator<Buffer> {
  const all = Buffer.from(text);
  for (let at = 0; at < all.length; at += bytes) yield all.subarray(at, at + bytes);
}

async function joined(texts: string[], bytes: number): Promise<string> {
  const files = async function* () {
    for (const text of texts) yield pieces(text, bytes);
  };
  let whole = '';
  for await (const piece of inseqDataset(files)) whole += piece;
  return whole;
}

describe("a data set in Inseq's form", () => {
  const saved = inseqFormat('marian-tiny-saliency.json').toString('utf8');
  const { sequences, info } = readInseqJson(saved);
  const other = { ...info, input_texts: ['"\n ],\n'], generated_texts: ['é → \u{1f600}'], exec_time: 2 };
  const second = toInseqJson(sequences.slice(0, 1), other);

  for (const bytes of [1_000_000, 1_024, 7]) {
    it(`has the sequences and texts of all lines, whatever the pieces: ${bytes} bytes`, async () => {
      const whole = readInseqJson(await joined([saved, second], bytes));
      assert.deepEqual(whole.sequences, [...sequences, sequences[0]]);
      assert.deepEqual(whole.info, {
        ...info,
        input_texts: [...info.input_texts, ...other.input_texts],
        generated_texts: [...info.generated_texts, ...other.generated_texts],
        exec_time: info.exec_time + 2,
      });
    });
  }

  it('is an empty file where no line succeeded', async () => {
    assert.deepEqual(readInseqJson(await joined([], 10)).sequences, []);
  });
});

describe("a data set's CSV", () => {
  const cells = (line: string): string[] => line.trimEnd().split(',');
  const columns = cells(datasetHeader());

  it('names the line in each row', () => {
    const rows = [...datasetLines(resultOf(smallSequence()), 'q1')].map(cells);
    assert.deepEqual(columns.slice(0, 4), ['custom_id', 'sequence', 'kind', 'name']);
    assert.equal(rows.length, 7);
    for (const row of rows) {
      assert.equal(row.length, columns.length);
      assert.equal(row[0], 'q1');
    }
    assert.equal(rows[0][columns.indexOf('value')], '0.25');
  });

  it('has places along further axes in one column', () => {
    const raw = smallSequence({ axes: ['layer', 'head'], target_attributions: [[[[1, 2]]]], step_scores: {} });
    const rows = [...datasetLines(resultOf(raw), null)].map(cells);
    assert.deepEqual(
      rows.map((row) => [row[columns.indexOf('unit')], row[columns.indexOf('value')]]),
      [
        ['0/0', '1'],
        ['0/1', '2'],
      ],
    );
  });

  it('says why a line, or a text of it, has no scores', () => {
    const [failed] = datasetLines(resultOf(failedSequence(), smallSequence()), 'q2');
    assert.equal(failed.trimEnd(), 'q2,0,error,too_long,,,,,,,,,,"It is, ""well"", too long."');
    const bad = cells(datasetEnd('q3', 'error', { code: 'validation', message: 'no' }));
    assert.deepEqual(
      [bad.length, bad[0], bad[2], bad[3], bad.at(-1)],
      [columns.length, 'q3', 'error', 'validation', 'no'],
    );
    assert.equal(cells(datasetEnd('q4', 'canceled', null))[2], 'canceled');
  });
});
