/** What is scored of documents: documents, paragraphs, sentences, tokens or spans, by their characters. */

import type { Range } from './templates.ts';

/** What units are asked for: pieces of a kind, or spans of characters. */
type Unit = 'document' | 'paragraph' | 'sentence' | 'token' | readonly Omit<DocumentUnit, 'cut'>[];

/** A unit of a document. */
export interface DocumentUnit {
  document: number;
  /** Characters of the document's text. */
  start: number;
  end: number;
  /** Where it ends with the blanks behind it, which go with it. */
  cut: number;
}

/** Sentences are told apart by these rules where nothing is asked for. */
const DEFAULT_LANGUAGE = 'en';

/**
 * The units of all documents, in order; blanks are part of none.
 * @param tokensOf - the characters that each token of a document covers
 */
export function unitsOf(
  documents: readonly { text: string }[],
  { unit, language }: { unit: Unit; language: string | null },
  tokensOf: (document: number) => Range[],
): DocumentUnit[] {
  if (typeof unit !== 'string') {
    const spans = [...unit].sort((a, b) => a.document - b.document || a.start - b.start);
    return spans.map(({ document, start, end }) => ({ document, start, end, cut: end }));
  }
  return documents.flatMap(({ text }, document) => {
    const pieces = unit === 'token' ? tokensOf(document) : piecesOf(text, unit, language);
    return pieces.flatMap(([from, to]) => {
      const own = text.slice(from, to);
      const start = from + own.length - own.trimStart().length;
      const end = from + own.trimEnd().length;
      return start < end ? [{ document, start, end, cut: to }] : [];
    });
  });
}

function piecesOf(text: string, unit: 'document' | 'paragraph' | 'sentence', language: string | null): Range[] {
  if (unit === 'document') return [[0, text.length]];
  return unit === 'sentence' ? sentencesOf(text, language) : paragraphsOf(text);
}

/** Sentences with the blanks behind them, by the rules of Unicode and the language. */
export function sentencesOf(text: string, language: string | null): Range[] {
  const segmenter = new Intl.Segmenter(language ?? DEFAULT_LANGUAGE, { granularity: 'sentence' });
  return Array.from(segmenter.segment(text), ({ index, segment }) => [index, index + segment.length] as const);
}

/** Paragraphs with the blank lines behind them. */
function paragraphsOf(text: string): Range[] {
  const ends = Array.from(text.matchAll(/\n[^\S\n]*\n\s*/g), (match) => match.index + match[0].length);
  return [...ends, text.length].map((end, k) => [k === 0 ? 0 : ends[k - 1], end] as const);
}
