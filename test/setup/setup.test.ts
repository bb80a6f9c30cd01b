/** Setup where everything is there, where something is missing, and beside another one. (The full one ran before this.) */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Checkout, PROJECT } from './checkout.ts';

describe('setup', () => {
  let checkout: Checkout;
  before(() => {
    checkout = new Checkout();
    checkout.write('program.mjs', 'console.log("ran", ...process.argv.slice(2));\n');
  });
  after(() => checkout.remove());

  const setup: Checkout['setup'] = (...args) => checkout.setup(...args);
  const lock = () => checkout.path('.whence/setup.lock');

  it('says nothing and takes no time where nothing is to do', () => {
    const began = Date.now();
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(PROJECT, 'scripts', 'setup.mjs')], {
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
    assert.ok(Date.now() - began < 1_000, 'well under a second, and some more on a busy machine');
  });

  it('goes on without the native backend where it cannot be built, and says why, once', () => {
    const first = setup();
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stdout, /no native backend: Python 3 with pip is missing\. Whence runs on WASM/);
    const state = JSON.parse(readFileSync(checkout.path('.whence/native/state.json'), 'utf8'));
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
    const waiting = spawn(process.execPath, [checkout.path('scripts/setup.mjs'), 'program.mjs'], {
      env: checkout.env(),
    });
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
    const preload = checkout.path('old.cjs');
    writeFileSync(preload, script);
    const { status, stderr } = setup([], { NODE_OPTIONS: `--require ${preload}` });
    assert.equal(status, 1);
    assert.equal(stderr, 'setup: Node.js 18.20.0 is too old; install 20.19 or newer\n');
  });
});
