/** A result as one self-contained page, or as a fragment for other pages: what the explorer shows, without the service. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Job } from '../contract/job.ts';
import type { ShownResult } from '../contract/job-kinds.ts';
import { embedFragment, type PageParts, pageDocument, waitingDocument } from '../view/page/document.tsx';

/** What setup has built; sources and compiled modules lie at the same depth. */
const PAGES = new URL('../../dist/pages/', import.meta.url);

let known: PageParts | null = null;

/** The page; it loads nothing, and holds tokens and texts as escaped text and JSON only. */
export function toHeatmap(result: ShownResult): string {
  return pageDocument(result, parts());
}

/** The same as a fragment whose style stays its own. */
export function toFragment(result: ShownResult): string {
  return embedFragment(result, parts());
}

/** The page of a job that is not finished. */
export function toWaitingPage(job: Job): string {
  return waitingDocument(job, parts());
}

/**
 * What pages may do, as a Content-Security-Policy: run their own script and style, known by their hashes, load nothing,
 * and send nothing.
 * @param connects - whether the page follows the events of its job
 */
export function pagePolicy({ connects = false } = {}): string {
  const { pageStyle, embedStyle, script, waitingScript } = parts();
  return [
    "default-src 'none'",
    `style-src ${hashes(pageStyle, embedStyle)}`,
    `script-src ${hashes(script, waitingScript)}`,
    ...(connects ? ["connect-src 'self'"] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

function hashes(...texts: string[]): string {
  return texts.map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`).join(' ');
}

/** Style and script of pages. @throws Error where setup has not built them */
function parts(): PageParts {
  known ??= {
    pageStyle: built('page.css'),
    embedStyle: built('embed.css'),
    script: built('page.js'),
    waitingScript: built('waiting.js'),
  };
  return known;
}

function built(name: string): string {
  try {
    return readFileSync(new URL(name, PAGES), 'utf8').trim();
  } catch (error) {
    throw new Error(`dist/pages/${name} is missing: \`npm run setup\` builds it`, { cause: error });
  }
}
