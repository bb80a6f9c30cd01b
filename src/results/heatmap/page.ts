/** The page around heatmaps: self-contained, with nothing of a request outside of escaped text. */

import { SCRIPT } from './script.ts';
import { STYLE, tabRules } from './style.ts';
import { escapeHtml } from './tokens.ts';

export interface Page {
  title: string;
  subtitle: string;
  /** HTML of each section with the label of its tab. */
  sections: { label: string; html: string }[];
  /** Facts under the fold. */
  facts: [string, string][];
  numbers: boolean;
}

/** One HTML document without external parts. */
export function pageHtml({ title, subtitle, sections, facts, numbers }: Page): string {
  const tabs = sections.map(
    ({ label }, i) =>
      `<label title="${escapeHtml(label)}"><input type="radio" name="tab" id="tab-${i}"${i === 0 ? ' checked' : ''}><bdi>${escapeHtml(label)}</bdi></label>`,
  );
  const theme = (id: string, name: string, checked = '') =>
    `<label><input type="radio" name="theme" id="${id}"${checked}>${name}</label>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="generator" content="Whence">
<title>${escapeHtml(title)}</title>
<style>${STYLE}${tabRules(sections.length)}</style>
</head>
<body>
<header>
<div><h1>${escapeHtml(title)}</h1><p>${escapeHtml(subtitle)}</p></div>
<div class="controls">
<label><input type="checkbox" id="numbers"${numbers ? ' checked' : ''}> Numbers</label>
<fieldset><legend>Theme</legend>${theme('auto', 'Auto', ' checked')}${theme('light', 'Light')}${theme('dark', 'Dark')}</fieldset>
</div>
</header>
${sections.length > 1 ? `<nav aria-label="Texts">${tabs.join('')}</nav>` : ''}
<main>
${sections.map(({ html }) => `<section>${html}</section>`).join('\n')}
</main>
${factsHtml(facts)}
<output aria-live="polite"></output>
<script>${SCRIPT}</script>
</body>
</html>
`;
}

function factsHtml(facts: Page['facts']): string {
  if (facts.length === 0) return '';
  const entries = facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`);
  return `<details><summary>How this was computed</summary><dl>${entries.join('')}</dl></details>`;
}
