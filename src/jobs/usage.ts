/** What each tenant has used of each model on each day, as lua/usage.lua counts it. */
import type { UsageRow } from '../contract/usage.ts';

/** For so many days it is kept. */
export const USAGE_DAYS = 90;

const DAY_MS = 86_400_000;

export interface UsageQuery {
  /** The first and the last day, as `dayOf` numbers them. */
  from: number;
  to: number;
  /** Whose; left out: everybody's. */
  tenant?: string;
}

/** The number of a day in UTC, from 1970-01-01. */
export const dayOf = (milliseconds: number): number => Math.floor(milliseconds / DAY_MS);

/** The date of a day: YYYY-MM-DD. */
export const dateOf = (day: number): string => new Date(day * DAY_MS).toISOString().slice(0, 10);

/** @param fields - of the hash of a day, whose names are JSON: [tenant, model, what] */
export function readUsage(day: number, fields: Record<string, string>, tenant?: string): UsageRow[] {
  const rows = new Map<string, UsageRow>();
  for (const [field, value] of Object.entries(fields)) {
    const [key, model, what] = JSON.parse(field) as [string, string, 'jobs' | 'tokens' | 'compute_seconds'];
    if (tenant !== undefined && key !== tenant) continue;
    const id = JSON.stringify([key, model]);
    const row = rows.get(id) ?? { day: dateOf(day), key, model, jobs: 0, tokens: 0, compute_seconds: 0 };
    rows.set(id, { ...row, [what]: Number(value) });
  }
  return [...rows.values()].sort((a, b) => (a.key + a.model < b.key + b.model ? -1 : 1));
}
