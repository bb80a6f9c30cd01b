/**
 * Setup of the CUDA build with real Python and pip on an index of stand-ins: a wheel under tensorflow's name with two
 * small libraries, and NVIDIA's packages as its extra `and-cuda` names them, all but empty.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { Checkout, PROJECT } from './checkout.ts';

const python = spawnSync('python3', ['-c', 'import sys, pip; print(sys.executable)'], { encoding: 'utf8' });
const elsewhere =
  process.platform !== 'linux' || process.arch !== 'x64' || python.status !== 0
    ? 'it needs Linux on x86-64 and Python with pip'
    : false;

const WHEELS = `
import os, sys, zipfile
index = sys.argv[1]
def wheel(name, version, files, requires=()):
    info = f'{name}-{version}.dist-info'
    with zipfile.ZipFile(os.path.join(index, f'{name}-{version}-py3-none-any.whl'), 'w') as archive:
        for path, text in files.items(): archive.writestr(path, text)
        lines = ['Metadata-Version: 2.1', f'Name: {name}', f'Version: {version}', *[f'Requires-Dist: {r}' for r in requires]]
        archive.writestr(f'{info}/METADATA', '\\n'.join(lines) + '\\n')
        archive.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
        archive.writestr(f'{info}/RECORD', '')
wheel('tensorflow', '2.21.0',
  {'tensorflow/libtensorflow_cc.so.2': 'cc', 'tensorflow/libtensorflow_framework.so.2': 'framework', 'tensorflow/include/a.h': ''},
  ['numpy>=1', 'nvidia-cublas-cu12<13.0,>=12.5; extra == "and-cuda"', 'nvidia-cudnn-cu12<10.0,>=9.3; extra == "and-cuda"',
   'nvidia-elsewhere-cu12>=1; extra == "and-cuda" and sys_platform == "win32"'])
wheel('nvidia_cublas_cu12', '12.9.1', {'nvidia/cublas/lib/libcublas.so.12': 'cublas', 'nvidia/cublas/include/cublas.h': ''})
if sys.argv[2] == 'whole':
    wheel('nvidia_cudnn_cu12', '9.5.0', {'nvidia/cudnn/lib/libcudnn.so.9': 'cudnn'})
`;

describe('the CUDA build', { skip: elsewhere }, () => {
  let checkout: Checkout;
  const index = (): string => checkout.path('index');
  const offer = (what: 'whole' | 'half'): void => {
    mkdirSync(index(), { recursive: true });
    assert.equal(spawnSync('python3', ['-c', WHEELS, index(), what]).status, 0);
  };
  const setup = (more: Record<string, string> = {}) =>
    checkout.setup([], { PIP_NO_INDEX: '1', PIP_FIND_LINKS: index(), WHENCE_DEVICE: 'cuda', ...more });
  const native = (): string[] => readdirSync(checkout.path('.whence/native')).sort();

  beforeEach(() => {
    checkout = new Checkout();
    symlinkSync(python.stdout.trim(), checkout.path('bin/python3'));
    checkout.program(
      'g++',
      '[ "$1" = --version ] && exit 0\nwhile [ "$1" != -o ]; do shift; done\necho compiled > "$2"',
    );
    checkout.program('make', '');
    checkout.write('node_modules/@mapbox/node-pre-gyp/package.json', '{"type": "module"}');
    checkout.write(
      'node_modules/@mapbox/node-pre-gyp/bin/node-pre-gyp',
      "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('lib/napi-v8', { recursive: true });\nwriteFileSync('lib/napi-v8/tfjs_binding.node', 'binding');\n",
    );
    cpSync(join(PROJECT, 'src/tensors/kernels'), checkout.path('src/tensors/kernels'), { recursive: true });
  });
  afterEach(() => checkout.remove());

  it("lays out what tensorflow's extra and-cuda names for this machine, beside libtensorflow, and says how much it is", () => {
    offer('whole');
    const { status, stdout, stderr } = setup();
    assert.deepEqual([status, stderr], [0, '']);
    assert.match(stdout, /downloading tensorflow==2\.21\.0 \(620 MB\)[\s\S]*needs 2 packages of NVIDIA, about 3 GB/);
    assert.match(stdout, /the native backend is ready\n$/);
    const [home, ...others] = native().filter((name) => !name.endsWith('.json'));
    assert.deepEqual(others, [], 'wheels are gone');
    assert.match(home, /tensorflow-2\.21\.0$/);
    const inHome = (path: string): string => checkout.path(`.whence/native/${home}/${path}`);
    assert.equal(readFileSync(inHome('nvidia/cublas/lib/libcublas.so.12'), 'utf8'), 'cublas');
    assert.equal(readFileSync(inHome('nvidia/cudnn/lib/libcudnn.so.9'), 'utf8'), 'cudnn');
    assert.ok(!existsSync(inHome('nvidia/cublas/include')));
    assert.equal(readFileSync(inHome('deps/lib/libtensorflow.so'), 'utf8'), 'cc');
    const again = setup();
    assert.deepEqual([again.status, again.stdout, again.stderr], [0, '', '']);
  });

  it('keeps the wheels that had arrived when it was interrupted', () => {
    offer('half');
    const first = setup();
    assert.notEqual(first.status, 0);
    assert.match(first.stderr, /^setup: WHENCE_DEVICE=cuda: .* failed: downloading nvidia-cudnn-cu12/);
    rmSync(index(), { recursive: true });
    offer('whole');
    for (const name of readdirSync(index())) if (!name.includes('cudnn')) rmSync(join(index(), name));
    const { status, stdout } = setup();
    assert.equal(status, 0);
    assert.doesNotMatch(stdout, /downloading (tensorflow|nvidia-cublas)/);
    assert.match(stdout, /downloading nvidia-cudnn-cu12[\s\S]*the native backend is ready\n$/);
  });
});
