/** A result as one HTML document, or as a fragment for other pages: a still picture that its script brings to life. */

import { renderToString } from 'preact-render-to-string';
import type { Job } from '../../contract/job.ts';
import type { ShownResult } from '../../contract/job-kinds.ts';
import type { ResultSequence, Scores } from '../../contract/result.ts';
import { contextLine, methodLine, wordsOf } from '../model/facts.ts';
import { singleScore } from '../model/scores.ts';
import { Page, shownResult } from './page.tsx';

/** Style and script that the build has made. */
export interface PageParts {
  pageStyle: string;
  embedStyle: string;
  script: string;
  waitingScript: string;
}

/** Layer maps up to so many cells stay in the page; of larger ones their norms. */
const MOST_LAYER_CELLS = 400_000;

/** One document that loads nothing; what comes of a request stands in it as escaped text and as JSON alone. */
export function pageDocument(result: ShownResult, parts: PageParts): string {
  const shown = slim(result);
  const body = renderToString(<Page shown={shownResult(shown)} />);
  const title = `${'kind' in result ? contextLine(result) : methodLine(result)} · ${result.info.model}`;
  return htmlDocument(title, body, `${dataScript(shown)}\n<script>${parts.script}</script>`, parts);
}

/** The page of a job that is not finished: shows how far it is, and turns into its result. */
export function waitingDocument(job: Pick<Job, 'model' | 'method' | 'progress'>, parts: PageParts): string {
  const { model, method, progress } = job;
  const body = renderToString(
    <main class="waiting">
      <h2 class="sentence">The attribution is being computed.</h2>
      <p class="hint">
        {wordsOf(method)}, {model}: <span data-phase>{progress.phase}</span>. This page turns into the result.
      </p>
      <progress aria-label="Progress" value={progress.total > 0 ? progress.fraction : undefined} />
    </main>,
  );
  return htmlDocument(`${wordsOf(method)} · ${model}`, body, `<script>${parts.waitingScript}</script>`, parts);
}

function htmlDocument(title: string, body: string, scripts: string, { pageStyle }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="generator" content="Whence">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<div class="whence page">${body}</div>
${scripts}
</body>
</html>
`;
}

/** The same for a page or notebook that has a style of its own. */
export function embedFragment(result: ShownResult, { embedStyle, script }: PageParts): string {
  const shown = slim(result);
  return (
    `<whence-result><style>${embedStyle}</style><div class="whence embed">${renderToString(shownResult(shown).element)}</div>` +
    `${dataScript(shown)}</whence-result>\n<script>${script}</script>\n`
  );
}

/** JSON within HTML: nothing in it can end the element. */
function dataScript(result: ShownResult): string {
  return `<script type="application/json">${JSON.stringify(result).replaceAll('<', '\\u003c')}</script>`;
}

/** What the page shows of a result: raw scores as the numbers of their cells, and of sources no tokens beneath units. */
function slim(result: ShownResult): ShownResult {
  if (!('kind' in result)) return { ...result, sequences: result.sequences.map(slimSequence) };
  if (result.sources === null) return result;
  const { token_scores: _, ...sources } = result.sources;
  return { ...result, sources };
}

function slimSequence(sequence: ResultSequence): ResultSequence {
  const { source_attributions: source, target_attributions: target, axes, layers } = sequence;
  const first = (source ?? target)?.[0]?.[0];
  if (!Array.isArray(first) && !(target?.[0] && Array.isArray(target[0][0])))
    return { ...sequence, sequence_scores: {} };
  const cells = [...(source ?? []), ...(target ?? [])].reduce((sum, row) => sum + row.length, 0);
  const keep = axes?.[0] === 'layer' && cells * (layers?.length ?? 1) <= MOST_LAYER_CELLS;
  const each = (cell: Scores): Scores =>
    Array.isArray(cell) ? (keep ? cell.map(singleScore) : [singleScore(cell)]) : cell;
  const of = (scores: Scores[][] | null) => scores?.map((row) => row.map(each)) ?? null;
  return { ...sequence, sequence_scores: {}, source_attributions: of(source), target_attributions: of(target) };
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** Text for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
