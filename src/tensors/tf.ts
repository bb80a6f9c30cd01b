/** The one tfjs of the engine. */

import { createRequire } from 'node:module';
import type * as core from '@tensorflow/tfjs-core';

export type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

// Required, not imported: before Node.js imports CommonJS, it searches all of it, megabytes here, for names of exports.
const require = createRequire(import.meta.url);
require('@tensorflow/tfjs'); // registers the gradients of tfjs's ops, which tfjs-core alone does not

export const tf: typeof core = require('@tensorflow/tfjs-core');

/** The types that are named by way of `tf`. */
export declare namespace tf {
  export type Tensor<R extends core.Rank = core.Rank> = core.Tensor<R>;
  export type Tensor2D = core.Tensor2D;
  export type Scalar = core.Scalar;
  export type Variable<R extends core.Rank = core.Rank> = core.Variable<R>;
  export type NamedTensorMap = core.NamedTensorMap;
  export type GradSaveFunc = core.GradSaveFunc;
}
