/**
 * Scores of rows of logits [rows, vocab], each with its derivative in closed form.
 *
 * A vocabulary is wide and a block of steps has many rows of it, so what counts is how often such a matrix is walked
 * through and how many copies live at once. tfjs's tape would keep five of them for one log-probability; the
 * derivatives here keep the logits alone. tfjs has no gradient of gatherND at all.
 */

import { type Tensor, type Tensor1D, type Tensor2D, tf } from '../../../tensors/tf.ts';

/** Logit of the token ids[r] in each row r: [rows]. Its derivative is 1 there and 0 elsewhere. */
export function pick(logits: Tensor2D, ids: Int32Array): Tensor1D {
  const read = tf.customGrad((x) => {
    const value = tf.gatherND(x as Tensor, cells(ids));
    return { value, gradFunc: (dy) => scatter(dy, ids, logits.shape) };
  });
  return read(logits) as Tensor1D;
}

/** Natural logarithm of the probability of the token ids[r] in each row r: [rows]. */
export function logProbability(logits: Tensor2D, ids: Int32Array): Tensor1D {
  const read = tf.customGrad((x, save) => {
    const rows = x as Tensor2D;
    (save as (tensors: Tensor[]) => void)([rows]);
    const value = tf.tidy(() => {
      const { below, total } = normalizer(rows);
      return tf.sub(
        freeing(below, (x) => tf.gatherND(x, cells(ids))),
        tf.reshape(total, [-1]),
      );
    });
    // d log p / dx = 1 - p for the token, -p for the others. Near p = 1 float32 leaves 1 - p no digits: it is taken
    // as the sum of the others.
    const gradFunc = (dy: Tensor, saved: Tensor[]): Tensor =>
      tf.tidy(() => {
        const at = cells(ids);
        const all = freeing(tf.softmax(saved[0]), (p) => tf.mul(p, tf.reshape(tf.neg(dy), [-1, 1])));
        const others = freeing(all, (part) => tf.tensorScatterUpdate(part, at, tf.zeros([ids.length])));
        return freeing(others, (part) => tf.tensorScatterUpdate(part, at, tf.neg(tf.sum(part, 1))));
      });
    return { value, gradFunc };
  });
  return read(logits) as Tensor1D;
}

/**
 * Logits less the largest of their row [rows, vocab], and the logarithm of the sum of their exponentials [rows, 1].
 * The largest contributes exactly 1: log1p of the others keeps their digits where next to nothing is left for them.
 */
function normalizer(logits: Tensor2D): { below: Tensor2D; total: Tensor2D } {
  const [rows] = logits.shape;
  const largest = tf.stack([tf.range(0, rows, 1, 'int32'), tf.argMax(logits, 1)], 1);
  const below = tf.sub<Tensor2D>(logits, tf.max(logits, 1, true));
  const others = freeing(tf.exp(below), (all) => tf.tensorScatterUpdate(all, largest, tf.zeros([rows])));
  return { below, total: log1p(freeing(others, (rest) => tf.sum(rest, 1, true)) as Tensor2D) };
}

/** log(1 + x) of x >= 0 to float32's accuracy, which tfjs's own lacks on WASM (Kahan's correction of 1 + x). */
function log1p(x: Tensor2D): Tensor2D {
  const sum = tf.add(x, 1);
  const ratio = tf.divNoNan(tf.log(sum), tf.sub(sum, 1));
  return tf.where(tf.equal(sum, 1), x, tf.mul(x, ratio)) as Tensor2D;
}

/** Logarithms of the probabilities: [rows, vocab]. In a tidy. */
function logSoftmax(logits: Tensor2D): Tensor2D {
  const { below, total } = normalizer(logits);
  return freeing(below, (x) => tf.sub(x, total)) as Tensor2D;
}

/** Entropy of each row's distribution in nats (Shannon 1948): [rows]. */
export function entropy(logits: Tensor2D): Tensor1D {
  const read = tf.customGrad((x, save) => {
    const value = tf.tidy(() => {
      const logs = logSoftmax(x as Tensor2D);
      return tf.neg(tf.sum(expectationTerms(tf.exp(logs), logs), 1));
    });
    (save as (tensors: Tensor[]) => void)([x as Tensor, value]);
    // dH/dx = -p (log p + H)
    const gradFunc = (dy: Tensor, [saved, known]: Tensor[]): Tensor =>
      tf.tidy(() => {
        const logs = logSoftmax(saved as Tensor2D);
        const p = tf.exp(logs);
        const slope = freeing(logs, (log) => tf.add(log, tf.reshape(known, [-1, 1])));
        return freeing(tf.mul(p, slope), (product) => tf.mul(product, tf.reshape(tf.neg(dy), [-1, 1])));
      });
    return { value, gradFunc };
  });
  return read(logits) as Tensor1D;
}

/**
 * Kullback-Leibler divergence KL(P || Q) in nats of the rows' distributions, P of `logits`, Q of `others`: [rows].
 * @param kept - [rows, vocab]: 1 where a token takes part, 0 where both distributions are cut; null: all take part
 */
export function klDivergence(logits: Tensor2D, others: Tensor2D, kept: Tensor2D | null): Tensor1D {
  const cut = (x: Tensor, mask = kept): Tensor2D => {
    if (mask === null) return logSoftmax(x as Tensor2D);
    return logSoftmax(tf.where(tf.greater(mask, 0), x, tf.fill(x.shape, CUT)) as Tensor2D);
  };
  const compare = tf.customGrad((x, y, save) => {
    const value = tf.tidy(() => {
      const logP = cut(x as Tensor);
      return tf.sum(expectationTerms(tf.exp(logP), tf.sub(logP, cut(y as Tensor))), 1);
    });
    (save as (tensors: Tensor[]) => void)([x as Tensor, y as Tensor, value, ...(kept === null ? [] : [kept])]);
    // dKL/dx = p (log p - log q - KL), dKL/dy = q - p
    const gradFunc = (dy: Tensor, [savedX, savedY, known, savedMask]: Tensor[]): Tensor[] => {
      const mask = (savedMask as Tensor2D | undefined) ?? null;
      const scale = tf.reshape(dy, [-1, 1]);
      const ofX = tf.tidy(() => {
        const logP = cut(savedX, mask);
        const ratio = tf.sub(tf.sub(logP, cut(savedY, mask)), tf.reshape(known, [-1, 1]));
        return tf.mul(expectationTerms(tf.exp(logP), ratio), scale);
      });
      const ofY = tf.tidy(() => tf.mul(tf.sub(tf.exp(cut(savedY, mask)), tf.exp(cut(savedX, mask))), scale));
      return [ofX, ofY];
    };
    return { value, gradFunc };
  });
  return compare(logits, others) as Tensor1D;
}

/** A logit whose probability is 0 and whose differences are still finite. */
const CUT = -1e30;

/** p * x where p > 0, and 0 where p is 0, whatever x is there. */
function expectationTerms(p: Tensor, x: Tensor): Tensor {
  return tf.mul(p, tf.where(tf.greater(p, 0), x, tf.zerosLike(x)));
}

/** Indices [rows, 2] of one token a row. */
function cells(ids: Int32Array): Tensor2D {
  const index = new Int32Array(ids.length * 2);
  ids.forEach((id, row) => {
    index[2 * row] = row;
    index[2 * row + 1] = id;
  });
  return tf.tensor2d(index, [ids.length, 2], 'int32');
}

/** A matrix of zeros with values[r] at (r, ids[r]). */
function scatter(values: Tensor, ids: Int32Array, shape: [number, number]): Tensor2D {
  return tf.scatterND(cells(ids), values, shape) as Tensor2D;
}

/** `body` of a wide matrix that is freed at once and not at the end of the scope. */
function freeing(tensor: Tensor, body: (tensor: Tensor) => Tensor): Tensor {
  const result = body(tensor);
  tensor.dispose();
  return result;
}
