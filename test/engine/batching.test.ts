/** A result does not depend on what ran beside it: not on the other texts of its job, nor on other jobs. */

import { CASES, describeBatching, MODEL_IDS } from './batching.ts';

describeBatching(MODEL_IDS, CASES);
