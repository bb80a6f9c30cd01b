import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pack, unpack } from './archive.ts';
import { assertClose } from './close.ts';
import {
  aggregationCases,
  attributionCases,
  attributionCasesV040,
  attributionModels,
  autoAlignment,
  forwardCases,
  inseqFormat,
  int8Cases,
  mcDropout,
  modelDir,
  modelNames,
  units,
} from './goldens.ts';

describe('golden files', () => {
  it('hold every attribution case', () => {
    const models = attributionModels();
    const count = models.reduce((sum, model) => sum + attributionCases(model).size, 0);
    assert.equal(models.length, 18);
    assert.equal(count, 1882);
    assert.equal(attributionCasesV040('gpt2-tiny').get('saliency-b')?.method, 'saliency');
  });

  it('hold the forward passes, int8 layers, aggregations, MC dropout, units and saved files', () => {
    assert.equal(forwardCases('gpt2-tiny').is_encoder_decoder, false);
    assert.ok(int8Cases('linear8bitlt').tolerance);
    assert.equal(aggregationCases('gpt2-tiny').cases.length, 45);
    assert.equal(mcDropout('gpt2-tiny').statistics.samples, 2000);
    assert.equal(units().adjusted_alignments.cases.length, 40);
    assert.equal(autoAlignment().word_alignments.length, 4);
    assert.equal(JSON.parse(inseqFormat('gpt2-tiny-saliency.json').toString()).__instance_type__.length, 2);
  });

  it('unpack the models into directories', () => {
    assert.equal(modelNames().length, 21);
    for (const name of modelNames()) {
      assert.ok(existsSync(join(modelDir(name), 'config.json')), name);
      assert.ok(existsSync(join(modelDir(name), 'tokenizer.json')), name);
    }
    assert.throws(() => modelDir('gpt-17'), /gpt2-tiny/);
  });
});

describe('archive', () => {
  it('gives back what was packed', () => {
    const files = [
      { path: 'a/b.bin', bytes: new Uint8Array([0, 255, 3]) },
      { path: 'empty', bytes: new Uint8Array(0) },
    ];
    assert.deepEqual(
      unpack(pack(files)).map(({ path, bytes }) => ({ path, bytes: new Uint8Array(bytes) })),
      files,
    );
  });
});

describe('assertClose', () => {
  const golden = [
    [1, null],
    [-2, 0.01],
  ];
  const actual = (...data: number[]) => ({ shape: [2, 2], data });

  it('accepts what is within every rule', () => {
    const tolerance = { rel_to_max: 1e-3, rel_to_column_max: 1e-2, atol: 0 };
    assertClose(actual(1.001, Number.NaN, -2, 0.01), golden, tolerance, 'close');
    assertClose([1, Number.POSITIVE_INFINITY], [1, 'Infinity'], { rtol: 1e-6 }, 'infinite');
  });

  it('refuses what one rule forbids, and says where', () => {
    const rules = [{ rel_to_max: 1e-3 }, { rel_to_column_max: 1e-2 }, { rtol: 1e-3 }, { atol: 1e-6 }];
    const off = [
      actual(1.01, Number.NaN, -2, 0.01),
      actual(1, Number.NaN, -2, 0.0102),
      actual(1, Number.NaN, -2, 0.0102),
      actual(1, Number.NaN, -2, 0.0102),
    ];
    rules.forEach((rule, i) => {
      assert.throws(() => assertClose(off[i], golden, rule, 'off'), /off: 1 of 4 values differ; at \[/);
    });
  });

  it('refuses misplaced NaN, other shapes and a tolerance without rules', () => {
    const rule = { rel_to_max: 1 };
    assert.throws(() => assertClose(actual(1, 0, -2, 0.01), golden, rule, 'nan'), /got 0, expected NaN/);
    assert.throws(() => assertClose(actual(Number.NaN, Number.NaN, -2, 0.01), golden, rule, 'nan'), /got NaN/);
    assert.throws(() => assertClose([1, 2, 3, 4], golden, rule, 'shape'), /shape/);
    assert.throws(() => assertClose([1], [1], {}, 'none'), /states no rule/);
  });
});
