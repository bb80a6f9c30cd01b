import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { decodeF32 } from '../../src/checkpoints/dtypes.ts';
import { openCheckpoint } from '../../src/checkpoints/safetensors.ts';
import { halfBits, safetensorsBytes } from '../../training/checkpoint.ts';

/** The value of a half, by the reader that the service has. */
function halfValue(bits: number): number {
  const into = new Float32Array(1);
  decodeF32('F16', new Uint8Array(Uint16Array.of(bits).buffer), 1, into, 0);
  return into[0];
}

test('every finite half keeps its bits', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    if ((bits & 0x7c00) === 0x7c00) continue; // infinities and NaN
    assert.equal(halfBits(halfValue(bits)), bits);
  }
});

test('values between two halves go to the nearer one, and to the even one from the middle', () => {
  const step = 2 ** -10; // between 1 and 2
  assert.equal(halfValue(halfBits(1 + 0.4 * step)), 1);
  assert.equal(halfValue(halfBits(1 + 0.6 * step)), 1 + step);
  assert.equal(halfValue(halfBits(1 + 0.5 * step)), 1);
  assert.equal(halfValue(halfBits(1 + 1.5 * step)), 1 + 2 * step);
  assert.equal(halfValue(halfBits(2 - 0.1 * step)), 2, 'rounding can reach the next power of two');
  assert.equal(halfValue(halfBits(1e-9)), 0);
});

test('what does not fit is refused', () => {
  for (const value of [65520, -1e6, Number.NaN, Infinity])
    assert.throws(() => halfBits(value), /does not fit into float16/);
});

test('the service reads what training writes', (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'whence-training-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const matrix = Float32Array.of(1, -2, 0.5, 0.25, 0, 65504);
  const bytes = safetensorsBytes({
    b: { shape: [2, 3], data: matrix },
    a: { shape: [1], data: Float32Array.of(-0.125) },
  });
  writeFileSync(join(directory, 'model.safetensors'), bytes);
  const checkpoint = openCheckpoint(directory);
  t.after(() => checkpoint.close());
  assert.deepEqual(checkpoint.names().sort(), ['a', 'b']);
  assert.deepEqual([...checkpoint.info('b').shape], [2, 3]);
  assert.deepEqual(checkpoint.readF32('b'), matrix);
  assert.deepEqual([...checkpoint.readF32('a')], [-0.125]);
});
