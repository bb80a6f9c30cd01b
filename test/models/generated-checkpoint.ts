/** Checkpoints whose weights are computed from the names of their tensors, as test/fixtures/families/make.py does. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeSafetensors } from '../checkpoints/write-safetensors.ts';

/** Numbers of [-1, 1) from a hash of the name and the index, scaled by the tensor's role. */
export function weightOf(name: string, shape: readonly number[]): Float32Array {
  let seed = 2166136261;
  for (const byte of Buffer.from(name)) seed = Math.imul(seed ^ byte, 16777619);
  const count = shape.reduce((product, size) => product * size, 1);
  return Float32Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(i, 2654435761) + seed) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    const uniform = ((h ^ (h >>> 16)) >>> 0) / 2 ** 31 - 1;
    if (shape.length === 2) return 0.5 * uniform;
    return name.endsWith('bias') ? 0.3 * uniform : 1 + 0.4 * uniform;
  });
}

/** Writes config.json and model.safetensors to a new directory. `stored`: names in the file, whose values stay. */
export function writeCheckpoint(
  dir: string,
  config: object,
  tensors: Record<string, number[]>,
  stored: (name: string) => string = (name) => name,
): void {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  const raw = Object.entries(tensors).map(([name, shape]) => {
    const values = weightOf(name, shape);
    return [stored(name), { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer) }] as const;
  });
  writeFileSync(join(dir, 'model.safetensors'), encodeSafetensors(Object.fromEntries(raw)));
}
