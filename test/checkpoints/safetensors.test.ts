import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { decodeF32 } from '../../src/checkpoints/dtypes.ts';
import { CheckpointError } from '../../src/checkpoints/errors.ts';
import { openCheckpoint } from '../../src/checkpoints/safetensors.ts';
import { modelDir, modelNames } from '../support/goldens.ts';
import { encodeSafetensors, f32, temporaryDir } from './write-safetensors.ts';

test('every fixture opens, and its tensors fill its files', () => {
  for (const name of modelNames()) {
    const checkpoint = openCheckpoint(modelDir(name));
    let bytes = 0;
    for (const tensor of checkpoint.names()) {
      const info = checkpoint.info(tensor);
      assert.equal(checkpoint.readRaw(tensor).byteLength, info.bytes, `${name} ${tensor}`);
      bytes += info.bytes;
    }
    assert.equal(checkpoint.totalBytes, bytes);
    checkpoint.close();
  }
});

test('shards and a single file of the same model hold the same numbers', () => {
  const whole = openCheckpoint(modelDir('llama-tiny'));
  const sharded = openCheckpoint(modelDir('llama-sharded-tiny'));
  assert.deepEqual(sharded.names().sort(), whole.names().sort());
  for (const name of whole.names()) assert.deepEqual(sharded.info(name).shape, whole.info(name).shape);
  whole.close();
  sharded.close();
});

test('16-bit files hold numbers of a model: finite, and equal to the bits that are stored', () => {
  for (const name of ['gpt2-f16-tiny', 'llama-bf16-tiny']) {
    const checkpoint = openCheckpoint(modelDir(name));
    for (const tensor of checkpoint.names()) {
      const floats = checkpoint.readF32(tensor);
      const halves = new Uint16Array(checkpoint.readRaw(tensor).buffer);
      const decode = checkpoint.info(tensor).dtype === 'F16' ? halfByFormula : brainByFormula;
      assert.ok(
        floats.every((value, i) => value === decode(halves[i])),
        `${name} ${tensor}`,
      );
    }
    checkpoint.close();
  }
});

test('all 65,536 half-precision numbers are decoded as IEEE 754 says', () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const floats = new Float32Array(65536);
  decodeF32('F16', new Uint8Array(halves.buffer), 65536, floats, 0);
  for (let i = 0; i < 65536; i++) assert.ok(Object.is(floats[i], halfByFormula(i)), `0x${i.toString(16)}`);
});

test('all 65,536 bfloat16 numbers and doubles are decoded', () => {
  const halves = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const floats = new Float32Array(65536);
  decodeF32('BF16', new Uint8Array(halves.buffer), 65536, floats, 0);
  for (let i = 0; i < 65536; i++) assert.ok(Object.is(floats[i], brainByFormula(i)), `0x${i.toString(16)}`);
  const doubles = new Float32Array(2);
  decodeF32('F64', new Uint8Array(Float64Array.of(0.1, -3e300).buffer), 2, doubles, 0);
  assert.deepEqual([...doubles], [Math.fround(0.1), -Infinity]);
});

test('16-bit numbers are decoded at 200 MB a second or more', () => {
  const count = 1 << 22;
  const bytes = new Uint8Array(count * 2).fill(0x3c);
  const floats = new Float32Array(count);
  for (const dtype of ['F16', 'BF16'] as const) {
    decodeF32(dtype, bytes, count, floats, 0);
    let best = 0;
    for (let run = 0; run < 5; run++) {
      const start = performance.now();
      decodeF32(dtype, bytes, count, floats, 0);
      best = Math.max(best, (count * 4) / 1e3 / (performance.now() - start));
    }
    assert.ok(best > 200, `${dtype}: ${best.toFixed(0)} MB/s`);
  }
});

test('rows of a matrix are those of the whole, across the borders of conversion chunks', (t) => {
  const dir = temporaryDir(t);
  const [rows, columns] = [1030, 1025]; // a little more than a chunk of 2^20 elements
  const halves = Uint16Array.from({ length: rows * columns }, (_, i) => (i * 2654435761) >>> 17);
  const file = encodeSafetensors({
    a: { dtype: 'BF16', shape: [rows, columns], bytes: new Uint8Array(halves.buffer) },
    v: { dtype: 'F32', shape: [3], bytes: f32(1, 2, 3) },
  });
  fs.writeFileSync(path.join(dir, 'model.safetensors'), file);
  const checkpoint = openCheckpoint(dir);
  t.after(() => checkpoint.close());
  const whole = checkpoint.readF32('a');
  assert.ok(whole.every((value, i) => Object.is(value, brainByFormula(halves[i])))); // NaN among them
  for (const [first, count] of [
    [0, 1],
    [1029, 1],
    [500, 530],
    [0, 1030],
    [7, 0],
  ]) {
    assert.deepEqual(
      checkpoint.readRowsF32('a', first, count),
      whole.slice(first * columns, (first + count) * columns),
    );
  }
  assert.throws(() => checkpoint.readRowsF32('a', 1029, 2), /1030 rows/);
  assert.throws(() => checkpoint.readRowsF32('a', -1, 2), RangeError);
  assert.throws(() => checkpoint.readRowsF32('v', 0, 1), /no rows/);
});

test('weights that bitsandbytes stored in 8 bits come with their scales and equal the original within half a step', () => {
  const stored = openCheckpoint(modelDir('gpt2-int8-tiny'));
  const original = openCheckpoint(modelDir('gpt2-tiny'));
  const name = 'transformer.h.0.attn.c_attn.weight';
  const int8 = stored.int8(name);
  assert.ok(int8 !== null);
  const [out, input] = stored.info(name).shape;
  assert.equal(int8.scb.length, out);
  assert.equal(int8.cb.length, out * input);
  const floats = original.readF32(name); // [in, out]: Conv1D is stored the other way round
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < input; i++) {
      const step = int8.scb[o] / 127;
      const difference = Math.abs(int8.cb[o * input + i] * step - floats[i * out + o]);
      // Quantization went through half precision, hence a little more than half a step.
      assert.ok(difference <= 0.55 * step, `row ${o}, column ${i}: ${difference} of ${step}`);
    }
  }
  assert.equal(stored.int8('transformer.h.0.attn.c_attn.bias'), null);
  assert.equal(original.int8(name), null);
  assert.throws(() => stored.readF32(name), /is I8; float weights must be F32/);
  stored.close();
  original.close();
});

test('int8 weights without scales, with too few, or tiled are refused', (t) => {
  const cb = { dtype: 'I8', shape: [2, 2], bytes: Uint8Array.of(1, 2, 3, 4) };
  const open = (tensors: Parameters<typeof encodeSafetensors>[0]) => {
    const dir = temporaryDir(t);
    fs.writeFileSync(path.join(dir, 'model.safetensors'), encodeSafetensors(tensors));
    const checkpoint = openCheckpoint(dir);
    t.after(() => checkpoint.close());
    return checkpoint;
  };
  assert.throws(() => open({ 'a.weight': cb }).int8('a.weight'), /"a.SCB" with its row scales is not there/);
  const short = { dtype: 'F32', shape: [1], bytes: f32(1) };
  assert.throws(() => open({ 'a.weight': cb, 'a.SCB': short }).int8('a.weight'), /1 scales for 2 rows/);
  const scb = { dtype: 'F32', shape: [2], bytes: f32(1, 2) };
  const format = { dtype: 'U8', shape: [], bytes: Uint8Array.of(2) };
  const tiled = open({ 'a.weight': cb, 'a.SCB': scb, 'a.weight_format': format });
  assert.throws(() => tiled.int8('a.weight'), /tiled int8 layout/);
});

test('what is missing is named, with the remedy', (t) => {
  const dir = temporaryDir(t);
  assert.throws(() => openCheckpoint(path.join(dir, 'nowhere')), /nowhere: there is no such directory/);
  assert.throws(() => openCheckpoint(dir), /put the Hugging Face checkpoint there/);
  fs.writeFileSync(path.join(dir, 'pytorch_model.bin'), '');
  assert.throws(() => openCheckpoint(dir), /safe_serialization=True/);
  const checkpoint = openCheckpoint(modelDir('gpt2-tiny'));
  assert.throws(() => checkpoint.info('nothing'), /holds no tensor "nothing"/);
  checkpoint.close();
  checkpoint.close();
  assert.throws(() => checkpoint.readRaw('transformer.wte.weight'), /was closed/);
});

test('an index that lies, leads out of the directory or names a missing shard is refused', (t) => {
  const dir = temporaryDir(t);
  const shard = encodeSafetensors({ a: { dtype: 'F32', shape: [1], bytes: f32(1) } });
  fs.writeFileSync(path.join(dir, 'one.safetensors'), shard);
  fs.writeFileSync(path.join(dir, 'two.safetensors'), shard);
  const index = (weight_map: unknown) =>
    fs.writeFileSync(path.join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
  const refuses = (map: unknown, message: RegExp) => {
    index(map);
    assert.throws(
      () => openCheckpoint(dir),
      (error) => error instanceof CheckpointError && message.test(error.message),
    );
  };
  refuses({ a: '../one.safetensors' }, /must be a file name/);
  refuses({ a: 'three.safetensors' }, /three.safetensors: is missing/);
  refuses({ b: 'one.safetensors' }, /"b" is not in one.safetensors/);
  refuses({ a: 'one.safetensors', b: 'two.safetensors' }, /"b" is not in two.safetensors as it says/);
  refuses(null, /"weight_map" must be an object/);
  index({ a: 'one.safetensors' });
  const checkpoint = openCheckpoint(dir);
  assert.deepEqual([...checkpoint.readF32('a')], [1]);
  checkpoint.close();
});

test('the index says in which shard a tensor is, whatever copies the others hold', (t) => {
  const dir = temporaryDir(t);
  const tensor = (value: number) => ({ dtype: 'F32', shape: [1], bytes: f32(value) });
  fs.writeFileSync(path.join(dir, 'one.safetensors'), encodeSafetensors({ a: tensor(1), b: tensor(-2) }));
  fs.writeFileSync(path.join(dir, 'two.safetensors'), encodeSafetensors({ a: tensor(-1), b: tensor(2), c: tensor(3) }));
  const weight_map = { a: 'one.safetensors', b: 'two.safetensors' };
  fs.writeFileSync(path.join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
  const checkpoint = openCheckpoint(dir);
  assert.deepEqual(
    ['a', 'b', 'c'].map((name) => checkpoint.readF32(name)[0]),
    [1, 2, 3],
  );
  checkpoint.close();
});

test('tensors are compared as they are stored, in pieces', (t) => {
  const dir = temporaryDir(t);
  const long = new Float32Array(1_200_000).map((_, i) => i);
  const other = long.slice();
  other[1_199_999] = 0;
  const tensor = (floats: Float32Array, shape = [floats.length]) => ({
    dtype: 'F32',
    shape,
    bytes: new Uint8Array(floats.buffer),
  });
  const tensors = { a: tensor(long), b: tensor(long), c: tensor(other), d: tensor(long, [2, 600_000]) };
  fs.writeFileSync(path.join(dir, 'model.safetensors'), encodeSafetensors(tensors));
  const checkpoint = openCheckpoint(dir);
  assert.equal(checkpoint.same('a', 'b'), true);
  assert.equal(checkpoint.same('a', 'c'), false);
  assert.equal(checkpoint.same('a', 'd'), false);
  checkpoint.close();
});

function halfByFormula(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

function brainByFormula(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
