/** The native backend's build, with programs in place of pip, node-pre-gyp and the compiler that only leave files. */

import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Checkout, PROJECT } from './checkout.ts';

/** pip (which fails while there is a file `offline`), and the program that unpacks its wheel. */
const PYTHON = `
case "$*" in
*"pip --version"*) ;;
*"pip download"*)
  [ -e "$HOME/offline" ] && echo "no route to host" >&2 && exit 1
  while [ "$1" != --dest ]; do shift; done
  /bin/mkdir -p "$2" && echo wheel > "$2/tensorflow.whl" ;;
*)
  while [ $# -gt 1 ]; do shift; done
  /bin/mkdir -p "$1/deps/include" && echo library > "$1/deps/lib/libtensorflow_cc.so.2" ;;
esac`;

/** A compiler: leaves its output. */
const COMPILER = `
[ "$1" = --version ] && exit 0
while [ "$1" != -o ]; do shift; done
echo compiled > "$2"`;

/** node-pre-gyp: needs the libraries where the package looks for them. */
const PRE_GYP = `
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
readFileSync('deps/lib/libtensorflow.so');
mkdirSync('lib/napi-v8', { recursive: true });
writeFileSync('lib/napi-v8/tfjs_binding.node', 'binding');
`;

const elsewhere = process.platform === 'linux' ? false : 'it is built on Linux';

describe('the build of the native backend', { skip: elsewhere }, () => {
  let checkout: Checkout;
  const native = (...parts: string[]): string => join(checkout.path('.whence/native'), ...parts);
  const inPackage = (name: string): string => checkout.path(`node_modules/@tensorflow/tfjs-node-gpu/${name}`);
  const home = (): string => {
    const [found, ...others] = readdirSync(native()).filter((name) => name.includes('tfjs'));
    assert.deepEqual(others, []);
    return native(found);
  };

  beforeEach(() => {
    checkout = new Checkout();
    checkout.program('python3', PYTHON);
    checkout.program('g++', COMPILER);
    checkout.program('make', '');
    checkout.write('node_modules/@mapbox/node-pre-gyp/package.json', '{"type": "module"}');
    checkout.write('node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp', PRE_GYP);
    cpSync(join(PROJECT, 'src/tensors/kernels'), checkout.path('src/tensors/kernels'), { recursive: true });
  });
  afterEach(() => checkout.remove());

  it('tells its steps, and has nothing to do afterwards', () => {
    const { status, stdout } = checkout.setup();
    assert.equal(status, 0);
    assert.match(
      stdout,
      /downloading tensorflow-cpu.*\n.*unpacking.*\n.*building[\s\S]*the native backend is ready\n$/,
    );
    assert.equal(readFileSync(inPackage('lib/napi-v8/tfjs_binding.node'), 'utf8'), 'binding');
    assert.ok(!existsSync(join(home(), 'deps/include')), 'headers were for the build alone');
    const again = checkout.setup();
    assert.deepEqual([again.status, again.stdout, again.stderr], [0, '', '']);
  });

  it('begins anew after a build that was interrupted', () => {
    checkout.setup();
    const part = `${home()}.part`;
    rmSync(join(home(), 'done')); // interrupted at the last moment, and once more while it was downloading
    cpSync(home(), part, { recursive: true });
    writeFileSync(join(part, 'half a wheel'), '');
    const { status, stdout } = checkout.setup();
    assert.equal(status, 0);
    assert.match(stdout, /the native backend is ready\n$/);
    assert.ok(!existsSync(part));
    assert.ok(!existsSync(join(home(), 'half a wheel')));
    assert.ok(existsSync(join(home(), 'done')));
  });

  it('survives packages that are installed anew', () => {
    checkout.setup();
    for (const name of ['lib', 'deps']) rmSync(inPackage(name));
    const { status, stdout } = checkout.setup();
    assert.deepEqual([status, stdout], [0, '']);
    assert.equal(join(inPackage('.'), readlinkSync(inPackage('lib'))), join(home(), 'lib'));
  });

  it('leaves the work to WASM where it fails, says why, and tries again only when asked', () => {
    writeFileSync(checkout.path('offline'), '');
    const { status, stdout } = checkout.setup();
    assert.equal(status, 0);
    assert.match(
      stdout,
      /failed: downloading tensorflow-cpu.*\n.*no route to host\n.*runs on WASM.*WHENCE_BACKEND=tensorflow/,
    );
    assert.match(readFileSync(native('state.json'), 'utf8'), /downloading tensorflow-cpu/);
    const demanded = checkout.setup([], { WHENCE_BACKEND: 'tensorflow' });
    assert.notEqual(demanded.status, 0);
    assert.match(
      demanded.stderr,
      /^setup: WHENCE_BACKEND=tensorflow: .* failed: downloading[\s\S]*no route to host\n$/,
    );
    rmSync(checkout.path('offline'));
    assert.equal(checkout.setup().stdout, '');
    assert.match(checkout.setup([], { WHENCE_BACKEND: 'tensorflow' }).stdout, /the native backend is ready\n$/);
  });
});
