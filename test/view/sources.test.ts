/** Documents, an answer and its sources as a text to look at, and PECoRe's tokens with their cues. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createContextView } from '../../src/view/model/context-view.ts';
import { contextLine, contextNotes } from '../../src/view/model/facts.ts';
import { factsOfCitation, titleOf } from '../../src/view/model/sources.ts';
import type { Paragraph } from '../../src/view/model/text.ts';
import { contextResult, DOCUMENTS, RELIANCE } from '../results/context-support.ts';

const textOf = ({ pieces }: Paragraph) =>
  pieces.map((piece) => (typeof piece === 'string' ? piece : `[${piece.text}]`)).join('');
const said = (view: ReturnType<typeof createContextView>) => view.sentence.value.map(({ text }) => text).join('');

describe('an answer about documents', () => {
  const result = contextResult();

  it('stands above the documents, with its sentences and the spans that were asked for', () => {
    const { paragraphs } = createContextView(result);
    assert.deepEqual(
      paragraphs.value.map((paragraph) => [paragraph.title, textOf(paragraph)]),
      [
        ['Question', 'Where is Ben?'],
        ['Answer', '[Ben is in Rome.] [So he says.]'],
        ['Parts of it', '[Rome]'],
        ['Staff', '[Ana is in Oslo.] [Ben is in Rome.]'],
        ['Document 2', '[It rained.]\n\n[Nobody came.]'],
      ],
    );
  });

  it('shows a conversation by its turns', () => {
    const { query: _, ...request } = result.info.request;
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: [{ type: 'text' as const, text: 'Where?' }] },
    ];
    const { paragraphs } = createContextView({
      ...result,
      info: { ...result.info, request: { ...request, messages } },
    });
    assert.deepEqual(
      paragraphs.value.slice(0, 2).map((paragraph) => [paragraph.title, textOf(paragraph)]),
      [
        ['System', 'Be brief.'],
        ['Question', 'Where?'],
      ],
    );
  });

  it('has the scores of units and parts, under the titles of their documents', () => {
    const { rows, columns, values } = createContextView(result).matrix.value;
    assert.deepEqual(
      rows.map(({ group }) => group),
      ['Staff', 'Staff', 'Document 2', 'Document 2'],
    );
    assert.equal(columns.length, 3);
    assert.deepEqual([...values].slice(0, 6), [1, 0, 0, 9, 0.1, 3]);
    const shares = createContextView(result, { shares: true }).matrix.value;
    assert.equal(shares.values[3], 0.9);
  });

  it('is told in words: as a whole, by part, by unit, and where it has no sources', () => {
    const view = createContextView(result);
    assert.equal(said(view), '2 of 3 parts of the answer rest on the documents, most of all on “Staff” (88 %).');
    view.pinned.value = { column: 0, row: null };
    assert.equal(said(view), '“Ben is in Rome.” came mostly from “Ben is in Rome.” (90 %).');
    view.pinned.value = { column: 1, row: null };
    assert.match(
      said(view),
      /^“So he says\.” does not rest on the documents: .* drops by 0\.200 nats, and 1 is asked for\.$/,
    );
    view.pinned.value = { column: null, row: { side: 'source', token: 1 } };
    assert.equal(said(view), '“Ben is in Rome.” counted most for “So he says.”: 100 % of it.');
    const { sources } = result;
    assert.ok(sources);
    const citations = sources.citations.map((citation) => ({ ...citation, unsupported: true, sources: [] }));
    const none = createContextView(contextResult({ sources: { ...sources, citations } }));
    assert.equal(said(none), 'None of the 3 parts of the answer rests on the documents.');
  });

  it('says how far each part is to be trusted', () => {
    const [first, second] = result.sources?.citations ?? [];
    assert.deepEqual(factsOfCitation(first), ['support 12.0 nats', 'R² 0.90', 'held out 0.80']);
    assert.deepEqual(factsOfCitation(second), ['support 0.200 nats', 'no sources']);
    assert.equal(contextLine(result), 'By leaving out each part of the documents once');
    assert.deepEqual(contextNotes(result), []);
  });

  it('names documents by title, id or number', () => {
    assert.deepEqual([...DOCUMENTS, { id: 'x', text: '' }].map(titleOf), ['Staff', 'Document 2', 'x']);
  });
});

describe('a context and the tokens that depend on it', () => {
  const view = createContextView(contextResult({ context: RELIANCE, sources: null }));

  it('has a column for each of these tokens, and a row for each token of the context', () => {
    const { rows, columns, values } = view.matrix.value;
    assert.deepEqual(
      columns.map(({ text }) => text),
      ['it'],
    );
    assert.deepEqual(
      rows.map(({ unit }) => unit.text),
      ['L', 'ima', 'is', 'big', '.', 'So'],
    );
    assert.deepEqual([...values], [3, 4, 1, 1, 0, 1]);
    assert.deepEqual(view.paragraphs.value.map(textOf), ['[L][ima][is][big][.]', '[So]', '[is][it][.]']);
  });

  it('sums over words, and has the sensitivity of all tokens as step scores', () => {
    view.granularity.value = 'word';
    assert.equal(view.matrix.value.values[0], 7);
    assert.equal(said(view), '“it” came mostly from “Lima” (70 %).');
    assert.deepEqual(view.sequence?.step_scores, { context_sensitivity: [0.1, 2, 0.2] });
  });

  it('says so where no token does', () => {
    const nothing = createContextView(contextResult({ context: { ...RELIANCE, cci_scores: [] }, sources: null }));
    assert.equal(said(nothing), 'No token of the answer depends on the context.');
    assert.equal(nothing.panel.value, 'scores');
  });

  it('stands beside the documents where both are there', () => {
    const both = createContextView(contextResult({ context: RELIANCE }));
    assert.deepEqual(both.aspects, ['sources', 'reliance']);
    assert.equal(both.matrix.value.rows.length, 4);
    both.text.value = 1;
    assert.equal(both.aspect.value, 'reliance');
    assert.equal(both.matrix.value.rows.length, 6);
  });
});
