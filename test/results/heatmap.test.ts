/** Results as pages and fragments: what is in them without their script, and that nothing of a request can act. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Result } from '../../src/contract/result.ts';
import { pagePolicy, toFragment, toHeatmap } from '../../src/results/heatmap.ts';
import { failedSequence, resultOf, smallSequence, tokensOf } from './support.ts';

const page = (...parts: Parameters<typeof smallSequence>) => toHeatmap(resultOf(smallSequence(...parts)));

const plain = (html: string) => html.replace(/<[^>]*>/g, '');

/** Color and text of the cells in the row of this token. */
function cellsOf(html: string, name: string): [string, string][] {
  const rows = html.match(/<tr>.*?<\/tr>/gs) ?? [];
  const row = rows.find((one) => plain(/<th scope="row">.*?<\/th>/s.exec(one)?.[0] ?? '') === name) ?? '';
  return Array.from(row.matchAll(/<td class="(\w+)"[^>]*>(.*?)<\/td>/g), ([, color, text]) => [color, text]);
}

function dataOf(html: string): Result {
  return JSON.parse(/<script type="application\/json">(.*?)<\/script>/s.exec(html)?.[1] ?? '');
}

describe('a result as a page', () => {
  it('says in words what counted, before anything else', () => {
    const [sentence] = /<h2 class="sentence">.*?<\/h2>/s.exec(page()) ?? [''];
    assert.equal(plain(sentence), '“is” came most from “capital” (75 %) and “Paris” from “The” (50 %).');
  });

  it('has every score of a small matrix in a table, colored by sign and size', () => {
    const html = page();
    assert.deepEqual(cellsOf(html, 'The'), [
      ['p13', '0.250'],
      ['p27', '0.500'],
    ]);
    assert.deepEqual(cellsOf(html, '·capital'), [
      ['p40', '0.750'],
      ['n7', '−0.125'],
    ]);
    assert.deepEqual(cellsOf(html, '·is').at(-1), ['p20', '0.375']);
    assert.match(html, /aria-label="Color scale from −0.750 to 0.750"/);
    assert.equal(html.match(/<td [^>]*tabindex="0"/g)?.length, 1, 'one cell takes the focus first');
    assert.ok(html.includes('<caption>') && html.includes('<th scope="rowgroup"') && html.includes('<html lang="en">'));
  });

  it('has texts, source and answer apart, and marks what the model was made to write', () => {
    const source = tokensOf('Le', ' chat');
    const target = tokensOf('a', 'b', 'c', 'd').map((token, at) => ({ ...token, forced: at === 2 }));
    const scores = [
      [0.1, 0.2],
      [0.3, 0.4],
    ];
    const html = page({ source, target, source_attributions: scores });
    assert.match(html, /<h3 class="label">Source<\/h3>.*<h3 class="label">Answer<\/h3>/s);
    assert.equal(html.match(/class="unit [^"]*answer/g)?.length, 2);
    assert.equal(html.match(/<span class="unit [^>]*data-forced[^>]*>/g)?.length, 1);
    assert.match(html, /Dashed: forced, not chosen by the model/);
  });

  it('names what was attributed: the function, the heads of attention, or nothing', () => {
    const of = (method: string, sequence = smallSequence()) => {
      const result = resultOf(sequence);
      return plain(toHeatmap({ ...result, info: { ...result.info, method } }));
    };
    assert.match(of('saliency'), /Saliency of the probability/);
    assert.doesNotMatch(of('attention'), /of the probability/);
    const none = of('dummy', smallSequence({ target_attributions: null }));
    assert.match(none, /Nothing was attributed: step scores alone\./);
  });

  it('says of a text that failed why, and has the others', () => {
    const html = toHeatmap(resultOf(failedSequence(), smallSequence()));
    assert.match(html, /<h2 class="sentence">This text failed: It is, &quot;well&quot;, too long\.<\/h2>/);
    assert.match(html, /<option [^>]*>2 The capital<\/option>/);
  });

  it('carries the result for its script, raw scores as the numbers of their cells', () => {
    const target_attributions = [
      [
        [3, 4],
        [0, 1],
      ],
      [
        [6, 8],
        [0, 2],
      ],
      [null, [0, 3]],
      [null, null],
    ];
    const [sequence] = dataOf(page({ target_attributions, axes: ['head'] })).sequences;
    assert.deepEqual(sequence.target_attributions, [
      [[5], [1]],
      [[10], [2]],
      [null, [3]],
      [null, null],
    ]);
    const [layered] = dataOf(page({ target_attributions, axes: ['layer'] })).sequences;
    assert.deepEqual(layered.target_attributions, target_attributions);
    assert.match(page({ target_attributions, axes: ['head'] }), /their norm over heads/);
  });

  it('shows layers of the token that was chosen first', () => {
    const target_attributions = [
      [
        [1, 2],
        [3, 4],
      ],
      [
        [5, 6],
        [7, 8],
      ],
      [null, [9, 10]],
      [null, null],
    ];
    const layers = ['transformer.h.0.mlp', 'transformer.h.12.mlp'];
    const html = page({ target_attributions, axes: ['layer'], layers });
    assert.deepEqual(
      Array.from(html.matchAll(/<th scope="col"><span>(.*?)</g), ([, name]) => name),
      ['0', '12'],
    );
    assert.deepEqual(
      cellsOf(html, '·capital').map(([, text]) => text),
      ['5.00', '6.00'],
    );
  });
});

describe('a page is safe', () => {
  const hostile = '</script><script>alert(1)</script><img src=x onerror="alert(2)">\'&<!--';

  it('escapes tokens, names and facts wherever they stand', () => {
    const target = tokensOf('a', hostile, 'b', hostile);
    const result = resultOf(smallSequence({ target, step_scores: { [hostile]: [1, 2] } }));
    Object.assign(result.info, { model: hostile, method: hostile, extra: { [hostile]: hostile } });
    for (const html of [toHeatmap({ ...result, job_id: hostile }), toFragment({ ...result, job_id: hostile })]) {
      const outside = html.replace(/<script.*?<\/script>/gs, '');
      assert.equal(html.match(/<script/g)?.length, html.match(/<\/script>/g)?.length);
      assert.doesNotMatch(outside, /<script|<img|<!--/);
      assert.equal(dataOf(html).sequences[0].target[1].token, hostile);
    }
  });

  it('loads nothing, and its policy lets nothing but its own script and style run', () => {
    const html = page();
    const outside = html.replace(/<script.*?<\/script>/gs, '');
    assert.doesNotMatch(outside, /\b(?:src|href|action|style)=|url\(|@import|https?:/);
    assert.match(pagePolicy(), /default-src 'none'; style-src 'sha256-[^;]*; script-src 'sha256-/);
    assert.doesNotMatch(pagePolicy(), /unsafe|connect-src/);
    assert.match(pagePolicy({ connects: true }), /connect-src 'self'/);
  });

  it('keeps the direction of a token within it, and shows control characters', () => {
    const html = page({ target: tokensOf('a', '\u202Eevil', 'b\u0000', 'c') });
    assert.ok(html.includes('<bdi>\u202Eevil</bdi>'));
    assert.ok(html.includes('b␀'));
  });
});

describe('a fragment', () => {
  it('has no rule that reaches what is outside of it', () => {
    const html = toFragment(resultOf(smallSequence()));
    const style = /<style>(.*?)<\/style>/s.exec(html)?.[1] ?? '';
    const selectors = outerSelectors(style);
    assert.ok(selectors.length > 0);
    for (const selector of selectors) assert.match(selector, /^\.whence\b/);
    assert.doesNotMatch(html, /<html|<body|<meta|<title/);
  });
});

/** Selectors of rules that stand in no other rule. */
function outerSelectors(style: string): string[] {
  const found: string[] = [];
  let depth = 0;
  let text = '';
  for (const character of style) {
    if (character === '{' && depth++ === 0) found.push(text.trim());
    if (character === '}') depth--;
    if (character === '}' || character === '{') text = '';
    else if (depth === 0) text += character;
  }
  return found;
}

describe('a large page', () => {
  it('of 400 by 200 tokens has its numbers as data, no table of them, and stays under 2 MB', () => {
    const size = 200;
    const target = tokensOf(...Array.from({ length: 2 * size }, (_, i) => ` t${i}`));
    const scores = target.map((_, i) =>
      Array.from({ length: size }, (_, t) => (i < size + t ? Math.round((i * t) / 8) / 10_000 : null)),
    );
    const sequence = { target, attr_pos_start: size, attr_pos_end: 2 * size, target_attributions: scores };
    const html = page({ ...sequence, step_scores: {} });
    assert.doesNotMatch(html.replace(/<script.*?<\/script>/gs, ''), /<td/);
    assert.match(html, /<canvas/);
    assert.deepEqual(dataOf(html).sequences[0].target_attributions, scores);
    assert.ok(html.length < 2e6, `${html.length} characters`);
  });
});
