/**
 * What a pass asks of TensorFlow that has a kernel on GPUs: ops with the types that they are used with, each with the file
 * under tensorflow/core/kernels (of 2.x) that registers it. The CUDA wheel, whose registry would tell, is not to be had
 * where this was written: what is not here needs a look into its file first.
 */

/** `op of type`, as the kernel is chosen. */
const inFile = (file: string, type: string, ops: string[]): [string, string][] =>
  ops.map((op) => [`${op} of ${type}`, file]);

export const GPU_KERNELS: Record<string, string> = Object.fromEntries([
  // Element by element; most are generated (mlir_generated/gpu_op_*.cc).
  ...inFile('cwise_op_*.cc', 'float32', ['Abs', 'Add', 'Equal', 'Exp', 'GreaterEqual', 'Log', 'Maximum', 'Mul', 'Neg']),
  ...inFile('cwise_op_*.cc', 'float32', ['Pow', 'RealDiv', 'Round', 'Rsqrt', 'Select', 'Sigmoid', 'Sqrt', 'Square']),
  ...inFile('cwise_op_*.cc', 'float32', ['Sub']),
  ...inFile('reduction_ops_*.cc', 'float32', ['Max', 'Mean', 'Sum']),
  ...inFile('constant_op.cc', 'float32', ['OnesLike', 'ZerosLike']),
  ...inFile('scatter_nd_op.cc', 'float32', ['ScatterNd', 'TensorScatterUpdate']),
  ...inFile('argmax_op.cc', 'float32', ['ArgMax']),
  ...inFile('batch_matmul_op_real.cc', 'float32', ['BatchMatMulV2']),
  ...inFile('bitcast_op.cc', 'uint8 to int8', ['Bitcast']), // of any type
  ...inFile('cast_op.cc', 'float32 to float32', ['Cast']),
  ...inFile('cast_op.cc', 'int8 to float32', ['Cast']), // cast_op_impl_int8.cc and cast_op_gpu.cu.cc
  ...inFile('concat_op.cc', 'float32', ['ConcatV2']),
  ...inFile('gather_nd_op.cc', 'float32', ['GatherNd']),
  ...inFile('gather_op.cc', 'float32', ['GatherV2']),
  ...inFile('pack_op.cc', 'int32', ['Pack']), // of the host's memory, as the shapes that it makes
  ...inFile('reshape_op.cc', 'float32', ['Reshape']),
  ...inFile('reshape_op.cc', 'int32', ['Reshape']), // of the host's memory
  ...inFile('sequence_ops.cc', 'any type', ['Range']), // of the host's memory
  ...inFile('shape_ops.cc', 'any type', ['ExpandDims']),
  ...inFile('slice_op.cc', 'float32', ['Slice']),
  ...inFile('softmax_op.cc', 'float32', ['Softmax']),
  ...inFile('split_v_op.cc', 'float32', ['SplitV']),
  ...inFile('tile_ops.cc', 'float32', ['Tile']),
  ...inFile('tile_ops.cc', 'bool', ['Tile']),
  ...inFile('transpose_op.cc', 'float32', ['Transpose']),
]);
