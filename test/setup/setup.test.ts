/** Setup where everything is there, where something is missing, and beside another one. (The full one ran before this.) */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const PROJECT = fileURLToPath(new URL('../..', import.meta.url));

describe('setup', () => {
  let checkout: string;
  before(() => {
    // A checkout with its packages installed, and nothing else.
    checkout = mkdtempSync(join(tmpdir(), 'whence-setup-'));
    cpSync(join(PROJECT, 'scripts'), join(checkout, 'scripts'), { recursive: true });
    writeFileSync(join(checkout, 'package-lock.json'), '{}');
    const backend = join(checkout, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
    mkdirSync(backend, { recursive: true });
    writeFileSync(join(backend, 'package.json'), '{"version": "4.22.0"}');
    const stamp = createHash('sha256').update('{}').digest('hex');
    writeFileSync(join(checkout, 'node_modules', '.whence-packages'), stamp);
    // Programs that are there: Redis, and no Python or compiler.
    mkdirSync(join(checkout, 'bin'));
    writeFileSync(join(checkout, 'bin', 'redis-server'), '#!/bin/sh\n', { mode: 0o755 });
    symlinkSync('/bin/sh', join(checkout, 'bin', 'sh'));
    writeFileSync(join(checkout, 'program.mjs'), 'console.log("ran", ...process.argv.slice(2));\n');
  });
  after(() => rmSync(checkout, { recursive: true }));

  const env = () => ({ HOME: checkout, PATH: join(checkout, 'bin') });
  const setup = (args: string[] = [], more: Record<string, string> = {}) =>
    spawnSync(process.execPath, [join(checkout, 'scripts', 'setup.mjs'), ...args], {
      env: { ...env(), ...more },
      encoding: 'utf8',
    });
  const lock = () => join(checkout, '.whence', 'setup.lock');

  it('says nothing where nothing is to do', () => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(PROJECT, 'scripts', 'setup.mjs')], {
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  });

  it('goes on without the native backend where it cannot be built, and says why, once', () => {
    const first = setup();
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /no native backend: Python 3 with pip is missing\. Whence runs on WASM/);
    const state = JSON.parse(readFileSync(join(checkout, '.whence', 'native', 'state.json'), 'utf8'));
    assert.match(state.reason, /Python 3 with pip is missing/);
    assert.equal(setup().stdout, '');
  });

  it('runs the program that it is given, with its arguments', () => {
    const { status, stdout } = setup(['program.mjs', 'with', '--these'], { WHENCE_BACKEND: 'wasm' });
    assert.deepEqual([status, stdout], [0, 'ran with --these\n']);
  });

  it('takes over from a setup that was interrupted', () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    writeFileSync(lock(), String(pid));
    const { status, stdout } = setup(['program.mjs']);
    assert.deepEqual([status, stdout], [0, 'ran\n']);
    assert.ok(!existsSync(lock()));
  });

  it('waits for another setup of the same checkout', async () => {
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    writeFileSync(lock(), String(other.pid));
    const waiting = spawn(process.execPath, [join(checkout, 'scripts', 'setup.mjs'), 'program.mjs'], { env: env() });
    let output = '';
    const said = new Promise<void>((done) => {
      waiting.stdout.on('data', (chunk) => {
        output += chunk;
        if (output.includes('waiting for another setup')) done();
      });
    });
    const ended = once(waiting, 'close');
    await said;
    assert.ok(!output.includes('ran'));
    other.kill();
    const [code] = await ended;
    assert.equal(code, 0);
    assert.match(output, /ran\n$/);
  });

  it('names the remedy where there is no Redis and none can be built', () => {
    const { status, stderr } = setup([], { PATH: '/nowhere', WHENCE_BACKEND: 'wasm' });
    assert.equal(status, 1);
    assert.match(stderr, /install redis-server \(or valkey-server\), or set WHENCE_REDIS_URL/);
  });

  it('refuses a Node.js that is too old, in one sentence', () => {
    const script = `Object.defineProperty(process.versions, 'node', { value: '18.20.0' });`;
    const preload = join(checkout, 'old.cjs');
    writeFileSync(preload, script);
    const { status, stderr } = setup([], { NODE_OPTIONS: `--require ${preload}` });
    assert.equal(status, 1);
    assert.equal(stderr, 'setup: Node.js 18.20.0 is too old; install 20.19 or newer\n');
  });
});
