// The native backend: tfjs-node-gpu's own N-API binding, built against a current libtensorflow out of the TensorFlow
// wheel. (The package's install script would download a libtensorflow of 2022.) What is built lives in .whence/native,
// outside node_modules, and is linked into it. Where it cannot be built, the reason is kept and WASM does the work.
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { installKernels } from './kernels.mjs';
import { hasCommand, NATIVE, PROJECT, readText, run, SetupError, say, writeText } from './tools.mjs';

const TENSORFLOW = 'tensorflow-cpu==2.21.0';
const PACKAGE = join(PROJECT, 'node_modules', '@tensorflow', 'tfjs-node-gpu');
const STATE = join(NATIVE, 'state.json');

export async function installNative() {
  if (['wasm', 'webgpu'].includes(process.env.WHENCE_BACKEND)) return;
  const { version } = JSON.parse(readText(join(PACKAGE, 'package.json')));
  const key = `${process.platform}-${process.arch}-tfjs-${version}-${TENSORFLOW.replace('==', '-')}`;
  const home = join(NATIVE, key);
  const done = join(home, 'done');
  if (existsSync(done)) {
    link(home);
    await installKernels(home);
    return;
  }
  const state = JSON.parse(readText(STATE) ?? '{}');
  const obstacle = findObstacle();
  if (obstacle !== null) {
    if (demanded()) throw new SetupError(`WHENCE_BACKEND=tensorflow: no native backend: ${obstacle}`);
    if (state.reason !== obstacle) {
      say(`no native backend: ${obstacle}. Whence runs on WASM, several times slower`);
      writeText(STATE, JSON.stringify({ reason: obstacle }));
    }
    return;
  }
  // A build that failed is tried again only when someone asks for it, so that every start is not a build.
  if (state.failed === key && !demanded()) return;
  try {
    await build(home);
    writeText(done, '');
    link(home);
    await installKernels(home);
    writeText(STATE, JSON.stringify({ built: key }));
    say('the native backend is ready');
  } catch (error) {
    const reason = `building the native backend failed: ${error.message}`;
    if (demanded()) throw new SetupError(`WHENCE_BACKEND=tensorflow: ${reason}`);
    say(`${reason}\nsetup: Whence runs on WASM, several times slower; WHENCE_BACKEND=tensorflow tries again`);
    writeText(STATE, JSON.stringify({ failed: key, reason: reason.split('\n')[0] }));
  }
}

/** Whether WASM will not do. */
function demanded() {
  return process.env.WHENCE_BACKEND === 'tensorflow';
}

/** Why the binding cannot be built here, or null. */
function findObstacle() {
  if (process.platform !== 'linux') return `it is built on Linux, and this is ${process.platform}`;
  if (!hasCommand('python3', ['-m', 'pip', '--version'])) return 'Python 3 with pip is missing';
  if (!hasCommand('g++') && !hasCommand('c++')) return 'a C++ compiler (g++) is missing';
  if (!hasCommand('make')) return 'make is missing';
  return null;
}

async function build(home) {
  const work = `${home}.part`;
  const wheels = join(work, 'wheel');
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'deps', 'lib'), { recursive: true });
  const pip = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--only-binary=:all:'];
  await run(`downloading ${TENSORFLOW} (270 MB)`, 'python3', [...pip, '--dest', wheels, TENSORFLOW]);
  const wheel = readdirSync(wheels).find((name) => name.endsWith('.whl'));
  await run('unpacking libtensorflow', 'python3', ['-c', UNPACK, join(wheels, wheel), work]);
  const libraries = join(work, 'deps', 'lib');
  for (const [name, target] of [
    ['libtensorflow.so', 'libtensorflow_cc.so.2'],
    ['libtensorflow_framework.so', 'libtensorflow_framework.so.2'],
  ]) {
    symlinkSync(target, join(libraries, name));
  }
  await compile(work);
  // Headers and the wheel were for the build alone.
  for (const part of ['wheel', join('deps', 'include')]) rmSync(join(work, part), { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
  renameSync(work, home);
}

/** Takes the two libraries and the headers out of the wheel. */
const UNPACK = `
import os, shutil, sys, zipfile
wheel, work = sys.argv[1:]
libraries = ('libtensorflow_cc.so.2', 'libtensorflow_framework.so.2')
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        path = name.split('/', 1)[-1]
        if path in libraries:
            target = os.path.join(work, 'deps', 'lib', path)
        elif path.startswith('include/') and path.endswith('.h') and not path.startswith('include/external/'):
            target = os.path.join(work, 'deps', path)
        else:
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with archive.open(name) as source, open(target, 'wb') as file:
            shutil.copyfileobj(source, file, 1 << 20)
`;

async function compile(work) {
  // The package is built in place, as node-pre-gyp wants it, with its deps and output in \`work\`.
  for (const part of ['lib', 'build', 'deps']) rmSync(join(PACKAGE, part), { recursive: true, force: true });
  symlinkSync(join(work, 'deps'), join(PACKAGE, 'deps'));
  const require = createRequire(join(PACKAGE, 'package.json'));
  const preGyp = join(dirname(require.resolve('@mapbox/node-pre-gyp/package.json')), 'bin', 'node-pre-gyp');
  const headers = nodeHeaders();
  const env = headers === null ? process.env : { ...process.env, npm_config_nodedir: headers };
  await run('building the native backend', process.execPath, [preGyp, 'install', '--build-from-source'], {
    cwd: PACKAGE,
    env,
  });
  cpSync(join(PACKAGE, 'lib'), join(work, 'lib'), { recursive: true });
  for (const part of ['lib', 'build', 'deps']) rmSync(join(PACKAGE, part), { recursive: true, force: true });
}

/** Where this Node.js has its own headers, so that none need to be downloaded. */
function nodeHeaders() {
  const prefix = resolve(dirname(process.execPath), '..');
  return existsSync(join(prefix, 'include', 'node', 'node_api.h')) ? prefix : null;
}

/** Makes the package find what was built, also after node_modules was installed anew. */
function link(home) {
  for (const part of ['lib', 'deps']) {
    const place = join(PACKAGE, part);
    const target = relative(PACKAGE, join(home, part));
    const there = lstatSync(place, { throwIfNoEntry: false });
    if (there?.isSymbolicLink() && readlinkSync(place) === target) continue;
    rmSync(place, { recursive: true, force: true });
    symlinkSync(target, place);
  }
}
