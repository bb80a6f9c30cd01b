/** Row-wise absmax quantization of weights to int8 (LLM.int8, Dettmers et al. 2022, section 2.1; as bitsandbytes). */

/** x rounded to the nearest float16 (ties to even), as a float32: Veltkamp's splitting. */
function half(x: number): number {
  const scaled = Math.fround(x * 8193);
  return Math.fround(scaled - Math.fround(scaled - x));
}

/** Adding and taking off 1.5 * 2^23 rounds a float32 to an integer, ties to even. */
const ROUNDER = 12582912;

/** 127 / absmax as PyTorch divides a number by a tensor: the reciprocal first. Ties between two codes depend on it. */
function codesPerUnit(absmax: number): number {
  return absmax === 0 ? 0 : Math.fround(127 * Math.fround(1 / absmax));
}

/** round(weight * factor), ties to even, in float32. */
function code(weight: number, factor: number): number {
  return Math.fround(Math.fround(weight * factor) + ROUNDER) - ROUNDER;
}

/**
 * Codes round(127 w / absmax) of each output row, weights being rounded to float16 first.
 * @param weight - row-major [rows, columns]; overwritten when `inputMajor`
 * @param inputMajor - the rows are inputs (Conv1D): codes are transposed to [out, in]
 */
export function quantizeRows(
  weight: Float32Array,
  rows: number,
  columns: number,
  inputMajor: boolean,
): { codes: Int8Array; scale: Float32Array } {
  const codes = new Int8Array(rows * columns);
  if (!inputMajor) {
    const scale = new Float32Array(rows);
    for (let row = 0; row < rows; row++) {
      const start = row * columns;
      let absmax = 0;
      for (let i = start; i < start + columns; i++) {
        const rounded = half(weight[i]);
        weight[i] = rounded;
        const size = Math.abs(rounded);
        if (size > absmax) absmax = size;
      }
      scale[row] = absmax;
      const factor = codesPerUnit(absmax);
      for (let i = start; i < start + columns; i++) codes[i] = code(weight[i], factor);
    }
    return { codes, scale };
  }
  const scale = new Float32Array(columns);
  for (let row = 0; row < rows; row++) {
    const start = row * columns;
    for (let column = 0; column < columns; column++) {
      const rounded = half(weight[start + column]);
      weight[start + column] = rounded;
      const size = Math.abs(rounded);
      if (size > scale[column]) scale[column] = size;
    }
  }
  const factors = scale.map(codesPerUnit);
  // Tiles keep both the row-major read and the column-major write within the cache.
  const tile = 64;
  for (let column0 = 0; column0 < columns; column0 += tile) {
    const columnEnd = Math.min(column0 + tile, columns);
    for (let row0 = 0; row0 < rows; row0 += tile) {
      const rowEnd = Math.min(row0 + tile, rows);
      for (let column = column0; column < columnEnd; column++) {
        const factor = factors[column];
        const target = column * rows;
        for (let row = row0; row < rowEnd; row++) codes[target + row] = code(weight[row * columns + column], factor);
      }
    }
  }
  return { codes, scale };
}
