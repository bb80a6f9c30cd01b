/** The picture of tokens and layers that a guide makes of results. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toLayerMap } from '../../examples/layer-map.ts';

const values = [
  [0.5, Number.NaN],
  [-1, null],
];
const map = {
  title: 'Where <Paris> is known',
  rows: ['The', 'Ġcapital'],
  columns: ['0', '1'],
  groups: [{ title: 'mlp', values }],
};

describe('a map of layers', () => {
  it('has a row for each token and a column for each layer', () => {
    const html = toLayerMap(map);
    assert.match(
      html,
      /<th scope="row"><bdi><i>·<\/i>capital<\/bdi><\/th><td class="n40">−1.00<\/td><td class="x"><\/td>/,
    );
    assert.match(html, /<th scope="col"><span><bdi>1<\/bdi><\/span><\/th>/);
    assert.ok(html.includes('<h1>Where &lt;Paris&gt; is known</h1>'));
  });

  it('shows several kinds of modules on one scale', () => {
    const html = toLayerMap({
      ...map,
      groups: [...map.groups, { title: 'attn', values: values.map((row) => row.map(() => 0.5)) }],
    });
    assert.match(html, /<span>mlp<\/span>[\s\S]*<span>attn<\/span>/);
    assert.equal(html.match(/<td class="p20"[^>]*>0\.50<\/td>/g)?.length, 5);
  });

  it('says how it was computed', () => {
    const html = toLayerMap({ ...map, facts: [['method', 'layer_gradient_x_activation']] });
    assert.ok(html.includes('<dt>method</dt><dd>layer_gradient_x_activation</dd>'));
  });

  it('refuses values that do not fit', () => {
    assert.throws(() => toLayerMap({ ...map, rows: ['layer 1'] }), RangeError);
    assert.throws(() => toLayerMap({ ...map, columns: ['one'] }), /2 x 1 values are needed/);
  });
});
