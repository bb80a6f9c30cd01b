import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { SequenceAttribution } from '../../src/attribution/scores.ts';
import { ResultSequence } from '../../src/contract/result.ts';
import { toResultSequence, toWire } from '../../src/results/json.ts';

const sequence: SequenceAttribution = {
  kind: 'multidimensional',
  source: [{ id: 3, token: '▁a', start: 0, end: 1 }],
  target: [
    { id: 0, token: '<s>', start: null, end: null, forced: true },
    { id: 4, token: '▁b', start: 0, end: 1, role: 'assistant' },
  ],
  attrPosStart: 1,
  attrPosEnd: 2,
  sourceAttributions: { shape: [1, 1, 2], data: Float32Array.of(0.1, -0.2) },
  targetAttributions: { shape: [2, 1, 2], data: Float32Array.of(1 / 3, 2, Number.NaN, Number.NaN) },
  stepScores: { probability: Float32Array.of(0.7) },
  sequenceScores: { encoder_self_attentions: { shape: [1, 1, 2], data: Float32Array.of(1, 0) } },
  convergenceDelta: Float32Array.of(Number.NaN),
  axes: ['head'],
  diagnostics: { r2: Float32Array.of(0.5) },
};

describe('a sequence on the wire', () => {
  it('nests scores by token, step and axis, rounds to seven digits and writes null for NaN', () => {
    const wire = toResultSequence(sequence);
    assert.deepEqual(wire, {
      source: [{ id: 3, token: '▁a', start: 0, end: 1 }],
      target: [
        { id: 0, token: '<s>', start: null, end: null, forced: true },
        { id: 4, token: '▁b', start: 0, end: 1, role: 'assistant' },
      ],
      attr_pos_start: 1,
      attr_pos_end: 2,
      source_attributions: [[[0.1, -0.2]]],
      target_attributions: [[[0.3333333, 2]], [[null, null]]],
      step_scores: { probability: [0.7] },
      sequence_scores: { encoder_self_attentions: [[[1, 0]]] },
      convergence_delta: [null],
      axes: ['head'],
      diagnostics: { r2: [0.5] },
    });
    assert.deepEqual(JSON.parse(JSON.stringify(wire)), wire);
  });

  it('has only fields that the contract names', () => {
    const known = Object.keys(ResultSequence.properties);
    assert.deepEqual(
      Object.keys(toResultSequence(sequence)).filter((key) => !known.includes(key)),
      [],
    );
  });

  it('names layers while there is an axis of them', () => {
    const layers = ['h.0', 'h.1'];
    assert.deepEqual(toResultSequence({ ...sequence, axes: ['layer'], layers }).layers, layers);
    assert.equal(toResultSequence({ ...sequence, axes: [], layers }).layers, undefined);
  });

  it('has null for a side that is not attributed', () => {
    const wire = toResultSequence({ ...sequence, source: [], sourceAttributions: null });
    assert.equal(wire.source_attributions, null);
  });
});

describe('toWire', () => {
  for (const [value, expected] of [
    [0, 0],
    [-0, 0],
    [Math.fround(0.1), 0.1],
    [Math.fround(123456.789), 123456.8],
    [Math.fround(1.2345678e-8), 1.234568e-8],
    [Math.fround(-3.3333333e-30), -3.333333e-30],
    [Math.fround(9.8765432e20), 9.876543e20],
    [1e-45, 1e-45],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
  ] as const) {
    it(`${value} as ${expected}`, () => assert.equal(toWire(value), expected));
  }

  it('keeps seven digits of any float32', () => {
    for (let i = 0; i < 2000; i++) {
      const value = Math.fround((Math.sin(i) + 1.5) * 10 ** ((i % 60) - 30));
      const wire = toWire(value);
      assert.ok(wire !== null && Math.abs(wire - value) <= Math.abs(value) * 5.1e-7, `${value} became ${wire}`);
      assert.equal(wire, Number(value.toPrecision(7)), String(value));
    }
  });
});
