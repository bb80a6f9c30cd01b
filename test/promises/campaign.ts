/**
 * A promise of the service, and how it is put to the test: the same campaign runs for seconds in `npm test` and for up to
 * an hour by `npm run test:soak -- NAME`.
 */

import assert from 'node:assert/strict';
import { Tally } from './tally.ts';

export interface Round {
  /** When the round should end, in milliseconds since 1970; checks that follow may take a little longer. */
  until: number;
  /** Of what is random; another in each round. */
  seed: number;
  tally: Tally;
  /** Tells a person what is going on. */
  say(line: string): void;
}

/** A line of docs/promises.md. */
export interface Row {
  what: string;
  measured: string;
  /** What was promised; null: a figure that nothing was promised of. */
  aim: string | null;
  holds: boolean;
}

export interface Campaign {
  /** Its number among the twelve promises. */
  promise: number;
  title: string;
  /** How long a round takes in a soak, in seconds: what it starts is started anew for each. */
  roundSeconds: number;
  run(round: Round): Promise<void>;
  rows(tally: Tally): Row[];
}

/** A short round, for `npm test`: nothing may be broken. */
export async function holds(campaign: Campaign, seconds: number): Promise<Tally> {
  const tally = new Tally();
  await campaign.run({ until: Date.now() + seconds * 1000, seed: 1, tally, say: () => {} });
  assert.deepEqual(tally.broken, []);
  return tally;
}

/** A row of counts that must be zero. */
export const never = (what: string, count: number): Row => ({
  what,
  measured: `${count}`,
  aim: '0',
  holds: count === 0,
});

export const figure = (what: string, measured: string): Row => ({ what, measured, aim: null, holds: true });

/** A row of seconds that must be below a limit. */
export const within = (what: string, ms: number, limitMs: number): Row => ({
  what,
  measured: seconds(ms),
  aim: `< ${seconds(limitMs)}`,
  holds: ms < limitMs,
});

const seconds = (ms: number) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);
