/** Colors: texts can be read on every shade, and shades are in order for every eye. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { contrast, PAGE, shadeRules, shades } from '../../src/view/model/colors.ts';
import {
  colorClass,
  formatAlone,
  formatNumber,
  LEVELS,
  levelOf,
  percent,
  scaleOf,
  unitText,
} from '../../src/view/model/scale.ts';

const THEMES = ['light', 'dark'] as const;

describe('shades', () => {
  for (const theme of THEMES) {
    for (const hue of ['p', 'n', 'g'] as const) {
      it(`${theme}, ${hue}: text has a contrast of 4.5 on each, and lightness goes one way`, () => {
        const all = shades(theme, hue);
        assert.equal(all.length, LEVELS + 1);
        for (const { fill, ink } of all)
          assert.ok(contrast(fill, ink) >= 4.5, `${ink} on ${fill}: ${contrast(fill, ink)}`);
        const reference = theme === 'light' ? '#000000' : '#ffffff';
        const steps = all.map(({ fill }) => contrast(fill, reference));
        for (let i = 1; i < steps.length; i++) assert.ok(steps[i] < steps[i - 1], `level ${i}`);
      });
    }
  }

  it('knows contrast as WCAG defines it', () => {
    assert.equal(contrast('#000000', '#ffffff'), 21);
    assert.equal(contrast('#777777', '#777777'), 1);
    assert.ok(Math.abs(contrast('#777777', '#ffffff') - 4.48) < 0.01);
  });

  it('has a rule for each', () => {
    assert.equal(shadeRules().split('\n').length, 3 * (LEVELS + 1));
  });
});

it('texts of the page can be read on its papers', () => {
  for (const theme of THEMES) {
    const { paper, cell, ink, muted, accent, onAccent, wrong } = PAGE[theme];
    for (const [front, back] of [ink, muted, accent, wrong].flatMap((one) => [
      [one, paper],
      [one, cell],
    ])) {
      assert.ok(contrast(front, back) >= 4.5, `${theme}: ${front} on ${back}`);
    }
    assert.ok(contrast(onAccent, accent) >= 4.5);
  }
});

describe('a scale', () => {
  it('takes the largest size, and whether there are negative values', () => {
    assert.deepEqual(scaleOf([0.5, -0.75, null, Number.NaN]), { max: 0.75, signed: true, exponent: 0 });
    assert.deepEqual(scaleOf([2.5e-6]), { max: 2.5e-6, signed: false, exponent: -6 });
    assert.deepEqual(scaleOf([]), { max: 0, signed: false, exponent: 0 });
  });

  it('gives values levels, the strongest beyond its end', () => {
    assert.equal(levelOf(0.5, 1), LEVELS / 2);
    assert.equal(levelOf(-3, 1), LEVELS);
    assert.equal(levelOf(1, 0), 0);
    assert.equal(colorClass(-0.125, 0.75), 'n7');
    assert.equal(colorClass(null, 1), 'x');
    assert.equal(colorClass(Number.NaN, 1), 'x');
  });

  it('writes numbers with three digits of the largest, in its unit', () => {
    const scale = scaleOf([2.5e-6]);
    assert.equal(formatNumber(1e-7, scale), '0.10');
    assert.equal(unitText(scale), '×10⁻⁶');
    assert.equal(formatNumber(-0.125, scaleOf([0.75])), '−0.125');
    assert.equal(formatNumber(-0.00001, scaleOf([0.75])), '0.000');
    assert.equal(formatAlone(5.151473e-5), '5.15×10⁻⁵');
    assert.equal(formatAlone(123), '123');
  });

  it('says shares as people do', () => {
    assert.deepEqual([0, 0.004, 0.577, 1].map(percent), ['0 %', '< 1 %', '58 %', '100 %']);
  });
});
