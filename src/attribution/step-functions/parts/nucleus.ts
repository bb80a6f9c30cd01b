/**
 * The nucleus of a distribution (Holtzman et al. 2020, arXiv:1904.09751): tokens that carry its mass.
 *
 * As in Inseq and transformers, tokens are dropped in ascending order of probability for as long as the dropped ones
 * together have at most 1 - p; at least `atLeast` tokens stay.
 */

/** Which tokens of a row of logits stay: a mask of 0 and 1, written into `kept`. Returns how many. */
export function keepTopP(logits: Float32Array, p: number, atLeast: number, kept: Uint8Array): number {
  const vocab = logits.length;
  kept.fill(1);
  if (p >= 1) return vocab;
  let largest = Number.NEGATIVE_INFINITY;
  for (const logit of logits) if (logit > largest) largest = logit;
  const probabilities = new Float64Array(vocab);
  let total = 0;
  for (let id = 0; id < vocab; id++) {
    probabilities[id] = Math.exp(logits[id] - largest);
    total += probabilities[id];
  }
  // All tokens below (1 - p) / vocab together have less than 1 - p: only the others need an order.
  const small = ((1 - p) * total) / vocab;
  const candidates: number[] = [];
  let dropped = 0;
  for (let id = 0; id < vocab; id++) {
    if (probabilities[id] >= small) candidates.push(id);
    else dropped += probabilities[id];
  }
  if (candidates.length < atLeast) return keepTopK(logits, atLeast, kept);
  candidates.sort((a, b) => probabilities[a] - probabilities[b]);
  const limit = (1 - p) * total;
  let first = 0;
  while (first < candidates.length - atLeast) {
    dropped += probabilities[candidates[first]];
    if (dropped > limit) break;
    first += 1;
  }
  kept.fill(0);
  for (let i = first; i < candidates.length; i++) kept[candidates[i]] = 1;
  return candidates.length - first;
}

/** The k most probable tokens, and those that tie with the last of them. */
export function keepTopK(logits: Float32Array, k: number, kept: Uint8Array): number {
  kept.fill(1);
  if (k <= 0 || k >= logits.length) return logits.length;
  const least = largestK(logits, k);
  let count = 0;
  for (let id = 0; id < logits.length; id++) {
    kept[id] = logits[id] >= least ? 1 : 0;
    count += kept[id];
  }
  return count;
}

/** The k-th largest value. */
function largestK(values: Float32Array, k: number): number {
  // A sorted list of the k largest so far: most values are smaller than its last and cost one comparison.
  const top: number[] = [];
  for (const value of values) {
    if (top.length === k && value <= top[k - 1]) continue;
    let low = 0;
    let high = top.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (top[middle] >= value) low = middle + 1;
      else high = middle;
    }
    top.splice(low, 0, value);
    if (top.length > k) top.pop();
  }
  return top[top.length - 1];
}
