/** A result about a context as text for a terminal: each part of the answer with what it came from. */

import type { Citation, ContextCues, ContextReliance, ContextResult } from '../contract/attribute-context-result.ts';
import { tokenReader } from '../view/model/tokens.ts';
import { salient, thresholdOf } from './salience.ts';

/** Characters of a source that are shown. */
const MOST_CHARACTERS = 120;
/** Cues of a token that are shown, where the request does not say how many. */
const MOST_CUES = 5;

/** Which cues of a token are named: the request's `attribution_std_threshold` and `attribution_topk`. */
interface CueRule {
  threshold: number | null;
  most: number;
}

export function toContextText({ context, sources, info }: ContextResult): string {
  const { attribution_std_threshold: threshold, attribution_topk: most } = info.request;
  const rule = { threshold: threshold ?? null, most: most ?? MOST_CUES };
  const blocks = [...(sources?.citations.map(citation) ?? []), ...(context === null ? [] : [reliance(context, rule)])];
  return `${blocks.join('\n\n')}\n`;
}

function citation({ text, support, unsupported, sources, fit }: Citation): string {
  const facts = [
    support === null ? null : `support ${number(support)}`,
    fit?.r2 == null ? null : `R2 ${number(fit.r2)}`,
    unsupported ? 'unsupported' : null,
  ].filter((fact) => fact !== null);
  const head = `${JSON.stringify(text.trim())}${facts.length > 0 ? `  (${facts.join(', ')})` : ''}`;
  const lines = sources.map(({ document_id: id, start, end, text: source, score }) => {
    const shown = source.trim().replace(/\s+/g, ' ');
    const short = shown.length > MOST_CHARACTERS ? `${shown.slice(0, MOST_CHARACTERS - 1)}…` : shown;
    return `  ${number(score).padStart(9)}  ${id} [${start}, ${end})  ${short}`;
  });
  return [head, ...(lines.length > 0 ? lines : ['  no sources'])].join('\n');
}

function reliance(context: ContextReliance, rule: CueRule): string {
  const read = tokenReader(context.output_current_tokens);
  const flagged = new Map(context.cci_scores.map((cue) => [cue.cti_idx, cue]));
  const names = context.output_current_tokens.map((token) => read(token).text);
  const width = Math.max(0, ...names.map((name) => [...name].length));
  return names
    .map((name, index) => {
      const metric = number(context.cti_scores[index]).padStart(9);
      const cue = flagged.get(index);
      const cues = cue === undefined ? '' : `  ← ${cuesOf(context, cue, rule)}`;
      return `${name}${' '.repeat(width - [...name].length)}  ${metric}${cues}`;
    })
    .join('\n');
}

/** The context's tokens whose scores are salient, the largest first. */
function cuesOf(context: ContextReliance, cue: ContextCues, { threshold, most }: CueRule): string {
  const scored = (['input_context', 'output_context'] as const).flatMap((side) => {
    const tokens = context[`${side}_tokens`] ?? [];
    const read = tokenReader(tokens);
    return (cue[`${side}_scores`] ?? []).map((score, i) => ({ text: read(tokens[i]).text, score: score ?? 0 }));
  });
  const scores = scored.map(({ score }) => score);
  const named = salient(scores, thresholdOf(scores, threshold), most).map((index) => scored[index]);
  return named.map(({ text, score }) => `${text} ${number(score)}`).join(', ') || 'no cue above the threshold';
}

/** Three decimals; what these would not show, in scientific notation. */
function number(value: number | null): string {
  if (value === null) return '';
  const isSmall = value !== 0 && Math.abs(value) < 0.0005;
  return isSmall ? value.toExponential(1) : value.toFixed(3);
}
