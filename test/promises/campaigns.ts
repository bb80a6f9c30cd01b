/** The campaigns by the names that `npm run test:soak` knows them by. */

import type { Campaign } from './campaign.ts';
import { cancels } from './cancels.ts';
import { drain } from './drain.ts';
import { fairness } from './fair.ts';
import { kills } from './kills.ts';
import { memory } from './memory.ts';
import { outages } from './outages.ts';
import { overload } from './overload.ts';
import { quotes } from './quotes.ts';
import { scaling } from './scale.ts';

export const CAMPAIGNS: Record<string, Campaign> = {
  kills,
  outages,
  cancels,
  drain,
  quotes,
  fair: fairness(10_000),
  memory,
  overload,
  scale: scaling(4),
};
