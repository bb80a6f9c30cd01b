import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../../src/checkpoints/safetensors.ts';
import { encodeSafetensors, f32, temporaryDir, withHeader } from './write-safetensors.ts';

const entry = (over: Record<string, unknown> = {}) => ({ dtype: 'F32', shape: [2], data_offsets: [0, 8], ...over });

const damaged: [what: string, file: Buffer, message: RegExp][] = [
  ['an empty file', Buffer.alloc(0), /0 bytes are too few/],
  [
    'a header longer than the file',
    Buffer.concat([Buffer.from([200, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{}')]),
    /claims 200 bytes/,
  ],
  ['a header of 2^63 bytes', Buffer.from([0, 0, 0, 0, 0, 0, 0, 128, 1, 2]), /the limit is 100000000/],
  ['no JSON', withHeader('{"a":', []), /not a JSON object/],
  ['no object', withHeader('[]', []), /not a JSON object/],
  ['an entry that is none', withHeader({ a: 3 }, []), /the entry of tensor "a" is not an object/],
  ['an unknown type', withHeader({ a: entry({ dtype: 'F31' }) }, [f32(1, 2)]), /dtype "F31", known are BOOL/],
  [
    'a name of Object.prototype as type',
    withHeader({ a: entry({ dtype: 'toString' }) }, [f32(1, 2)]),
    /dtype "toString"/,
  ],
  ['a negative size', withHeader({ a: entry({ shape: [-2] }) }, [f32(1, 2)]), /shape \[-2\]/],
  ['a fraction as size', withHeader({ a: entry({ shape: [1.5] }) }, [f32(1, 2)]), /shape \[1.5\]/],
  ['no offsets', withHeader({ a: entry({ data_offsets: undefined }) }, [f32(1, 2)]), /data_offsets/],
  ['offsets backwards', withHeader({ a: entry({ data_offsets: [8, 0] }) }, [f32(1, 2)]), /data_offsets \[8,0\]/],
  ['offsets after the end', withHeader({ a: entry({ data_offsets: [8, 16] }) }, [f32(1, 2)]), /ends at byte/],
  ['a shape that does not fit', withHeader({ a: entry({ shape: [3] }) }, [f32(1, 2)]), /12 bytes, but 8 are given/],
  [
    'a shape that overflows',
    withHeader({ a: entry({ shape: [2 ** 30, 2 ** 30, 2 ** 30] }) }, [f32(1, 2)]),
    /but 8 are given/,
  ],
  [
    'overlapping tensors',
    withHeader({ a: entry(), b: entry({ data_offsets: [4, 12] }) }, [f32(1, 2, 3)]),
    /tensor "b" overlaps tensor "a"/,
  ],
  [
    'a hole',
    withHeader({ a: entry(), b: entry({ data_offsets: [12, 20] }) }, [f32(1, 2, 3, 4, 5)]),
    /4 bytes before tensor "b"/,
  ],
  ['bytes at the end', withHeader({ a: entry() }, [f32(1, 2, 3)]), /4 bytes at its end/],
];

for (const [what, file, message] of damaged) {
  test(`${what} is refused, and the message names the file and the remedy`, (t) => {
    const dir = temporaryDir(t);
    const name = path.join(dir, 'model.safetensors');
    fs.writeFileSync(name, file);
    assert.throws(
      () => openCheckpoint(dir),
      (error: Error) => {
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(name));
        assert.match(error.message, /fetch it again/);
        return true;
      },
    );
  });
}

test('a file cut anywhere is refused, never read wrongly', (t) => {
  const dir = temporaryDir(t);
  const file = encodeSafetensors({
    a: { dtype: 'F32', shape: [2], bytes: f32(1, 2) },
    b: { dtype: 'U8', shape: [3], bytes: Uint8Array.of(1, 2, 3) },
  });
  for (let length = 0; length < file.length; length++) {
    fs.writeFileSync(path.join(dir, 'model.safetensors'), file.subarray(0, length));
    assert.throws(() => openCheckpoint(dir), { name: 'CheckpointError' }, `${length} bytes`);
  }
});

test('scalars, empty tensors and odd names are fine', (t) => {
  const dir = temporaryDir(t);
  const file = encodeSafetensors({
    scalar: { dtype: 'F32', shape: [], bytes: f32(7) },
    empty: { dtype: 'F32', shape: [0, 5], bytes: f32() },
    'constructor.weight': { dtype: 'F32', shape: [1], bytes: f32(3) },
  });
  fs.writeFileSync(path.join(dir, 'model.safetensors'), file);
  const checkpoint = openCheckpoint(dir);
  t.after(() => checkpoint.close());
  assert.deepEqual([...checkpoint.readF32('scalar')], [7]);
  assert.equal(checkpoint.readF32('empty').length, 0);
  assert.deepEqual([...checkpoint.readF32('constructor.weight')], [3]);
  assert.equal(checkpoint.has('constructor'), false);
});

test('files are closed when a shard is refused', { skip: process.platform !== 'linux' }, (t) => {
  const dir = temporaryDir(t);
  fs.writeFileSync(path.join(dir, 'model.safetensors'), 'no safetensors file at all');
  const open = () => fs.readdirSync('/proc/self/fd').length;
  const before = open();
  for (let i = 0; i < 20; i++) assert.throws(() => openCheckpoint(dir));
  assert.equal(open(), before);
});
