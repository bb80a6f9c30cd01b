/** As rowwise.test.ts, by what a processor computes with that has AVX2 and nothing wider. */

import '../support/avx2.ts';
import { describeRows } from './rowwise.ts';

describeRows('tensorflow');
