import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeF32 } from '../../src/checkpoints/dtypes.ts';
import { startBackend } from '../../src/tensors/backend.ts';
import { widenHalf } from '../../src/tensors/half.ts';

for (const dtype of ['F16', 'BF16'] as const) {
  test(`every ${dtype} number is widened as the checkpoint reader does`, async (t) => {
    const { name } = await startBackend('auto');
    if (name !== 'tensorflow') return t.skip('the native backend is not built here');
    const halves = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
    const bytes = new Uint8Array(halves.buffer);
    const expected = new Float32Array(halves.length);
    decodeF32(dtype, bytes, halves.length, expected, 0);
    const tensor = widenHalf(bytes, dtype, [256, 256]);
    assert.ok(tensor !== null);
    assert.deepEqual(tensor.shape, [256, 256]);
    assert.deepEqual(Array.from(tensor.dataSync()), Array.from(expected));
    tensor.dispose();
  });
}
