// Our own TensorFlow ops (src/tensors/kernels), compiled beside the native backend in a few seconds and again when their
// source changes. Without them the backend does the same with TensorFlow's own ops, so a failure is only told.
import { createHash } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCommand, PROJECT, readText, run, say, writeText } from './tools.mjs';

const SOURCE = join(PROJECT, 'src', 'tensors', 'kernels', 'int8.cc');

export async function installKernels(home) {
  if (process.arch !== 'x64') return;
  const stamp = join(home, 'kernels.sha256');
  const wanted = createHash('sha256').update(readText(SOURCE)).digest('hex');
  // A build that failed is stamped too: it is tried again when the source changes.
  if (readText(stamp) === wanted) return;
  const compiler = ['g++', 'c++'].find((name) => hasCommand(name));
  if (compiler === undefined) return;
  const library = join(home, 'lib', 'kernels.node');
  const args = ['-std=c++17', '-O3', '-ffp-contract=off', '-w', '-shared', '-fPIC', '-fvisibility=hidden', '-pthread'];
  const link = [
    `-L${join(home, 'deps', 'lib')}`,
    '-ltensorflow',
    '-ltensorflow_framework',
    '-Wl,-rpath,$ORIGIN/../deps/lib',
  ];
  rmSync(library, { force: true });
  try {
    await run('building the int8 kernels', compiler, [...args, '-o', `${library}.part`, SOURCE, ...link]);
    renameSync(`${library}.part`, library);
  } catch (error) {
    say(`${error.message}\nsetup: int8 models run by TensorFlow's own ops instead, several times slower`);
  }
  writeText(stamp, wanted);
}
