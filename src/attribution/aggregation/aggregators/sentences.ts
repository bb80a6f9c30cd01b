/** Merges the tokens of each sentence. */

import { segmentAggregator } from '../segments.ts';

export default segmentAggregator('sentence');
