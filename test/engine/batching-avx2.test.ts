/** As batching.test.ts, a sample of it, by what a processor computes with that has AVX2 and nothing wider. */

import '../support/avx2.ts';
import { CASES, describeBatching } from './batching.ts';

const SAMPLE = ['sampled texts', 'integrated_gradients', 'attention', 'deeplift'];

describeBatching(
  ['gpt2', 'gpt2-int8', 'marian'],
  CASES.filter(([title]) => SAMPLE.includes(title)),
);
