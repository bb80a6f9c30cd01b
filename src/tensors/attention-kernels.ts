/** The ops of kernels/attention.cc: attention over the rows of many texts. */

import { kernelBackend } from './kernels.ts';
import type { NativeBackend } from './native.ts';
import { type Tensor, type Tensor1D, type Tensor2D, tf } from './tf.ts';

/** Whether they can be used. */
export const attendsByKernel = (): boolean => kernelBackend() !== null;

function backendWithKernels(): NativeBackend {
  const native = kernelBackend();
  if (native === null) throw new Error('our own ops are not there: ask attendsByKernel before');
  return native;
}

/** What the queries of a call have in common. */
export interface AttentionSizes {
  readonly numHeads: number;
  readonly numKvHeads: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly window?: number | null;
  readonly softcap?: number | null;
}

/** Tensors of a call, forward and back. */
export interface AttentionInputs {
  /** [rows, heads * head_dim] */
  readonly q: Tensor2D;
  /** [key rows, kv heads * head_dim] */
  readonly k: Tensor2D;
  readonly v: Tensor2D;
  /** Position of each query: int32 [rows] */
  readonly positions: Tensor1D;
  /** By distance, [heads, distances]; `zero`: the column of the distance 0. */
  readonly bias: { readonly table: Tensor2D; readonly zero: number } | null;
  /** Dropout, as the probabilities are laid out: [segment, head, query, key] without padding. */
  readonly mask: Tensor | null;
}

/**
 * Attention of the segments of a table (src/nn/attention-rows.ts).
 * @param caches - keys and values of each cache, [segments, positions, kv heads * head_dim]
 * @param wanted.probabilities - [segment, head, query, key] without padding; else the second output is empty
 * @param wanted.append - write the segments' own keys and values behind those in their caches, in place
 * @returns output of the table's queries [rows, heads * head_dim], probabilities
 */
export function attendByKernel(
  inputs: AttentionInputs,
  segments: Tensor2D,
  caches: readonly { readonly keys: Tensor; readonly values: Tensor }[],
  sizes: AttentionSizes,
  wanted: { probabilities: boolean; append: boolean },
): [Tensor2D, Tensor1D] {
  const native = backendWithKernels();
  const { TF_ATTR_BOOL, TF_ATTR_INT } = native.binding;
  const attributes = [
    ...common(native, inputs, sizes),
    { name: 'keep', type: TF_ATTR_BOOL, value: wanted.probabilities },
    { name: 'append', type: TF_ATTR_BOOL, value: wanted.append },
    { name: 'N', type: TF_ATTR_INT, value: 2 * caches.length },
  ];
  const { q, k, v, positions, bias, mask } = inputs;
  const none = tf.tensor1d([]);
  const tensors = [q, k, v, segments, positions, bias?.table ?? none, mask ?? none];
  for (const { keys, values } of caches) tensors.push(keys, values);
  return native.executeMultipleOutputs('WhenceAttention', attributes, tensors, 2) as [Tensor2D, Tensor1D];
}

/**
 * Cotangents of queries, keys and values for the steps of a table, which belong to the segments of another.
 * @param dy - [cotangent rows, heads * head_dim]
 * @returns those of q as the steps' rows of dy, of k and v for the keys that each step sees
 */
export function attendBackByKernel(
  dy: Tensor2D,
  inputs: AttentionInputs,
  tables: { readonly segments: Tensor2D; readonly steps: Tensor2D },
  sizes: AttentionSizes,
): Tensor2D[] {
  const native = backendWithKernels();
  const { q, k, v, positions, bias, mask } = inputs;
  const none = tf.tensor1d([]);
  const tensors = [dy, q, k, v, tables.segments, tables.steps, positions, bias?.table ?? none, mask ?? none];
  const attributes = common(native, inputs, sizes);
  return native.executeMultipleOutputs('WhenceAttentionPullback', attributes, tensors, 3) as Tensor2D[];
}

function common({ binding }: NativeBackend, { bias }: AttentionInputs, sizes: AttentionSizes) {
  const { TF_ATTR_BOOL, TF_ATTR_FLOAT, TF_ATTR_INT } = binding;
  return [
    { name: 'heads', type: TF_ATTR_INT, value: sizes.numHeads },
    { name: 'kv_heads', type: TF_ATTR_INT, value: sizes.numKvHeads },
    { name: 'window', type: TF_ATTR_INT, value: sizes.window ?? 0 },
    { name: 'zero', type: TF_ATTR_INT, value: bias?.zero ?? 0 },
    { name: 'scale', type: TF_ATTR_FLOAT, value: sizes.scale },
    { name: 'softcap', type: TF_ATTR_FLOAT, value: sizes.softcap ?? 0 },
    { name: 'causal', type: TF_ATTR_BOOL, value: sizes.causal },
  ];
}
