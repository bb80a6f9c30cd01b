/** How a result was made, for people: what was attributed, by which method, and everything else by name. */

import type { ContextResult } from '../../contract/attribute-context-result.ts';
import type { ShownResult } from '../../contract/job-kinds.ts';
import type { Result, ResultSequence } from '../../contract/result.ts';
import { tokenReader } from './tokens.ts';

export const wordsOf = (id: string): string => id.replaceAll('_', ' ');

const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** Methods that look at no function of the output. */
const WITHOUT_FUNCTION = new Set(['attention', 'dummy']);

/** The method, and what of the output it was applied to. */
export function methodLine({ info }: Result): string {
  if (info.method === 'dummy') return 'No attribution: step scores alone';
  const method = capitalized(wordsOf(info.method));
  return WITHOUT_FUNCTION.has(info.method) ? method : `${method} of the ${wordsOf(info.attributed_fn)}`;
}

/** What each approach's scores are. */
const APPROACH_LINES: Record<ContextResult['info']['approach'], string> = {
  ablation: 'By random ablations of the documents',
  leave_one_out: 'By leaving out each part of the documents once',
  pecore: 'By tokens that depend on the context, and their cues',
  tokens: 'By the scores of tokens, summed',
};

/** How the sources were found, and by which method where one was needed. */
export function contextLine({ info }: ContextResult): string {
  const line = APPROACH_LINES[info.approach];
  return info.method === null
    ? line
    : `${line} (${wordsOf(info.method)} of the ${wordsOf(nameOf(info.request.attributed_fn))})`;
}

function nameOf(call: ContextResult['info']['request']['attributed_fn']): string {
  return typeof call === 'string' ? call : (call?.name ?? 'probability');
}

/** What a reader must know of the scores of sources. */
export function contextNotes({ info, sources }: ContextResult): string[] {
  const notes: string[] = [];
  if (info.reencoded)
    notes.push('The answer is attributed as it was generated: encoded again it would have other tokens.');
  if (sources !== null && info.request.perturbation === 'replace')
    notes.push('What was left out was replaced by the token for nothing, so that everything else stayed in its place.');
  return notes;
}

/** What a reader must know of these scores. */
export function notesOf({ info }: Result, sequence: ResultSequence, index: number): string[] {
  const { axes, source_attributions, target_attributions, target } = sequence;
  const notes: string[] = [];
  if (Array.isArray((source_attributions ?? target_attributions)?.[0]?.[0])) {
    const over = axes === undefined ? 'the further axes' : axes.map((axis) => `${axis}s`).join(' and ');
    notes.push(`The scores are raw; each cell shows their norm over ${over}.`);
  }
  const contrast = info.contrasts?.find((found) => found.sequence === index && found.role === 'attributed_fn');
  if (contrast !== undefined) notes.push(`Compared: ${pairs(sequence, contrast.contrast_tokens)}.`);
  if (target.some(({ forced }) => forced)) notes.push('Dashed: forced, not chosen by the model.');
  return notes;
}

/** Pairs of a generated token and its contrast that are spelled out. */
const MOST_PAIRS = 12;

function pairs({ target, attr_pos_start: start }: ResultSequence, tokens: readonly string[]): string {
  const read = tokenReader([...target.map(({ token }) => token), ...tokens]);
  const shown = tokens
    .slice(0, MOST_PAIRS)
    .map((token, step) => `“${read(target[start + step]?.token ?? '').text}” against “${read(token).text}”`);
  const more = tokens.length - MOST_PAIRS;
  return `${shown.join(', ')}${more > 0 ? `, and ${more} more` : ''}`;
}

/** Everything that the result says of itself. */
export function factsOf({ job_id, info }: ShownResult): [string, string][] {
  return Object.entries({ job: job_id, ...info })
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [wordsOf(name), typeof value === 'string' ? value : JSON.stringify(value)]);
}
