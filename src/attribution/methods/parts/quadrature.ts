/** Quadratures of [0, 1] for path methods, named as in Captum. */

export const QUADRATURES = [
  'gausslegendre',
  'riemann_left',
  'riemann_middle',
  'riemann_right',
  'riemann_trapezoid',
] as const;

export type Quadrature = (typeof QUADRATURES)[number];

export interface Nodes {
  /** Points of the path: [n], ascending. */
  alphas: Float64Array;
  /** Weights, summing to 1 (riemann_trapezoid: to 1 in the limit): [n] */
  weights: Float64Array;
}

/** The n nodes and weights of a quadrature. */
export function quadrature(kind: Quadrature, n: number): Nodes {
  if (kind === 'gausslegendre') return gaussLegendre(n);
  const weights = new Float64Array(n).fill(1 / n);
  if (kind === 'riemann_trapezoid') {
    // Captum's nodes run from 0 to 1 inclusive while its steps stay 1 / n.
    weights[0] /= 2;
    weights[n - 1] /= 2;
    return { alphas: Float64Array.from({ length: n }, (_, i) => (n === 1 ? 0 : i / (n - 1))), weights };
  }
  const offset = { riemann_left: 0, riemann_middle: 0.5, riemann_right: 1 }[kind];
  return { alphas: Float64Array.from({ length: n }, (_, i) => (i + offset) / n), weights };
}

/** Gauss-Legendre nodes on [0, 1]: roots of the Legendre polynomial by Newton's method. */
function gaussLegendre(n: number): Nodes {
  const alphas = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let iteration = 0; iteration < 100; iteration++) {
      let previous = 1;
      let current = x;
      for (let k = 2; k <= n; k++)
        [previous, current] = [current, ((2 * k - 1) * x * current - (k - 1) * previous) / k];
      slope = (n * (x * current - previous)) / (x * x - 1);
      const step = current / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    alphas[i] = (x + 1) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { alphas, weights };
}
