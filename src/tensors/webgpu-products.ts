/**
 * Products of rows with a weight on WebGPU, in float32 and of int8 codes: a workgroup computes a tile of the output, for
 * which it brings a stretch of the inner axis at a time into its memory.
 *
 * Sums go up the inner axis one by one, whatever the tile and the number of rows: a row's product is its own.
 */

import { type Tensor, type Tensor1D, type Tensor2D, tf } from './tf.ts';
import { runProgram } from './webgpu-program.ts';

/** How a workgroup divides its tile: each thread computes 4 `down` rows of 4 `across` columns. */
export interface Tile {
  /** Threads along the rows and the columns of the tile. */
  readonly threads: readonly [rows: number, columns: number];
  readonly down: number;
  readonly across: number;
  /** Inner length that is held at a time; a multiple of 4. */
  readonly depth: number;
}

const rowsOf = ({ threads, down }: Tile): number => threads[0] * down * 4;
const columnsOf = ({ threads, across }: Tile): number => threads[1] * across * 4;

/** Vectors of four in a line of a workgroup's memory; one more than needed, so that lines lie in different banks. */
const padded = (length: number): number => length / 4 + 1;
/** Of a workgroup's memory. */
const bytesOf = (tile: Tile): number => 16 * tile.depth * (padded(rowsOf(tile)) + padded(columnsOf(tile)));

/** The larger a tile, the less is read for what it computes, and the more rows it takes to occupy a device. */
export const TILES: readonly Tile[] = [
  { threads: [16, 16], down: 2, across: 2, depth: 16 },
  { threads: [16, 16], down: 1, across: 1, depth: 16 },
  { threads: [8, 8], down: 1, across: 1, depth: 32 },
];
/** Tiles by which a device is occupied. */
const ENOUGH_TILES = 256;

/** The largest tile that a workgroup can hold and of which there are enough, else the smallest. */
function tileFor(rows: number, columns: number): Tile {
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  const held = device.limits.maxComputeWorkgroupStorageSize;
  const count = (tile: Tile): number => Math.ceil(rows / rowsOf(tile)) * Math.ceil(columns / columnsOf(tile));
  return TILES.find((tile) => bytesOf(tile) <= held && count(tile) >= ENOUGH_TILES) ?? TILES[TILES.length - 1];
}

/** A weight, and how it meets the rows. */
export interface Factor {
  /** float32, or int8 codes of `packCodes`. */
  readonly weight: Tensor2D;
  readonly kind: 'float' | 'codes';
  /** Whether the inner axis lies along the rows of the weight, [columns, inner]; else it is [inner, columns]. */
  readonly transposed: boolean;
  /** Columns of the product. */
  readonly columns: number;
  /** Added to each row: [columns] */
  readonly bias?: Tensor1D | null;
  /**
   * Of codes, by row of the weight, times `unit`: outputs are scaled after the sums, or inputs before them where the inner
   * axis goes down the rows.
   */
  readonly scale?: { readonly values: Tensor1D; readonly unit: number };
}

/** x [rows, inner] times a weight, plus its bias: [rows, columns]. */
export function multiplyByProgram(x: Tensor2D, factor: Factor, tile = tileFor(x.shape[0], factor.columns)): Tensor2D {
  const [rows, inner] = x.shape;
  const { weight, kind, transposed, columns, bias = null, scale } = factor;
  const along = transposed ? inner : columns;
  const variant: Variant = {
    tile,
    transposed,
    kind,
    vectorX: inner % 4 === 0,
    vectorWeight: kind === 'float' && along % 4 === 0,
    vectorResult: columns % 4 === 0,
    biased: bias !== null,
  };
  const inputs: Record<string, Tensor> = { x, w: weight };
  if (scale !== undefined) inputs.scale = scale.values;
  if (bias !== null) inputs.bias = bias;
  const { vectorX, vectorWeight, vectorResult, biased } = variant;
  const flags = [transposed, vectorX, vectorWeight, vectorResult, biased].map(Number).join('');
  const shape = [...tile.threads, tile.down, tile.across, tile.depth].join('_');
  return runProgram(
    {
      name: `WhenceProduct_${kind}_${flags}_${shape}`,
      inputs,
      components: { x: vectorX ? 4 : 1, w: vectorWeight ? 4 : 1, result: vectorResult ? 4 : 1 },
      outputShape: [rows, columns],
      workgroupSize: [tile.threads[1], tile.threads[0], 1],
      dispatch: [Math.ceil(columns / columnsOf(tile)), Math.ceil(rows / rowsOf(tile)), 1],
      uniforms: scale === undefined ? {} : { unit: scale.unit },
      source: () => source(variant),
    },
    'float32',
  ) as Tensor2D;
}

interface Variant {
  tile: Tile;
  transposed: boolean;
  kind: Factor['kind'];
  /** Whether the rows of x, of the weight, and of the result are read and written as vectors of four. */
  vectorX: boolean;
  vectorWeight: boolean;
  vectorResult: boolean;
  biased: boolean;
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

function source(variant: Variant): string {
  const { tile, transposed, kind, vectorX, vectorWeight, vectorResult, biased } = variant;
  const { threads, down, across, depth } = tile;
  const [tileRows, tileColumns] = [rowsOf(tile), columnsOf(tile)];
  const all = threads[0] * threads[1];
  const scaled = kind === 'codes';
  const lines = (count: number, line: (i: number) => string): string => range(count).map(line).join('\n');

  /** Vectors of a tile of `across` by `along` entries that each thread brings, and the position of the i-th. */
  const shares = (lengthDown: number, lengthAlong: number) => ({
    count: Math.ceil((lengthDown * lengthAlong) / 4 / all),
    whole: ((lengthDown * lengthAlong) / 4) % all === 0,
    line: (i: number): string => `(own + ${i * all}) / ${lengthAlong / 4}`,
    at: (i: number): string => `(own + ${i * all}) % ${lengthAlong / 4}`,
    inside: (i: number): string => `own + ${i * all} < ${(lengthDown * lengthAlong) / 4}`,
  });
  const ofX = shares(tileRows, depth);
  const ofWeight = transposed ? shares(tileColumns, depth) : shares(depth, tileColumns);
  /** Entries along the inner axis become neighbors down it. */
  const turned = (name: string, value: string, { line, at }: typeof ofX, i: number): string =>
    lines(4, (j) => `${name}[${at(i)} * 4 + ${j}][${line(i)} / 4][${line(i)} % 4] = ${value}[${j}];`);
  const guarded = (part: typeof ofX, i: number, body: string): string =>
    part.whole ? body : `if (${part.inside(i)}) { ${body} }`;

  /** WGSL of a vector whose entries are made by `entry`. */
  const vector = (entry: (j: number) => string): string => `vec4<f32>(${range(4).map(entry).join(', ')})`;
  /** Statements that find four entries of a row of `length` one by one, 0 beyond its end. */
  const oneByOne = (array: string, shape: string, length: string, factor = ''): string => `
    let at = row * ${length} + first;
    let last = ${shape}.x * ${length} - 1;
    return ${vector((j) => `select(0.0, ${array}[min(at + ${j}, last)], first + ${j} < ${length})`)}${factor};`;
  const scaleInput =
    scaled && !transposed ? ` * (${vector((j) => `scale[min(first + ${j}, innerLength() - 1)]`)} * uniforms.unit)` : '';
  const readX = vectorX
    ? `return x[(row * innerLength() + first) / 4]${scaleInput};`
    : oneByOne('x', 'uniforms.xShape', 'innerLength()', scaleInput);
  const readWeight = {
    float: vectorWeight
      ? 'return w[(row * uniforms.wShape.y + first) / 4];'
      : oneByOne('w', 'uniforms.wShape', 'uniforms.wShape.y'),
    codes: `let codes = w[row * uniforms.wShape.y + first / 4];
    return ${vector((j) => `f32(extractBits(codes, ${8 * j}u, 8u))`)};`,
  }[kind];
  const weightLength = kind === 'codes' ? 'uniforms.wShape.y * 4' : 'uniforms.wShape.y';

  const scaleOutput = (column: string): string => (scaled && transposed ? ` * (scale[${column}] * uniforms.unit)` : '');
  const finished = (value: string, column: string): string =>
    `${value}${scaleOutput(column)}${biased ? ` + bias[${column}]` : ''}`;
  const store = vectorResult
    ? `if (row < uniforms.outShape.x && column < uniforms.outShape.y) {
      result[(row * uniforms.outShape.y + column) / 4] = ${vector((j) => finished(`sums[${j}]`, `column + ${j}`))};
    }`
    : `if (row >= uniforms.outShape.x) { return; }
    ${lines(4, (j) => `if (column + ${j} < uniforms.outShape.y) { result[row * uniforms.outShape.y + column + ${j}] = ${finished(`sums[${j}]`, `column + ${j}`)}; }`)}`;

  const load = (k0: string): string => `
      ${lines(ofX.count, (i) => guarded(ofX, i, `nextX${i} = inputAt(firstRow + ${ofX.line(i)}, ${k0} + (${ofX.at(i)}) * 4);`))}
      ${lines(ofWeight.count, (i) =>
        guarded(
          ofWeight,
          i,
          transposed
            ? `nextW${i} = weightAt(firstColumn + ${ofWeight.line(i)}, ${k0} + (${ofWeight.at(i)}) * 4);`
            : `nextW${i} = weightAt(${k0} + ${ofWeight.line(i)}, firstColumn + (${ofWeight.at(i)}) * 4);`,
        ),
      )}`;
  return `
  /** By inner index, four rows (columns) together. */
  var<workgroup> inputs: array<array<vec4<f32>, ${padded(tileRows)}>, ${depth}>;
  var<workgroup> weights: array<array<vec4<f32>, ${padded(tileColumns)}>, ${depth}>;

  fn innerLength() -> i32 { return uniforms.xShape.y; }
  fn inputAt(row: i32, first: i32) -> vec4<f32> {
    if (row >= uniforms.xShape.x || first >= innerLength()) { return vec4<f32>(0.0); }
    ${readX}
  }
  fn weightAt(row: i32, first: i32) -> vec4<f32> {
    if (row >= uniforms.wShape.x || first >= ${weightLength}) { return vec4<f32>(0.0); }
    ${readWeight}
  }
  fn store(row: i32, column: i32, sums: vec4<f32>) {
    ${store}
  }

  fn main() {
    let firstColumn = i32(workgroupId.x) * ${tileColumns};
    let firstRow = i32(workgroupId.y) * ${tileRows};
    let own = i32(localIndex);
    let tileRow = i32(localId.y);
    let tileColumn = i32(localId.x);
    ${lines(ofX.count, (i) => `var nextX${i} = vec4<f32>(0.0);`)}
    ${lines(ofWeight.count, (i) => `var nextW${i} = vec4<f32>(0.0);`)}
    ${lines(4 * down, (r) => lines(across, (c) => `var sums${r}x${c} = vec4<f32>(0.0);`))}
    ${load('0')}
    for (var k0 = 0; k0 < innerLength(); k0 += ${depth}) {
      ${lines(ofX.count, (i) => guarded(ofX, i, turned('inputs', `nextX${i}`, ofX, i)))}
      ${lines(ofWeight.count, (i) =>
        guarded(
          ofWeight,
          i,
          transposed
            ? turned('weights', `nextW${i}`, ofWeight, i)
            : `weights[${ofWeight.line(i)}][${ofWeight.at(i)}] = nextW${i};`,
        ),
      )}
      workgroupBarrier();
      // What comes next is read while this is computed.
      ${load(`k0 + ${depth}`)}
      for (var k = 0; k < ${depth}; k++) {
        ${lines(down, (r) => `let rows${r} = inputs[k][tileRow + ${r * threads[0]}];`)}
        ${lines(across, (c) => `let columns${c} = weights[k][tileColumn + ${c * threads[1]}];`)}
        ${lines(4 * down, (r) =>
          lines(
            across,
            (c) => `sums${r}x${c} = fma(vec4<f32>(rows${Math.floor(r / 4)}[${r % 4}]), columns${c}, sums${r}x${c});`,
          ),
        )}
      }
      workgroupBarrier();
    }
    ${lines(4 * down, (r) =>
      lines(across, (c) => {
        const row = `firstRow + (tileRow + ${Math.floor(r / 4) * threads[0]}) * 4 + ${r % 4}`;
        return `store(${row}, firstColumn + (tileColumn + ${c * threads[1]}) * 4, sums${r}x${c});`;
      }),
    )}
  }`;
}
