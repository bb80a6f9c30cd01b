/** Writes a GPT-2-shaped checkpoint of random weights, tensor by tensor, where it does not exist yet. */

import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

export interface Shape {
  name: string;
  layers: number;
  hidden: number;
  heads: number;
  vocab: number;
  positions: number;
}

export const GPT2_SMALL: Shape = {
  name: 'gpt2-small',
  layers: 12,
  hidden: 768,
  heads: 12,
  vocab: 50_257,
  positions: 1024,
};
export const GPT2_XL: Shape = { name: 'gpt2-xl', layers: 48, hidden: 1600, heads: 25, vocab: 50_257, positions: 1024 };

/** The checkpoint's directory in `folder`; weights are float16. */
export function randomCheckpoint(folder: string, shape: Shape): string {
  const dir = join(folder, shape.name);
  if (existsSync(join(dir, 'model.safetensors'))) return dir;
  console.log(`writing a random ${shape.name} checkpoint …`);
  mkdirSync(dir, { recursive: true });
  const { layers, hidden, heads, vocab, positions } = shape;
  writeFileSync(
    join(dir, 'config.json'),
    JSON.stringify({
      model_type: 'gpt2',
      n_embd: hidden,
      n_head: heads,
      n_layer: layers,
      n_positions: positions,
      vocab_size: vocab,
      activation_function: 'gelu_new',
      bos_token_id: vocab - 1,
      eos_token_id: vocab - 1,
    }),
  );
  writeSafetensors(join(dir, 'model.safetensors'), tensorsOf(shape));
  return dir;
}

function tensorsOf({ layers, hidden, vocab, positions }: Shape): [string, number[]][] {
  const tensors: [string, number[]][] = [
    ['transformer.wte.weight', [vocab, hidden]],
    ['transformer.wpe.weight', [positions, hidden]],
    ['transformer.ln_f.weight', [hidden]],
    ['transformer.ln_f.bias', [hidden]],
  ];
  for (let layer = 0; layer < layers; layer++) {
    const matrices = { 'attn.c_attn': [hidden, 3 * hidden], 'attn.c_proj': [hidden, hidden] };
    const mlp = { 'mlp.c_fc': [hidden, 4 * hidden], 'mlp.c_proj': [4 * hidden, hidden] };
    for (const [name, shape] of Object.entries({ ...matrices, ...mlp })) {
      tensors.push(
        [`transformer.h.${layer}.${name}.weight`, shape],
        [`transformer.h.${layer}.${name}.bias`, [shape[1]]],
      );
    }
    for (const name of ['ln_1', 'ln_2']) {
      tensors.push(
        [`transformer.h.${layer}.${name}.weight`, [hidden]],
        [`transformer.h.${layer}.${name}.bias`, [hidden]],
      );
    }
  }
  return tensors;
}

/** Float16 bits of 1, of small random numbers (sign and low mantissa bits), and of 0. */
function fill(name: string, bits: Uint16Array, random: () => number): void {
  if (name.includes('ln_') && name.endsWith('weight')) bits.fill(0x3c00);
  else if (name.endsWith('bias')) bits.fill(0);
  // Exponents of 2^-6 and 2^-7: magnitudes from 0.008 to 0.03, like a trained GPT-2's.
  else for (let i = 0; i < bits.length; i++) bits[i] = (random() & 0x87ff) | 0x2000;
}

function writeSafetensors(file: string, tensors: [string, number[]][]): void {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, shape] of tensors) {
    const bytes = shape.reduce((product, size) => product * size, 2);
    header[name] = { dtype: 'F16', shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const json = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(json.length));
  const partial = `${file}.part`;
  const descriptor = openSync(partial, 'w');
  writeSync(descriptor, length);
  writeSync(descriptor, json);
  let state = 12345;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state & 0xffff;
  };
  for (const [name, shape] of tensors) {
    const bits = new Uint16Array(shape.reduce((product, size) => product * size, 1));
    fill(name, bits, random);
    writeSync(descriptor, new Uint8Array(bits.buffer));
  }
  closeSync(descriptor);
  renameSync(partial, file);
}
