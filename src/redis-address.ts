/** Where Redis is: a server by its URL, or the primary that sentinels name. */

interface Place {
  host: string;
  port: number;
}

/** Sentinels and what they are asked for. */
export interface Sentinels {
  sentinels: Place[];
  /** Under which they watch it. */
  name: string;
  username?: string;
  password?: string;
  sentinelPassword?: string;
}

export const SENTINEL_EXAMPLE = 'redis-sentinel://:PASSWORD@10.0.0.1:26379,10.0.0.2:26379,10.0.0.3:26379/mymaster';

const SENTINELS =
  /^redis-sentinel:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?@]+)\/([^/?]+)(?:\?sentinel_password=([^&]+))?$/;
/** Of a place without one. */
const SENTINEL_PORT = 26_379;

/** The sentinels of such an address; null where it is another one. User and passwords are decoded as those of a URL. */
export function sentinelsOf(address: string): Sentinels | null {
  const found = SENTINELS.exec(address);
  if (found === null) return null;
  const [, username = '', password = '', list, name, sentinelPassword = ''] = found;
  const places = list.split(',').map(placeOf);
  const isWhole = (place: Place | null): place is Place => place !== null;
  if (!places.every(isWhole)) return null;
  try {
    const decoded = { username, password, sentinelPassword };
    const given = Object.entries(decoded).flatMap(([field, text]) =>
      text === '' ? [] : [[field, decodeURIComponent(text)]],
    );
    return { sentinels: places, name: decodeURIComponent(name), ...Object.fromEntries(given) };
  } catch {
    return null; // a "%" that stands for nothing
  }
}

function placeOf(text: string): Place | null {
  const [, host, port] = /^(\[[0-9a-f:]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (host === undefined || Number(port ?? 0) > 65_535) return null;
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? SENTINEL_PORT) };
}
