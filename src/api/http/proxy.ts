/** Which of the proxies in front of the service are believed, and what they say of the path that they took away. */
import { BlockList, isIP } from 'node:net';

/**
 * Whose `X-Forwarded-*` headers are believed: nobody's (false), those of the nearest proxy (true), of so many proxies one
 * behind the other, or of proxies with these addresses or subnets (`10.0.0.0/8`).
 */
export type TrustProxy = boolean | number | readonly string[];

/** @param hop - 0: the other end of the connection; 1: the last entry of `X-Forwarded-For`, and so on */
export type Trust = (address: string, hop: number) => boolean;

export function trustOf(setting: TrustProxy): Trust {
  if (typeof setting === 'object') {
    const list = addressList(setting);
    return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  const hops = Number(setting);
  // Each proxy appends an entry: those that the client wrote itself stand to the left of them and are never reached.
  return (_address, hop) => hop < hops;
}

/** The configuration has checked the entries. */
function addressList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address, bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return list;
}

/** Segments that a URL can hold as they are; "." and ".." would lead elsewhere. */
const PREFIX = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+){1,16}$/;

/**
 * The path under which the world sees the service, out of `X-Forwarded-Prefix`: where several proxies in a row each took a
 * part away, the parts are joined. '' where there is none, or it is not a plain path.
 * @param trusted - how many of the header's last entries were written by proxies that are believed
 */
export function forwardedPrefix(header: string | string[] | undefined, trusted: number): string {
  if (header === undefined || trusted < 1) return '';
  const entries = [header].flat().join(',').split(',').slice(-trusted);
  const prefix = entries.map((entry) => entry.trim().replace(/\/+$/, '')).join('');
  return prefix.length <= 256 && PREFIX.test(prefix) ? prefix : '';
}
