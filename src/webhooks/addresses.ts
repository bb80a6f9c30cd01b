/** Which addresses webhooks may go to: those of the public internet, unless the operator allows private ones. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** The only part of IPv6 that is given out for the public internet (RFC 4291, section 2.4). */
const GLOBAL_UNICAST = ipaddr.IPv6.parseCIDR('2000::/3');

/**
 * Whether an IP address is anything but one of the public internet: loopback, private, link-local, multicast,
 * reserved, or one that carries an IPv4 address in a tunnel or translation. A mapped IPv4 address counts as that
 * address.
 */
export function isPrivateAddress(address: string): boolean {
  if (/^::\d+\./.test(address)) return true; // IPv4-compatible and deprecated; ipaddr.js would read it as mapped
  const parsed = ipaddr.process(address);
  if (parsed.range() !== 'unicast') return true;
  return parsed instanceof ipaddr.IPv6 && !parsed.match(GLOBAL_UNICAST);
}

/**
 * Whether the host of a URL is private by its looks: an address, or a name that only private networks resolve. Names of
 * the public DNS can still resolve to a private address: who connects must check the address too.
 */
export function isPrivateHost(hostname: string): boolean {
  const host = bare(hostname.toLowerCase()).replace(/\.$/, '');
  if (isIP(host) !== 0) return isPrivateAddress(host);
  return !host.includes('.') || /\.(localhost|local|internal|intranet|lan|home\.arpa)$/.test(host);
}

/** The address that a URL names in place of a name; null where it names a name, which is resolved. */
export function literalAddress(hostname: string): string | null {
  const host = bare(hostname);
  return isIP(host) === 0 ? null : host;
}

/** Without the brackets that URLs put around IPv6. */
function bare(hostname: string): string {
  return hostname.replace(/^\[(.*)\]$/, '$1');
}
