/**
 * Element types of safetensors and their conversion to float32.
 *
 * Safetensors is little-endian, and so is every machine that Node runs on; bytes are viewed, not swapped.
 */

/** Bytes of one element, for every element type that the format names with whole bytes. */
export const BYTES_PER_ELEMENT = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;

export type Dtype = keyof typeof BYTES_PER_ELEMENT;

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && Object.hasOwn(BYTES_PER_ELEMENT, name);
}

/** Element types that `decodeF32` understands. */
export const FLOAT_DTYPES: readonly Dtype[] = ['F32', 'F16', 'BF16', 'F64'];

/**
 * Writes `count` elements that lie in `bytes` to `into`, starting at `at`.
 * @param bytes - starts at a multiple of 8 bytes of its buffer
 */
export function decodeF32(dtype: Dtype, bytes: Uint8Array, count: number, into: Float32Array, at: number): void {
  const { buffer, byteOffset } = bytes;
  if (dtype === 'F32') {
    into.set(new Float32Array(buffer, byteOffset, count), at);
  } else if (dtype === 'F64') {
    into.set(new Float64Array(buffer, byteOffset, count), at);
  } else if (dtype === 'BF16') {
    // bfloat16 is the upper half of float32.
    const halves = new Uint16Array(buffer, byteOffset, count);
    const bits = new Uint32Array(into.buffer, into.byteOffset + at * 4, count);
    for (let i = 0; i < count; i++) bits[i] = halves[i] << 16;
  } else if (dtype === 'F16') {
    const halves = new Uint16Array(buffer, byteOffset, count);
    const bits = new Uint32Array(into.buffer, into.byteOffset + at * 4, count);
    const table = float16Table();
    for (let i = 0; i < count; i++) bits[i] = table[halves[i]];
  } else {
    throw new TypeError(`${dtype} holds no floating point numbers`);
  }
}

/** Bits of infinity: those above it, sign aside, are of NaN. */
const INFINITY = { F16: 0x7c00, BF16: 0x7f80 } as const;

/**
 * Whether stored numbers of a half-precision type are NaN anywhere.
 * @param bytes - starts at a multiple of 2 bytes of its buffer
 */
export function halvesHoldNaN(dtype: keyof typeof INFINITY, bytes: Uint8Array): boolean {
  const limit = INFINITY[dtype];
  const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
  for (const half of halves) if ((half & 0x7fff) > limit) return true;
  return false;
}

let table: Uint32Array | undefined;

/** Bits of the float32 that equals each of the 65,536 half-precision numbers (IEEE 754 binary16). */
function float16Table(): Uint32Array {
  if (table !== undefined) return table;
  table = new Uint32Array(65536);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  for (let half = 0; half < 65536; half++) {
    const sign = (half & 0x8000) << 16;
    const exponent = (half >> 10) & 0x1f;
    const fraction = half & 0x3ff;
    if (exponent === 0) {
      float[0] = fraction * 2 ** -24; // subnormal, or zero
    } else {
      bits[0] = ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
    }
    table[half] = bits[0] | sign;
  }
  return table;
}
