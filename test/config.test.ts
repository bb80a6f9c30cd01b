/** Settings: defaults, values, and errors that name the variable, its value and the remedy. */

import assert from 'node:assert/strict';
import { isAbsolute } from 'node:path';
import { test } from 'node:test';
import { loadConfig } from '../src/config.ts';

test('everything has a default that works', () => {
  const config = loadConfig({});
  assert.equal(config.host, '127.0.0.1');
  assert.equal(config.port, 3000);
  assert.equal(config.redisUrl, null);
  assert.ok(isAbsolute(config.dataDir) && isAbsolute(config.modelsFile));
  assert.equal(config.memoryBudgetMb, 0);
  assert.deepEqual(config.apiKeys, []);
});

test('values are read, lists split', () => {
  const keys = ['a'.repeat(16), 'b'.repeat(20)];
  const config = loadConfig({
    WHENCE_PORT: '0',
    WHENCE_BACKEND: 'wasm',
    WHENCE_API_KEYS: keys.join(', '),
    WHENCE_TRUST_PROXY: 'true',
    WHENCE_REDIS_URL: 'rediss://:secret@10.0.0.1:6380',
    PATH: '/bin',
  });
  assert.deepEqual(config.apiKeys, keys);
  assert.equal(config.port, 0);
  assert.equal(config.backend, 'wasm');
  assert.equal(config.trustProxy, true);
});

test('trusted proxies: none, one, so many, or by address', () => {
  for (const [value, expected] of [
    ['', false],
    ['false', false],
    ['true', true],
    ['1', 1],
    ['2', 2],
    ['10.0.0.0/8, 2001:db8::1', ['10.0.0.0/8', '2001:db8::1']],
  ] as const) {
    assert.deepEqual(loadConfig({ WHENCE_TRUST_PROXY: value }).trustProxy, expected, value);
  }
});

const FAULTS: [Record<string, string>, RegExp][] = [
  [{ WHENCE_PORT: 'http' }, /WHENCE_PORT is "http": give a whole number from 0 to 65535/],
  [{ WHENCE_PORT: '70000' }, /WHENCE_PORT/],
  [{ WHENCE_BACKEND: 'cuda' }, /WHENCE_BACKEND is "cuda": give one of auto, tensorflow, webgpu, wasm/],
  [{ WHENCE_LOG_LEVEL: 'loud' }, /WHENCE_LOG_LEVEL is "loud"/],
  [{ WHENCE_TRUST_PROXY: 'yes' }, /WHENCE_TRUST_PROXY is "yes"/],
  [{ WHENCE_TRUST_PROXY: '10.0.0.0/33' }, /"10.0.0.0\/33": give true, false, the number of proxies in front/],
  [{ WHENCE_TRUST_PROXY: '99' }, /at most 16/],
  [{ WHENCE_TRUST_PROXY: '10.0.0.1,true' }, /WHENCE_TRUST_PROXY is "true"/],
  [{ WHENCE_MAX_QEUE: '5' }, /WHENCE_MAX_QEUE is "5": no such setting; known are .*WHENCE_MAX_QUEUE/],
];
for (const [env, message] of FAULTS) {
  test(`${Object.keys(env)[0]}=${Object.values(env)[0]} is refused`, () => {
    assert.throws(() => loadConfig(env), message);
  });
}

test('secrets are not repeated in errors', () => {
  for (const env of [{ WHENCE_API_KEYS: 'short-secret' }, { WHENCE_REDIS_URL: 'http://:hidden@x' }]) {
    assert.throws(
      () => loadConfig(env),
      (error: Error) => !/short-secret|hidden/.test(error.message),
    );
  }
});
