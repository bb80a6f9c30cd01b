/** What the page shows as its address, so that a link shows the same. */

import { formatSelection, parseSelection, type Selection } from '../view/model/selection.ts';
import { PANELS, type Settings } from '../view/model/state.ts';
import { GRANULARITIES } from '../view/model/units.ts';

export type Place =
  | { page: 'ask' }
  | { page: 'jobs' }
  | { page: 'job'; id: string }
  | { page: 'compare'; ids: [string, string] };

export interface Shown {
  settings: Partial<Settings>;
  selection: Selection | null;
}

/** The place that a query names; anything that it does not know leads to the question. */
export function parsePlace(query: string): Place {
  const parameters = new URLSearchParams(query);
  const id = parameters.get('job');
  const other = parameters.get('with');
  if (id && other) return { page: 'compare', ids: [id, other] };
  if (id) return { page: 'job', id };
  return parameters.has('jobs') ? { page: 'jobs' } : { page: 'ask' };
}

/** Settings and selection that a query names; values that are not known are left out. */
export function parseShown(query: string): Shown {
  const parameters = new URLSearchParams(query);
  const one = <Value extends string>(name: string, values: readonly Value[]): Value | undefined =>
    values.find((value) => value === parameters.get(name));
  const flag = (name: string) => ({ '1': true, '0': false })[parameters.get(name) ?? ''];
  const text = parameters.get('text');
  const boost = Number(parameters.get('boost'));
  const settings: Partial<Settings> = {
    text: text !== null && /^[1-9]\d{0,3}$/.test(text) ? Number(text) - 1 : undefined,
    granularity: one('units', GRANULARITIES),
    panel: one('view', PANELS),
    toward: one('toward', ['sources', 'effects'] as const),
    scale: one('scale', ['all', 'each'] as const),
    boost: boost >= 1 && boost <= 8 ? boost : undefined,
    shares: flag('shares'),
    fold: flag('fold'),
    numbers: flag('numbers'),
  };
  const known = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { settings: Object.fromEntries(known), selection: parseSelection(parameters.get('pick') ?? '') };
}

const NAMES: Record<keyof Settings, string> = {
  text: 'text',
  granularity: 'units',
  panel: 'view',
  toward: 'toward',
  scale: 'scale',
  boost: 'boost',
  shares: 'shares',
  fold: 'fold',
  numbers: 'numbers',
};

/** The query of a place; of the settings what differs from `defaults`. */
export function formatAddress(place: Place, shown: Shown | null = null, defaults: Partial<Settings> = {}): string {
  const parameters = new URLSearchParams();
  if (place.page === 'jobs') parameters.set('jobs', '');
  if (place.page === 'job') parameters.set('job', place.id);
  if (place.page === 'compare') {
    parameters.set('job', place.ids[0]);
    parameters.set('with', place.ids[1]);
  }
  for (const [name, value] of Object.entries(shown?.settings ?? {}) as [keyof Settings, Settings[keyof Settings]][]) {
    if (value === defaults[name]) continue;
    parameters.set(NAMES[name], name === 'text' ? String(Number(value) + 1) : written(value));
  }
  const selection = formatSelection(shown?.selection ?? null);
  if (selection !== '') parameters.set('pick', selection);
  const query = parameters
    .toString()
    .replaceAll('%2C', ',')
    .replace(/^jobs=$/, 'jobs');
  return query === '' ? '' : `?${query}`;
}

const written = (value: string | number | boolean): string =>
  typeof value === 'boolean' ? (value ? '1' : '0') : String(value);
