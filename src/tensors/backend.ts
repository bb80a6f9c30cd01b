/** Chooses and starts the tfjs backend. */
import { tf } from './tf.ts';

export interface Backend {
  name: 'tensorflow' | 'wasm';
  version: string;
  /** Why this backend is in use. */
  reason: string;
}

export async function startBackend(choice: 'auto' | 'tensorflow' | 'wasm'): Promise<Backend> {
  if (choice !== 'wasm') {
    const native = await import('@tensorflow/tfjs-node-gpu');
    await tf.setBackend('tensorflow');
    return { name: 'tensorflow', version: native.version['tfjs-core'], reason: 'the native binding loaded' };
  }
  await import('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  return { name: 'wasm', version: tf.version_core, reason: 'asked for' };
}
