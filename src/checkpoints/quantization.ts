/** How a checkpoint says that its weights are quantized, and whether they can be read. */

import path from 'node:path';
import type { ModelConfig } from './config.ts';
import { CheckpointError } from './errors.ts';

const REMEDY =
  'Whence reads float weights, which it quantizes to int8 itself, and the 8 bits of bitsandbytes: ' +
  'serve the checkpoint that this one was made of';

/** Names of tensors in which packed weights lie, where no file names the quantizer. */
const PACKED = /\.(qweight|qzeros|weight_packed|weight_scale(_inv)?|absmax|codebooks)$/;

/** @throws CheckpointError naming `quant_method` where config.json names a quantizer whose weights are not read */
export function refuseQuantizer(dir: string, config: ModelConfig): void {
  const field = ['quantization_config', 'compression_config'].find((name) => isObject(config[name]));
  const settings = field === undefined ? null : config[field];
  if (!isObject(settings)) return;
  const method = settings.quant_method ?? (field === 'compression_config' ? 'compressed-tensors' : null);
  const asks = (name: string): boolean => settings[name] === true || settings[`_${name}`] === true;
  if (!asks('load_in_4bit') && (method === null || (method === 'bitsandbytes' && asks('load_in_8bit')))) return;
  const named = JSON.stringify(method ?? 'bitsandbytes');
  throw new CheckpointError(
    path.join(dir, 'config.json'),
    `"${field}" has the quant_method ${named}${asks('load_in_4bit') ? ' with 4 bits' : ''}, ` +
      `and weights quantized by it are not read; ${REMEDY}`,
  );
}

/**
 * Refuses packed weights of a checkpoint whose config.json is silent about them.
 * @param names - of the checkpoint's tensors
 * @throws CheckpointError naming one of them
 */
export function refusePacked(dir: string, names: readonly string[]): void {
  const packed = names.find((name) => PACKED.test(name));
  if (packed === undefined) return;
  throw new CheckpointError(dir, `holds "${packed}": its weights are quantized in a form that is not read; ${REMEDY}`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
