import { nativeBackend } from './native.ts';
import type { Tensor } from './tf.ts';

/** TensorFlow's TF_HALF and TF_BFLOAT16, which the binding does not name. */
const TYPES = { F16: 19, BF16: 14 } as const;

/**
 * Stored half-precision numbers as a float32 tensor, widened on the device; null on other backends.
 * @param bytes - little-endian, two for each number
 */
export function widenHalf(bytes: Uint8Array, dtype: keyof typeof TYPES, shape: readonly number[]): Tensor | null {
  const native = nativeBackend();
  if (native === null) return null;
  const { binding } = native;
  const type = (name: string, value: number) => ({ name, type: binding.TF_ATTR_TYPE, value });
  const raw = binding.createTensor([...shape, 2], binding.TF_UINT8, bytes);
  const [half] = binding.executeOp('Bitcast', [type('T', binding.TF_UINT8), type('type', TYPES[dtype])], [raw], 1);
  const truncate = { name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false };
  const cast = [type('SrcT', TYPES[dtype]), type('DstT', binding.TF_FLOAT), truncate];
  const [float] = binding.executeOp('Cast', cast, [half.id], 1);
  binding.deleteTensor(raw);
  binding.deleteTensor(half.id);
  return native.createOutputTensor(float);
}
