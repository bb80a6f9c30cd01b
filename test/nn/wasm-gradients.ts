/** tfjs's gradient of gather needs a kernel that its WASM backend lacks. The engine does not: only references do. */

import assert from 'node:assert/strict';
import { tf } from '../../src/tensors/tf.ts';

tf.registerKernel({
  kernelName: 'UnsortedSegmentSum',
  backendName: 'wasm',
  kernelFunc: ({ inputs: { x: matrix, segmentIds }, attrs }) => {
    assert.ok(matrix !== undefined && segmentIds !== undefined);
    const [x, ids] = [matrix, segmentIds].map((info) => tf.engine().backend.readSync(info.dataId));
    const numSegments = Number(attrs?.numSegments);
    const [rows, ...rest] = matrix.shape;
    const size = rest.reduce((product, length) => product * length, 1);
    const sums = new Float32Array(numSegments * size);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < size; i++) sums[Number(ids[row]) * size + i] += Number(x[row * size + i]);
    }
    return tf.tensor(sums, [numSegments, ...rest]);
  },
});
