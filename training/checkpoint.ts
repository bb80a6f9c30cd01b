/** Writes a Hugging Face model directory: config, generation config, float16 weights in safetensors, tokenizer files. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Parameters } from './layers.ts';
import type { TokenizerFiles } from './tokenizer-files.ts';

/** IEEE half precision, rounded to nearest even; the bits as an integer. Values beyond 65504 are refused: weights are never so large. */
export function halfBits(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude <= 65504)) throw new RangeError(`${value} does not fit into float16`);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -15)));
  // Halves are multiples of 2^(exponent - 10); below 2^-14 they are subnormal and share that exponent's spacing.
  const steps = roundHalfToEven(magnitude / 2 ** (exponent - 10));
  return sign | (exponent === -14 ? steps : ((exponent + 14) << 10) + steps);
}

function roundHalfToEven(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The bytes of a safetensors file: a JSON header that says where each float16 tensor lies, then the tensors. */
export function safetensorsBytes(tensors: Record<string, { shape: number[]; data: Float32Array }>): Buffer {
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const parts: Buffer[] = [];
  let offset = 0;
  for (const name of Object.keys(tensors).sort()) {
    const { shape, data } = tensors[name];
    const bytes = Buffer.from(Uint16Array.from(data, halfBits).buffer);
    header[name] = { dtype: 'F16', shape, data_offsets: [offset, offset + bytes.length] };
    parts.push(bytes);
    offset += bytes.length;
  }
  const json = JSON.stringify(header);
  const padded = Buffer.from(json.padEnd(Math.ceil(json.length / 8) * 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded, ...parts]);
}

/** Writes everything into `directory`, which is made if need be. */
export async function saveCheckpoint(
  directory: string,
  files: { config: object; generationConfig: object; parameters: Parameters; tokenizer: TokenizerFiles },
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const tensors: Record<string, { shape: number[]; data: Float32Array }> = {};
  for (const [name, value] of Object.entries(files.parameters)) {
    tensors[name] = { shape: value.shape, data: Float32Array.from(await value.data()) };
  }
  const json = (name: string, value: object, indent?: number) =>
    writeFile(join(directory, name), `${JSON.stringify(value, null, indent)}\n`);
  await json('config.json', files.config, 2);
  await json('generation_config.json', files.generationConfig, 2);
  await json('tokenizer.json', files.tokenizer.tokenizer);
  await json('tokenizer_config.json', files.tokenizer.config, 2);
  await writeFile(join(directory, 'model.safetensors'), safetensorsBytes(tensors));
}
