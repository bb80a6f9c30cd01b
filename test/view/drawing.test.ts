/** Matrices as they are drawn: what of them can be seen, which cell lies where, and whole pictures. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createView } from '../../src/view/model/attribution-view.ts';
import { PAGE, shades } from '../../src/view/model/colors.ts';
import { cellAt, layoutOf, windowOf } from '../../src/view/model/layout.ts';
import { matrixOf } from '../../src/view/model/matrix.ts';
import { firstCell, moved } from '../../src/view/model/moves.ts';
import { pictureOf } from '../../src/view/model/picture.ts';
import { svgOf } from '../../src/view/model/svg.ts';
import { resultOf, smallSequence, tokensOf } from '../results/support.ts';

const matrix = matrixOf(smallSequence(), { granularity: 'token', shares: false });
const measure = (text: string) => text.length * 6;

describe('a layout', () => {
  const layout = layoutOf(matrix, false, measure);
  const size = { rows: 1_000, columns: 200 };
  const { cell, left, top } = layout;

  it('has room for headers, up to a limit', () => {
    assert.equal(layout.width, left + 2 * cell.width);
    assert.equal(layout.height, top + 3 * cell.height);
    const long = matrixOf(smallSequence({ target: tokensOf('x'.repeat(500), 'b', 'c', 'd') }), {
      granularity: 'token',
      shares: false,
    });
    assert.ok(layoutOf(long, true, measure).left < 200);
  });

  it('knows what can be seen of it, and no more', () => {
    const viewport = {
      x: 5 * cell.width,
      y: 7 * cell.height,
      width: left + 10 * cell.width,
      height: top + 4 * cell.height,
    };
    assert.deepEqual(windowOf(layout, size, viewport), { rows: [7, 11], columns: [5, 15] });
    assert.deepEqual(windowOf(layout, { rows: 3, columns: 2 }, { x: 0, y: 0, width: 9_999, height: 9_999 }), {
      rows: [0, 3],
      columns: [0, 2],
    });
    assert.deepEqual(windowOf(layout, size, { x: 0, y: 0, width: 10, height: 10 }), { rows: [0, 0], columns: [0, 0] });
  });

  it('knows which cell is at a point', () => {
    const viewport = { x: 5 * cell.width, y: 7 * cell.height, width: 500, height: 500 };
    assert.deepEqual(cellAt(layout, size, viewport, { x: left + 1, y: top + 1 }), { row: 7, column: 5 });
    assert.equal(cellAt(layout, size, viewport, { x: left - 1, y: top + 1 }), null);
    assert.equal(cellAt(layout, { rows: 8, columns: 6 }, viewport, { x: left + 1, y: top + 2 * cell.height }), null);
  });
});

describe('arrow keys', () => {
  it('go from cell to cell, over those that do not apply, and not beyond the edge', () => {
    assert.equal(firstCell(matrix), 0);
    assert.equal(moved(matrix, 0, 'ArrowRight'), 1);
    assert.equal(moved(matrix, 1, 'ArrowDown'), 3);
    assert.equal(moved(matrix, 5, 'ArrowLeft'), null, '“is” does not count for itself');
    assert.equal(moved(matrix, 0, 'ArrowUp'), null);
    assert.equal(moved(matrix, 0, 'Enter'), null);
  });
});

describe('a picture', () => {
  const view = createView(resultOf(smallSequence({ target: tokensOf('The', ' <capital>', ' is', ' Paris\u0000') })));
  const frame = { theme: 'light', ...PAGE.light } as const;
  const svg = svgOf(pictureOf(view, frame, measure));

  it('has the sentence, the text and every score, in the colors of the page', () => {
    const texts = Array.from(svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g), ([, text]) => text);
    assert.equal(texts.filter((text) => /^−?\d\.\d{3}$/.test(text)).length, 5);
    assert.ok(texts.join(' ').startsWith('“is” came most from “&lt;capital&gt;” (75 %)'), texts.join(' '));
    assert.ok(texts.includes('The') && texts.includes('&lt;capital&gt;'));
    assert.ok(svg.includes(`fill="${shades('light', 'p')[40].fill}"`));
    assert.ok(svg.includes(`fill="${shades('light', 'n')[7].fill}"`));
  });

  it('is XML that loads nothing and runs nothing', () => {
    assert.doesNotMatch(svg, /<(?!\/?(?:svg|rect|text)\b)|href|style=|url\(|[^\P{Cc}\n]/u);
  });
});
