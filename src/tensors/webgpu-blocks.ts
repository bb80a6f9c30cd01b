/**
 * What the blocks of src/nn do between matrix products, as WebGPU programs: each in place of up to ten of tfjs's, since a
 * launch costs the CPU more than most of them compute. A row's sums are taken by one workgroup in an order that its width
 * alone decides, so that a row is the same beside others as alone.
 */

import type { GateConfig, NormConfig, SavedNorm } from './block-kernels.ts';
import type { Tensor, Tensor1D, Tensor2D } from './tf.ts';
import { type Program, runProgram } from './webgpu-program.ts';
import { byRow, LANES, OWN_ROW, reduction } from './webgpu-rows.ts';

const TOTAL = reduction('total', 'mine + other');

/** The mean of a row and its inverse deviation. */
const moments = (center: boolean) => `
    let first = group * width;
    var mean = 0.0;
    ${center ? `for (var k = lane; k < width; k += ${LANES}) { mean += x[first + k]; }\n    mean = total(mean) / f32(width);` : ''}
    var squares = 0.0;
    for (var k = lane; k < width; k += ${LANES}) {
      let level = x[first + k] - mean;
      squares += level * level;
    }
    let inverse = inverseSqrt(total(squares) / f32(width) + uniforms.epsilon);`;

const normalSource = (center: boolean) => `${TOTAL}
  fn main() {
    let width = i32(uniforms.width);${OWN_ROW('(uniforms.outShape.x * uniforms.outShape.y / width)')}${moments(center)}
    for (var k = lane; k < width; k += ${LANES}) {
      if (inside) { result[first + k] = (x[first + k] - mean) * inverse; }
    }
  }`;

const inverseSource = (center: boolean) => `${TOTAL}
  fn main() {
    let width = i32(uniforms.width);${OWN_ROW('(uniforms.outShape.x * uniforms.outShape.y)')}${moments(center)}
    if (inside && lane == 0) { result[group] = inverse; }
  }`;

const scaleSource = (bias: boolean) => `
  fn main(index: i32) {
    if (index >= uniforms.outShape.x * uniforms.outShape.y) { return; }
    let k = index % uniforms.weightShape;
    result[index] = normal[index] * weight[k]${bias ? ' + bias[k]' : ''};
  }`;

const pullbackSource = (center: boolean) => `${TOTAL}
  fn main() {${OWN_ROW('(uniforms.outShape.x * uniforms.outShape.y / uniforms.weightShape)')}
    let width = uniforms.weightShape;
    let heads = uniforms.outShape.y / width;
    let first = group * width;
    let saved = row[group / heads] * heads + group % heads;
    var level = 0.0;
    var along = 0.0;
    for (var k = lane; k < width; k += ${LANES}) {
      let direct = dy[first + k] * weight[k];
      level += direct;
      along += direct * normal[saved * width + k];
    }
    ${center ? 'level = total(level) / f32(width);' : 'level = 0.0;'}
    along = total(along) / f32(width);
    for (var k = lane; k < width; k += ${LANES}) {
      let direct = dy[first + k] * weight[k] - level;
      if (inside) { result[first + k] = (direct - normal[saved * width + k] * along) * inverse[saved]; }
    }
  }`;

const GATED = `
  fn main(index: i32) {
    if (index >= uniforms.outShape.x * uniforms.outShape.y) { return; }
    let value = x[index];
    let gate = 1.0 / (1.0 + exp(-value * (uniforms.cubic * value * value + uniforms.linear)));`;
const GATED_SOURCES = {
  value: `${GATED}
    result[index] = value * gate;
  }`,
  derivative: `${GATED}
    let slope = 3.0 * uniforms.cubic * value * value + uniforms.linear;
    result[index] = gate + value * gate * (1.0 - gate) * slope;
  }`,
};

const multiplyRowsSource = (components: 1 | 4) => `
  fn main(index: i32) {
    let width = uniforms.outShape.y / ${components};
    if (index >= uniforms.outShape.x * width) { return; }
    result[index] = dy[index] * saved[row[index / width] * width + index % width];
  }`;

/** `normByKernel` on WebGPU. */
export function normByProgram(x: Tensor2D, { weight, bias, epsilon, center }: NormConfig): Tensor2D[] {
  const [rows, columns] = x.shape;
  const width = weight.shape[0];
  const heads = columns / width;
  const kind = center ? 'Centered' : 'Plain';
  const common = { inputs: { x }, uniforms: { epsilon, width }, ...byRow(rows * heads) };
  const program = (part: string, outputShape: number[], source: string): Tensor2D =>
    runProgram({ ...common, name: `WhenceNorm${part}${kind}`, outputShape, source }, 'float32') as Tensor2D;
  const normal = program('', [rows, columns], normalSource(center));
  const inverse = program('Inverse', [rows, heads], inverseSource(center));
  const inputs: Record<string, Tensor> = bias === null ? { normal, weight } : { normal, weight, bias };
  const name = bias === null ? 'WhenceScale' : 'WhenceScaleAndShift';
  const scaled = { name, inputs, outputShape: [rows, columns], source: scaleSource(bias !== null) };
  return [normal, inverse, runProgram(scaled, 'float32') as Tensor2D];
}

/** `normPullbackByKernel` on WebGPU. */
export function normPullbackByProgram(dy: Tensor2D, saved: SavedNorm, row: Tensor1D): Tensor2D {
  const { normal, inverse, weight, center } = saved;
  const [rows, columns] = dy.shape;
  return runProgram(
    {
      name: center ? 'WhenceNormPullbackCentered' : 'WhenceNormPullbackPlain',
      inputs: { dy, normal, inverse, weight, row },
      outputShape: [rows, columns],
      source: pullbackSource(center),
      ...byRow((rows * columns) / weight.shape[0]),
    },
    'float32',
  ) as Tensor2D;
}

/** `gatedByKernel` on WebGPU. */
export function gatedByProgram(x: Tensor2D, uniforms: GateConfig, wanted: 'value' | 'derivative'): Tensor2D {
  const source = GATED_SOURCES[wanted];
  const program = {
    name: `WhenceGated_${wanted}`,
    inputs: { x },
    outputShape: x.shape,
    uniforms: { ...uniforms },
    source,
  };
  return runProgram(program, 'float32') as Tensor2D;
}

/** `multiplyRowsByKernel` on WebGPU. */
export function multiplyRowsByProgram(dy: Tensor2D, saved: Tensor2D, row: Tensor1D): Tensor2D {
  const components = dy.shape[1] % 4 === 0 ? 4 : 1;
  const program: Program = {
    name: `WhenceMultiplyRows${components}`,
    inputs: { dy, saved, row },
    components: { dy: components, saved: components, result: components },
    outputShape: dy.shape,
    source: multiplyRowsSource(components),
  };
  return runProgram(program, 'float32') as Tensor2D;
}
