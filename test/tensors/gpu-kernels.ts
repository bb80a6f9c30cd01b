/**
 * The TensorFlow ops of a pass that have a kernel on GPUs, each with the file under tensorflow/core/kernels (of 2.x) that
 * registers it. The CUDA wheel, whose registry would tell, is not to be had where this was written: an op that is not
 * here needs a look into its file first.
 */

const inFile = (file: string, ops: string[]): [string, string][] => ops.map((op) => [op, file]);

export const GPU_KERNELS: Record<string, string> = Object.fromEntries([
  // Element by element; for float32 most are generated (mlir_generated/gpu_op_*.cc).
  ...inFile('cwise_op_*.cc', ['Abs', 'Add', 'Equal', 'Exp', 'GreaterEqual', 'Log', 'Maximum', 'Mul', 'Neg', 'Pow']),
  ...inFile('cwise_op_*.cc', ['RealDiv', 'Round', 'Rsqrt', 'Select', 'Sigmoid', 'Sqrt', 'Square', 'Sub']),
  ...inFile('reduction_ops_*.cc', ['Max', 'Mean', 'Sum']),
  ...inFile('constant_op.cc', ['OnesLike', 'ZerosLike']),
  ...inFile('scatter_nd_op.cc', ['ScatterNd', 'TensorScatterUpdate']),
  ...inFile('argmax_op.cc', ['ArgMax']),
  ...inFile('batch_matmul_op_real.cc', ['BatchMatMulV2']),
  ...inFile('bitcast_op.cc', ['Bitcast']),
  ...inFile('cast_op.cc', ['Cast']), // int8 to float32 by cast_op_impl_int8.cc and cast_op_gpu.cu.cc
  ...inFile('concat_op.cc', ['ConcatV2']),
  ...inFile('gather_nd_op.cc', ['GatherNd']),
  ...inFile('gather_op.cc', ['GatherV2']),
  ...inFile('pack_op.cc', ['Pack']),
  ...inFile('reshape_op.cc', ['Reshape']),
  ...inFile('sequence_ops.cc', ['Range']), // of the host's memory
  ...inFile('shape_ops.cc', ['ExpandDims']),
  ...inFile('slice_op.cc', ['Slice']),
  ...inFile('softmax_op.cc', ['Softmax']),
  ...inFile('split_v_op.cc', ['SplitV']),
  ...inFile('tile_ops.cc', ['Tile']),
  ...inFile('transpose_op.cc', ['Transpose']),
]);
