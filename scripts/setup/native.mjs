// The native backend: tfjs-node-gpu's own N-API binding, built against a current libtensorflow out of the TensorFlow
// wheel. (The package's install script would download a libtensorflow of 2022.) What is built lives in .whence/native,
// outside node_modules, and is linked into it. Where it cannot be built, the reason is kept and WASM does the work.
import { cpSync, existsSync, lstatSync, mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { findCudaObstacle, installCudaLibraries, wantsCuda } from './cuda.mjs';
import { installKernels } from './kernels.mjs';
import { hasCommand, NATIVE, PROJECT, readText, run, SetupError, say, writeText } from './tools.mjs';
import { downloadWheel } from './wheels.mjs';

const PACKAGE = join(PROJECT, 'node_modules', '@tensorflow', 'tfjs-node-gpu');

export async function installNative() {
  if (['wasm', 'webgpu'].includes(process.env.WHENCE_BACKEND)) return;
  if (!wantsCuda()) return installBuild('tensorflow-cpu==2.21.0');
  if (await installBuild('tensorflow==2.21.0')) return;
  await installBuild('tensorflow-cpu==2.21.0');
}

/** Builds the binding against a wheel's libtensorflow, unless it is there. False: it is not there. */
async function installBuild(tensorflow) {
  const withCuda = tensorflow.startsWith('tensorflow==');
  const { version } = JSON.parse(readText(join(PACKAGE, 'package.json')));
  const key = `${process.platform}-${process.arch}-tfjs-${version}-${tensorflow.replace('==', '-')}`;
  const home = join(NATIVE, key);
  const stateFile = join(NATIVE, withCuda ? 'state-cuda.json' : 'state.json');
  const what = withCuda ? 'CUDA build' : 'native backend';
  const instead = withCuda ? 'Whence computes on the CPU' : 'Whence runs on WASM, several times slower';
  const done = join(home, 'done');
  if (existsSync(done)) {
    link(home);
    await installKernels(home);
    return true;
  }
  const state = JSON.parse(readText(stateFile) ?? '{}');
  const obstacle = findObstacle() ?? (withCuda ? findCudaObstacle() : null);
  if (obstacle !== null) {
    if (demanded(withCuda)) throw new SetupError(`${demanded(withCuda)}: no ${what}: ${obstacle}`);
    if (state.reason !== obstacle) {
      say(`no ${what}: ${obstacle}. ${instead}`);
      writeText(stateFile, JSON.stringify({ reason: obstacle }));
    }
    return false;
  }
  // A build that failed is tried again only when someone asks for it, so that every start is not a build.
  if (state.failed === key && !demanded(withCuda)) return false;
  try {
    await build(home, tensorflow, withCuda);
    writeText(done, '');
    link(home);
    await installKernels(home);
    writeText(stateFile, JSON.stringify({ built: key }));
    say('the native backend is ready');
    return true;
  } catch (error) {
    const reason = `building the ${what} failed: ${error.message}`;
    if (demanded(withCuda)) throw new SetupError(`${demanded(withCuda)}: ${reason}`);
    say(`${reason}\nsetup: ${instead}; ${withCuda ? 'WHENCE_DEVICE=cuda' : 'WHENCE_BACKEND=tensorflow'} tries again`);
    writeText(stateFile, JSON.stringify({ failed: key, reason: reason.split('\n')[0] }));
    return false;
  }
}

/** The setting by which nothing less will do; null: WASM, or the CPU, will. */
function demanded(withCuda) {
  if (withCuda) return process.env.WHENCE_DEVICE === 'cuda' ? 'WHENCE_DEVICE=cuda' : null;
  return process.env.WHENCE_BACKEND === 'tensorflow' ? 'WHENCE_BACKEND=tensorflow' : null;
}

/** Why the binding cannot be built here, or null. */
function findObstacle() {
  if (process.platform !== 'linux') return `it is built on Linux, and this is ${process.platform}`;
  if (!hasCommand('python3', ['-m', 'pip', '--version'])) return 'Python 3 with pip is missing';
  if (!hasCommand('g++') && !hasCommand('c++')) return 'a C++ compiler (g++) is missing';
  if (!hasCommand('make')) return 'make is missing';
  return null;
}

async function build(home, tensorflow, withCuda) {
  const work = `${home}.part`;
  // Wheels that were downloaded before an interruption are not downloaded again.
  const wheels = `${home}.wheels`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'deps', 'lib'), { recursive: true });
  const size = withCuda ? '620 MB' : '270 MB';
  const wheel = await downloadWheel(tensorflow, wheels, size);
  if (withCuda) await installCudaLibraries(wheel, wheels, work);
  await run('unpacking libtensorflow', 'python3', ['-c', UNPACK, wheel, work]);
  const libraries = join(work, 'deps', 'lib');
  for (const [name, target] of [
    ['libtensorflow.so', 'libtensorflow_cc.so.2'],
    ['libtensorflow_framework.so', 'libtensorflow_framework.so.2'],
  ]) {
    symlinkSync(target, join(libraries, name));
  }
  await compile(work);
  // Headers and the wheels were for the build alone.
  rmSync(join(work, 'deps', 'include'), { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
  renameSync(work, home);
  rmSync(wheels, { recursive: true, force: true });
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
