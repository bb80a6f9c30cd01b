/** Whether results are those of the same texts alone. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

/**
 * Numbers are the same to the last bit where our products run and oneDNN's are on, on processors with AVX-512 VNNI; on
 * others TensorFlow's product of few rows rounds otherwise than that of many, and int8 may turn that into the next code.
 */
const CPU = '/proc/cpuinfo';
export const EXACT = existsSync(CPU) && /\bavx512_vnni\b/.test(readFileSync(CPU, 'utf8'));

/** How far they may lie apart elsewhere, of the largest number of their list. */
const APART = { float: 1e-4, int8: 0.05 };

/** @param found, wanted - sequences as JSON; all but numbers is the same in any case */
export function assertSameTexts(found: readonly string[], wanted: readonly string[], isInt8: boolean): void {
  if (EXACT) assert.deepEqual(found, wanted);
  else assertNear(found.map(parsed), wanted.map(parsed), isInt8 ? APART.int8 : APART.float);
}

/** The same as an answer: null, or how they differ. */
export function differenceOf(found: string, wanted: string, isInt8: boolean): string | null {
  try {
    assertSameTexts([found], [wanted], isInt8);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const parsed = (text: string): unknown => JSON.parse(text);

function assertNear(found: unknown, wanted: unknown, tolerance: number, largest = 0, at = ''): void {
  if (typeof wanted === 'number' && typeof found === 'number') {
    const scale = Math.max(largest, Math.abs(wanted));
    assert.ok(Math.abs(found - wanted) <= tolerance * scale, `${at}: ${found} is not ${wanted}, largest ${scale}`);
  } else if (typeof wanted === 'object' && typeof found === 'object' && wanted !== null && found !== null) {
    assert.deepEqual(Object.keys(found), Object.keys(wanted), at);
    const sizes = Array.isArray(wanted) ? largestOf(wanted, largest) : 0;
    for (const [key, value] of Object.entries(wanted)) {
      assertNear((found as Record<string, unknown>)[key], value, tolerance, sizes, `${at}/${key}`);
    }
  } else {
    assert.deepEqual(found, wanted, at);
  }
}

function largestOf(list: readonly unknown[], before: number): number {
  const sizes = list.flat(9).map((one) => (typeof one === 'number' ? Math.abs(one) : 0));
  return sizes.reduce((most, size) => Math.max(most, size), before);
}
