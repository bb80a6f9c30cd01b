import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toCsv } from '../../src/results/csv.ts';
import { failedSequence, resultOf, smallSequence, spannedSequence, tokensOf } from './support.ts';

/** A reader of RFC 4180. */
function parse(text: string): string[][] {
  const rows: string[][] = [];
  const pattern = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  let row: string[] = [];
  let end = 0;
  for (const [all, quoted, plain, separator] of text.matchAll(pattern)) {
    row.push(quoted?.replaceAll('""', '"') ?? plain);
    end += all.length;
    if (separator === ',') continue;
    rows.push(row);
    row = [];
  }
  assert.equal(end, text.length, 'not RFC 4180');
  return rows;
}

describe('a result as CSV', () => {
  it('has a row for each score that applies', () => {
    const [header, ...rows] = parse(toCsv(resultOf(smallSequence())));
    assert.deepEqual(header.slice(0, 3), ['sequence', 'kind', 'name']);
    assert.deepEqual(rows, [
      ['0', 'attribution', 'target', '0', '0', 'The', '2', '2', ' is', '0.25'],
      ['0', 'attribution', 'target', '0', '0', 'The', '3', '3', ' Paris', '0.5'],
      ['0', 'attribution', 'target', '1', '1', ' capital', '2', '2', ' is', '0.75'],
      ['0', 'attribution', 'target', '1', '1', ' capital', '3', '3', ' Paris', '-0.125'],
      ['0', 'attribution', 'target', '2', '2', ' is', '3', '3', ' Paris', '0.375'],
      ['0', 'step_score', 'probability', '', '', '', '2', '2', ' is', '0.9'],
      ['0', 'step_score', 'probability', '', '', '', '3', '3', ' Paris', '0.8'],
    ]);
  });

  it('has the texts of spans in place of generated tokens', () => {
    const [, ...rows] = parse(toCsv(resultOf(spannedSequence())));
    assert.deepEqual(rows.slice(0, 3), [
      ['0', 'attribution', 'target', '0', '0', 'The', '1', '-1', ' capital is', '0.5'],
      ['0', 'attribution', 'target', '0', '0', 'The', '4', '-1', '.', '0.25'],
      ['0', 'attribution', 'target', '1', '1', ' capital', '1', '-1', ' capital is', '0.125'],
    ]);
    assert.deepEqual(rows.slice(-6), [
      ['0', 'step_score', 'probability', '', '', '', '1', '1', ' capital', '0.9'],
      ['0', 'step_score', 'probability', '', '', '', '2', '2', ' is', '0.8'],
      ['0', 'step_score', 'probability', '', '', '', '3', '3', ' Paris', '0.75'],
      ['0', 'step_score', 'probability', '', '', '', '4', '4', '.', '0.5'],
      ['0', 'target_span', 'score', '', '', '', '1', '-1', ' capital is', '1.7'],
      ['0', 'target_span', 'score', '', '', '', '4', '-1', '.', '0.5'],
    ]);
  });

  it('has a row for each alternative, by rank, with the step that it belongs to', () => {
    const likely = [{ id: 7, token: ' Rome', probability: 0.25 }];
    const rows = parse(toCsv(resultOf(smallSequence({ top_alternatives: [[], likely] }))));
    assert.deepEqual(
      rows.filter(([, kind]) => kind === 'top_alternative'),
      [['0', 'top_alternative', '1', '', '7', ' Rome', '3', '3', ' Paris', '0.25']],
    );
  });

  it('has a column for each further axis of raw scores', () => {
    const raw = smallSequence({
      axes: ['layer'],
      target_attributions: [
        [
          [1, 2],
          [3, 4],
        ],
      ],
      step_scores: {},
    });
    const [header, ...rows] = parse(toCsv(resultOf(raw)));
    assert.deepEqual(header.slice(-2), ['layer', 'value']);
    assert.deepEqual(
      rows.map((row) => row.slice(-2)),
      [
        ['0', '1'],
        ['1', '2'],
        ['0', '3'],
        ['1', '4'],
      ],
    );
  });

  it('tells source, encoder self-attention and convergence delta apart', () => {
    const source = tokensOf('Le', ' chat');
    const sequence = smallSequence({
      source,
      source_attributions: [
        [0.1, 0.2],
        [0.3, 0.4],
      ],
      sequence_scores: {
        encoder_self_attentions: [
          [0.5, 0.6],
          [0.7, 0.8],
        ],
      },
      convergence_delta: [0.01, null],
    });
    const rows = parse(toCsv(resultOf(sequence)));
    const of = (kind: string, name: string) => rows.filter((row) => row[1] === kind && row[2] === name);
    assert.equal(of('attribution', 'source').length, 4);
    assert.deepEqual(of('sequence_score', 'encoder_self_attentions')[1].slice(3), [
      '0',
      '0',
      'Le',
      '1',
      '1',
      ' chat',
      '0.6',
    ]);
    assert.equal(of('convergence_delta', '').length, 1);
  });

  it('has a column of contrast tokens where there are some', () => {
    const sequence = smallSequence();
    sequence.target[3] = { ...sequence.target[3], contrast: { id: 9, token: ' Rome', position: 3 } };
    const [header, ...rows] = parse(toCsv(resultOf(sequence)));
    assert.deepEqual(header.slice(-3), ['generated', 'contrast', 'value']);
    for (const row of rows) assert.equal(row[9], row[6] === '3' ? ' Rome' : '');
    assert.ok(rows.every((row) => row.length === header.length));
  });

  it('has a row and a column for the error of a text that failed', () => {
    const [header, ...rows] = parse(toCsv(resultOf(failedSequence(), smallSequence())));
    assert.deepEqual(header.slice(-2), ['value', 'error']);
    assert.ok(rows.every((row) => row.length === header.length));
    assert.deepEqual(rows[0], ['0', 'error', 'too_long', '', '', '', '', '', '', '', 'It is, "well", too long.']);
    assert.ok(rows.slice(1).every((row) => row[0] === '1' && row.at(-1) === ''));
  });

  it('quotes what needs quotes and disarms formulas', () => {
    const hostile = ['=HYPERLINK("http://x")', '+1', 'a,b', 'line\r\nbreak'];
    const rows = parse(toCsv(resultOf(smallSequence({ target: tokensOf(...hostile) }))));
    const tokens = new Set(rows.slice(1).map((row) => row[5]));
    assert.ok(tokens.has('\'=HYPERLINK("http://x")'));
    assert.ok(tokens.has("'+1"));
    assert.ok(tokens.has('a,b'));
    assert.ok(rows.some((row) => row[8] === 'line\r\nbreak'));
  });
});
