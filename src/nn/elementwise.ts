/** Ops on single entries, and those that only move rows and columns. */

import { type Tensor1D, type Tensor2D, tf } from '../tensors/tf.ts';
import { type CotangentRows, indexTensor, Rows } from './rows.ts';
import { type Cotangent, lookUp, multiplySaved, type Run, type Value, widen } from './run.ts';

/** a + b of one shape (residual connections). */
export function add(run: Run, a: Value, b: Value): Value {
  return run.apply([a, b], tf.add(a.tensor, b.tensor), a.rows, () => ([dy]) => [dy, dy]);
}

/** x + c, c a constant that broadcasts over the rows. */
export function addConstant(run: Run, x: Value, constant: Tensor2D | Tensor1D): Value {
  return run.apply([x], tf.add(x.tensor, constant) as Tensor2D, x.rows, () => ([dy]) => [dy]);
}

/** factor * x */
export function scale(run: Run, x: Value, factor: number): Value {
  if (factor === 1) return x;
  return run.apply([x], tf.mul(x.tensor, factor), x.rows, () => ([dy]) => [
    dy && { tensor: tf.mul(dy.tensor, factor), rows: dy.rows },
  ]);
}

/** a * b, entry by entry (gated feed-forward layers). */
export function multiply(run: Run, a: Value, b: Value): Value {
  return run.apply([a, b], tf.mul(a.tensor, b.tensor), a.rows, () => {
    run.keep(a.tensor);
    run.keep(b.tensor);
    return ([dy]) => [dy && multiplySaved(dy, b.tensor), dy && multiplySaved(dy, a.tensor)];
  });
}

/** Dropout in training mode, the identity otherwise. */
export function dropout(run: Run, x: Value, rate: number): Value {
  const draw = run.options.dropout;
  if (draw === undefined || rate === 0) return x;
  const mask = draw(x.tensor.shape, rate) as Tensor2D;
  return run.apply([x], tf.mul(x.tensor, mask), x.rows, () => {
    run.keep(mask);
    return ([dy]) => [dy && multiplySaved(dy, mask)];
  });
}

/** Columns of x in parts of the given widths (fused query-key-value projections). */
export function splitColumns(run: Run, x: Value, widths: number[]): Value[] {
  const parts = tf.split<Tensor2D>(x.tensor, widths, 1);
  return run.applyMany([x], parts, x.rows, () => (dys) => {
    const rows = widestRows(dys);
    if (rows === null) return [null];
    const blocks = dys.map((dy, part) =>
      dy === null ? tf.zeros<typeof tf.Rank.R2>([rows.count, widths[part]]) : widen(dy, rows),
    );
    return [{ tensor: tf.concat2d(blocks, 1), rows }];
  });
}

/** The rows of a fused projection's cotangents: its parts may arrive for fewer, queries only where scores are read. */
function widestRows(dys: readonly (Cotangent | null)[]): CotangentRows | null {
  const widest = dys.reduce((best, dy) => (dy !== null && (best === null || best.rows.kind === 'read') ? dy : best));
  return widest === null ? null : widest.rows;
}

/**
 * The parts of a fused projection whose columns are ordered by head, then part: [rows, heads * parts * head_dim] to
 * `parts` values [rows, heads * head_dim] (GPT-NeoX, BLOOM).
 */
export function splitHeads(run: Run, x: Value, heads: number, parts: number): Value[] {
  const width = x.tensor.shape[1] / parts;
  const byPart = tf.unstack(tf.reshape(x.tensor, [-1, heads, parts, width / heads]), 2);
  const tensors = byPart.map((part) => tf.reshape(part, [-1, width]) as Tensor2D);
  return run.applyMany([x], tensors, x.rows, () => (dys) => {
    const rows = widestRows(dys);
    if (rows === null) return [null];
    const blocks = dys.map((dy) => {
      const block = dy === null ? tf.zeros<typeof tf.Rank.R2>([rows.count, width]) : widen(dy, rows);
      return tf.reshape(block, [-1, heads, width / heads]);
    });
    return [{ tensor: tf.reshape(tf.stack(blocks, 2), [-1, parts * width]), rows }];
  });
}

/** cap * tanh(x / cap): values stay within the cap (Gemma 2). */
export function softcap(run: Run, x: Value, cap: number): Value {
  const bounded = tf.tanh(tf.div(x.tensor, cap)) as Tensor2D;
  return run.apply([x], tf.mul(bounded, cap), x.rows, () => {
    run.keep(bounded);
    return ([dy]) => [
      dy && { tensor: tf.mul(dy.tensor, tf.sub(1, tf.square(lookUp(bounded, dy.rows)))), rows: dy.rows },
    ];
  });
}

/**
 * The rows of x that `rows` holds, which are later positions of the same segments, or of copies of its only segment; x
 * itself where that is all or null. A block computes by them what is wanted of its output alone.
 */
export function rowsAt(run: Run, x: Value, rows: Rows | null): Value {
  if (rows === null || rows === x.rows) return x;
  const index = rows.cache.get('rows', () => indexTensor(laterRows(x.rows, rows)));
  return run.apply([x], tf.gather(x.tensor, index), rows, () => ([dy]) => {
    if (dy === null) return [null];
    if (dy.rows.kind !== 'read') throw new Error(`${dy.rows.kind} rows were not computed`);
    return [{ tensor: dy.tensor, rows: dy.rows.steps.rows(x.rows, 'read') }];
  });
}

/** For each row of `later` which of `all` it is. */
function laterRows(all: Rows, later: Rows): Int32Array {
  const index = new Int32Array(later.count);
  let k = 0;
  later.parts.forEach(({ first, length }, i) => {
    const part = all.parts[i];
    first.forEach((from, segment) => {
      for (let position = from; position < length; position++)
        index[k++] = part.offset + part.rowOf(part.segments === 1 ? 0 : segment, position);
    });
  });
  return index;
}

/**
 * The rows at the given positions of every segment, [segments * positions of each part, width]: what follows (last
 * norm, lm_head) is computed only where a score is read.
 * @param positions - of each part: [parts][positions]
 */
export function selectPositions(run: Run, x: Value, positions: readonly Int32Array[]): Value {
  const { parts } = x.rows;
  const selected = parts.map(({ segments }, i) => ({ length: positions[i].length, first: new Int32Array(segments) }));
  const rows = run.ownRows(new Rows(selected));
  const index = new Int32Array(rows.count);
  let k = 0;
  parts.forEach((part, i) => {
    for (let s = 0; s < part.segments; s++) {
      for (const position of positions[i]) index[k++] = part.offset + part.rowOf(s, position);
    }
  });
  return run.apply([x], tf.gather(x.tensor, indexTensor(index)), rows, () => ([dy]) => {
    if (dy === null) return [null];
    const read = dy.rows.steps.rows(x.rows, 'read');
    return [{ tensor: atPositions(dy, read, positions), rows: read }];
  });
}

/** Cotangents of selected rows as those of the positions that they are of. In a tidy. */
function atPositions(dy: Cotangent, read: CotangentRows, positions: readonly Int32Array[]): Tensor2D {
  const index = new Int32Array(dy.rows.count);
  dy.rows.parts.forEach((rows, i) => {
    const { offset, segments, steps } = read.parts[i];
    const starts = [offset];
    for (let group = 0; group < segments * steps.read.length; group++) {
      const t = group % steps.read.length;
      starts.push(starts[group] + steps.read[t] - (steps.readFrom?.[t] ?? steps.read[t]) + 1);
    }
    rows.eachRow((row, group, _k, selected) => {
      const t = group % steps.read.length;
      index[rows.offset + row] = starts[group] + positions[i][selected] - (steps.readFrom?.[t] ?? steps.read[t]);
    });
  });
  if (index.length === read.count && index.every((at, row) => at === row)) return dy.tensor;
  // A contrast text may be read at one position for two tokens, and at none between them.
  return tf.scatterND(tf.reshape(indexTensor(index), [-1, 1]), dy.tensor, [read.count, dy.tensor.shape[1]]);
}
