/** The one tfjs of the engine. */
import '@tensorflow/tfjs'; // registers the gradients of tfjs's ops, which tfjs-core alone does not

export type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
export * as tf from '@tensorflow/tfjs-core';
