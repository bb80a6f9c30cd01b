/** Runs WGSL programs of our own on tfjs's WebGPU backend, which writes their bindings, uniforms and entry point. */

import { type Tensor, tf } from './tf.ts';

export interface Program {
  /** Programs are compiled once for each name and the ranks and types of their tensors. */
  name: string;
  /**
   * By variable name: arrays in the source, their shapes at `uniforms.<name>Shape`. The output is `result`, its shape at
   * `uniforms.outShape`.
   */
  inputs: Record<string, Tensor>;
  outputShape: number[];
  /** Of inputs, by name, and of `result`: 4 where the array is one of vectors; 1 where not named. */
  components?: Record<string, 1 | 4>;
  /** One thread for each entry (vector) of the output, where there is no `dispatch`. */
  workgroupSize?: [number, number, number];
  /** Workgroups by axis; the source then has `fn main()`, else `fn main(index: i32)`. */
  dispatch?: [number, number, number];
  /** float32 values, at `uniforms.<name>`. */
  uniforms?: Record<string, number>;
  /** A function where it takes long to write: programs that are compiled already do not ask. */
  source: string | (() => string);
}

interface ProgramBackend {
  runWebGPUProgram(
    program: object,
    inputs: Tensor[],
    dtype: string,
    uniforms: { type: string; data: number[] }[],
  ): { dataId: object; shape: number[]; dtype: 'float32' | 'int32' };
}

const FLAT_SIZE = 64;

/** The output of a program, in the caller's tidy. */
export function runProgram(program: Program, dtype: 'float32' | 'int32'): Tensor {
  const { name, inputs, outputShape, components = {}, dispatch, uniforms = {}, source } = program;
  const size = outputShape.reduce((product, length) => product * length, 1);
  const backend = tf.backend() as unknown as ProgramBackend;
  const axes = outputShape.map((_, axis) => axis);
  const info = backend.runWebGPUProgram(
    {
      shaderKey: name,
      variableNames: Object.keys(inputs),
      variableComponents: Object.keys(inputs).map((input) => components[input] ?? 1),
      outputComponent: components.result ?? 1,
      outputShape,
      workgroupSize: program.workgroupSize ?? [FLAT_SIZE, 1, 1],
      dispatchLayout: dispatch === undefined ? { x: axes } : { x: axes.slice(1), y: [0] },
      dispatch: dispatch ?? [Math.ceil(size / (components.result ?? 1) / FLAT_SIZE), 1, 1],
      uniforms: Object.keys(uniforms)
        .map((uniform) => `${uniform} : f32, `)
        .join(''),
      getUserCode: () => (typeof source === 'string' ? source : source()),
    },
    Object.values(inputs),
    dtype,
    Object.values(uniforms).map((value) => ({ type: 'float32', data: [value] })),
  );
  return tf.engine().makeTensorFromTensorInfo(info);
}
