/** Merges the tokens of each word. */

import { segmentAggregator } from '../segments.ts';

export default segmentAggregator('word');
