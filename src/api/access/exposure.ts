/** A service without keys is for its own machine, unless its operator says otherwise. */
import { BlockList, isIP } from 'node:net';
import { UnusableError } from '../../unusable.ts';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8);
LOOPBACK.addAddress('::1', 'ipv6');

/**
 * @param keyless - whether no keys are asked for
 * @throws {UnusableError} where everybody who reaches the address could use the service
 */
export function refuseExposure(host: string, { keyless, allowed }: { keyless: boolean; allowed: boolean }): void {
  if (!keyless || allowed || isLoopback(host)) return;
  throw new UnusableError(
    `WHENCE_HOST is "${host}" and no API keys are asked for: whoever reaches this address could use the service. Set ` +
      'WHENCE_KEYS_FILE (`whence keys add NAME` makes a key) or WHENCE_API_KEYS; or WHENCE_ALLOW_NO_KEYS=true, where ' +
      'only those who may use it reach it; or WHENCE_HOST=127.0.0.1',
  );
}

function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host === 'localhost' : LOOPBACK.check(host, family === 6 ? 'ipv6' : 'ipv4');
}
