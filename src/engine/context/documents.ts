/** Documents and a question: which units of the documents each part of the answer came from. */

import { AttributionError } from '../../attribution/errors.ts';
import { AnswerCopies, type CopyCounts } from '../../attribution/sources/answer-copies.ts';
import type { DocumentsRequest } from '../../contract/attribute-context-request.ts';
import type { Citation, Sources } from '../../contract/attribute-context-result.ts';
import { LIMITS } from '../../contract/limits.ts';
import { sentencesOf } from '../../document-units.ts';
import { toWire } from '../../results/json.ts';
import type { AnswerOptions } from './answer.ts';
import { byAblation, byLeavingOneOut, byTokens, type UnitScores } from './approaches.ts';
import type { ContextJob } from './context-job.ts';
import { answerOfDocuments, type DocumentsAnswer } from './documents-answer.ts';
import { type Part, sumOver } from './parts.ts';
import { describeReliance, type Reliance, relianceOn } from './reliance.ts';

export async function citeDocuments(job: ContextJob<DocumentsRequest>, options: AnswerOptions) {
  const { request, hooks } = job;
  const answer = await answerOfDocuments(job, options);
  if (answer.units.length === 0) {
    const message = 'the documents have no unit that is more than blanks: give texts, or another `unit`';
    throw new AttributionError('no_units', message, '#/documents');
  }
  if (answer.units.length > LIMITS.units) {
    const message = `${answer.units.length} units are more than the ${LIMITS.units} that are scored: take a larger \`unit\``;
    throw new AttributionError('too_many_units', message, '#/unit');
  }
  const parts = partsOf(answer, request);
  const onProgress = (done: number, total: number) => hooks.progress({ phase: 'attributing', completed: done, total });
  const setup = { shared: job.resources.passesOf(job.model), client: job.client, counters: job.counters };
  using copies = new AnswerCopies(setup, answer.contextual, answer.positions.length);
  const clean = await copies.clean();
  const [bare] = await copies.scores([answer.without(null)], 'log_probability', () => {});
  let reliance: Reliance | null = null;
  const setting = { job, answer, parts, copies, clean, onProgress };
  let found: UnitScores;
  switch (request.approach) {
    case 'ablation':
      found = await byAblation(setting);
      break;
    case 'leave_one_out':
      found = await byLeavingOneOut(setting);
      break;
    case 'tokens':
      found = await byTokens(setting, null);
      break;
    case 'pecore':
      reliance = await relianceOn(job, answer, onProgress);
      found = await byTokens(setting, reliance);
  }
  return {
    answer,
    context: reliance && describeReliance(job, answer, reliance),
    sources: sourcesOf(setting, bare, found),
    copies: copies.counts satisfies CopyCounts,
  };
}

/** The sentences of the answer, then the spans that the request names. */
function partsOf({ text, tokens, positions, range }: DocumentsAnswer, request: DocumentsRequest): Part[] {
  const sentences = sentencesOf(text, request.language).flatMap(([from, to]) => {
    const own = text.slice(from, to);
    const end = from + own.trimEnd().length;
    const start = from + own.length - own.trimStart().length;
    return start < end ? [[start, end] as const] : [];
  });
  for (const [index, [start, end]] of request.answer_spans.entries()) {
    if (start < end && end <= text.length) continue;
    const message = `[${start}, ${end}] is no span of the answer, which has ${text.length} characters`;
    throw new AttributionError('invalid_span', message, `#/answer_spans/${index}`);
  }
  if (sentences.length + request.answer_spans.length > LIMITS.citations) {
    const message = `the answer has ${sentences.length} sentences, and at most ${LIMITS.citations} citations are made: give a shorter answer`;
    throw new AttributionError('too_many_citations', message, '#/output_current_text');
  }
  return [...sentences, ...request.answer_spans].map(([start, end]) => ({
    start,
    end,
    tokens: Array.from(positions.keys()).filter((k) => {
      const token = tokens.target[positions[k]];
      if (token.start === null || token.end === null) return false;
      return Math.max(token.start - range[0], start) < Math.min(token.end - range[0], end);
    }),
  }));
}

interface Found {
  job: ContextJob<DocumentsRequest>;
  answer: DocumentsAnswer;
  parts: Part[];
  clean: Float32Array;
}

function sourcesOf({ job, answer, parts, clean }: Found, bare: Float32Array, found: UnitScores): Sources {
  const { request } = job;
  const units = answer.units.map(({ document, start, end }) => {
    const { id, text } = request.documents[document];
    return { document_id: id, document_index: document, start, end, text: text.slice(start, end) };
  });
  const citations = parts.map(({ start, end, tokens }, c): Citation => {
    const support = sumOver(clean, tokens) - sumOver(bare, tokens);
    const unsupported = support < request.support_threshold;
    const ranked = units
      .map((unit, u) => ({ unit: u, ...unit, score: found.scores[u][c] }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score || a.unit - b.unit);
    const sources = unsupported ? [] : ranked.slice(0, request.top_sources);
    const fit = found.fits?.[c];
    return {
      start,
      end,
      text: answer.text.slice(start, end),
      log_probability: toWire(sumOver(clean, tokens)),
      support: toWire(support),
      unsupported,
      sources: sources.map((source) => ({ ...source, score: toWire(source.score) ?? 0 })),
      ...(fit && { fit }),
    };
  });
  return {
    answer: answer.text,
    units,
    citations,
    scores: found.scores.map((row) => Array.from(row, toWire)),
    ...(request.return_token_scores && found.tokens && { token_scores: found.tokens }),
  };
}
