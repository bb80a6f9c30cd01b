import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrivateAddress, isPrivateHost } from '../../src/webhooks/addresses.ts';

const PRIVATE = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '169.254.169.254',
  '172.31.255.255',
  '192.168.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:a00:1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  '2001::1',
  '2002:7f00:1::',
  'fc00::1',
  'fd12:3456::1',
  'fe80::1',
  'ff02::1',
  '192.0.0.8',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.1',
  '203.0.113.1',
  '240.0.0.1',
  '::127.0.0.1', // IPv4-compatible, deprecated
  '::8.8.8.8',
  '::ffff:0:127.0.0.1', // translated (RFC 6145)
  '::ffff:169.254.169.254',
  '64:ff9b::8.8.8.8', // also of a public address: what stands behind the translation is not ours to know
  '2002:808:808::1',
  '2002:a01:203::1',
  'fec0::1', // site-local, deprecated
  'feff::1',
  'fe80::1%1',
  '100::1', // discard
  '2001:db8::1', // documentation
  '2001:10::1', // ORCHID
  '3fff::1',
  '4000::1', // not given out
  '5f00::1',
];
const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '172.32.0.1',
  '100.128.0.1',
  '2606:4700::1111',
  '2001:4860::8888',
  '::ffff:1.1.1.1',
];

test('addresses of this machine and of private networks, IPv4 within IPv6 too', () => {
  for (const address of PRIVATE) assert.ok(isPrivateAddress(address), address);
  for (const address of PUBLIC) assert.ok(!isPrivateAddress(address), address);
});

test('hosts of URLs: addresses in brackets, names that only private networks resolve', () => {
  const hostname = (host: string) => new URL(`http://${host}/`).hostname;
  for (const host of [
    '[::1]',
    '127.1',
    '0x7f.1',
    '2130706433',
    'localhost',
    'redis',
    'LOCALHOST.',
    'a.localhost',
    'x.internal.',
  ]) {
    assert.ok(isPrivateHost(hostname(host)), host);
  }
  for (const host of ['example.org', 'example.org.', '[2606:4700::1111]', '1.1.1.1']) {
    assert.ok(!isPrivateHost(hostname(host)), host);
  }
});
