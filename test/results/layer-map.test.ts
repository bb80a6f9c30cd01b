import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toLayerMap } from '../../src/results/layer-map.ts';

const map = {
  title: 'Where <Paris> is known',
  rows: ['layer 1', 'layer 2'],
  columns: ['The', 'Ġcapital'],
  values: [
    [0.5, Number.NaN],
    [-1, null],
  ],
};

describe('a map of layers', () => {
  it('has a row for each layer and a column for each token', () => {
    const html = toLayerMap(map);
    assert.match(html, /<th scope="row"><bdi>layer 2<\/bdi><\/th><td class="n40">−1.00<\/td><td class="x"><\/td>/);
    assert.match(html, /<th scope="col"><span><bdi><i>·<\/i>capital<\/bdi><\/span><\/th>/);
    assert.ok(html.includes('<h1>Where &lt;Paris&gt; is known</h1>'));
  });

  it('refuses values that do not fit', () => {
    assert.throws(() => toLayerMap({ ...map, rows: ['layer 1'] }), RangeError);
    assert.throws(() => toLayerMap({ ...map, columns: ['one'] }), /2 x 1 values are needed/);
  });
});
