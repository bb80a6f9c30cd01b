// Our own TensorFlow ops (src/tensors/kernels), compiled beside the native backend in a few seconds and again when their
// source changes. Without them the backend does the same with TensorFlow's own ops, so a failure is only told.
import { createHash } from 'node:crypto';
import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hasCommand, PROJECT, readText, run, say, writeText } from './tools.mjs';

const FOLDER = join(PROJECT, 'src', 'tensors', 'kernels');
/** Products may be fused with sums; nothing asks for the errors that floating point can raise. */
const FUSED = ['-fno-signed-zeros', '-fno-trapping-math', '-fno-math-errno', '-ffp-contract=fast'];
/** Sources, with what their arithmetic allows the compiler. */
const SOURCES = {
  'int8.cc': ['-ffp-contract=off'],
  // Sums in any order, as vectors need it.
  'blocks.cc': [...FUSED, '-fassociative-math'],
  'attention.cc': FUSED,
  'dropout.cc': [],
  'products.cc': FUSED,
  'module.cc': [],
};

export async function installKernels(home) {
  if (process.arch !== 'x64') return;
  const stamp = join(home, 'kernels.sha256');
  const hash = createHash('sha256').update(JSON.stringify(SOURCES));
  for (const name of readdirSync(FOLDER).sort()) hash.update(readText(join(FOLDER, name)));
  const wanted = hash.digest('hex');
  // A build that failed is stamped too: it is tried again when the source changes.
  if (readText(stamp) === wanted) return;
  const compiler = ['g++', 'c++'].find((name) => hasCommand(name));
  if (compiler === undefined) return;
  const library = join(home, 'lib', 'kernels.node');
  rmSync(library, { force: true });
  try {
    await build(compiler, home, library);
  } catch (error) {
    say(
      `${error.message}\nsetup: TensorFlow's own ops are used instead, several times slower, and a text's last digits may depend on what runs beside it`,
    );
  }
  writeText(stamp, wanted);
}

async function build(compiler, home, library) {
  const objects = [];
  for (const [name, flags] of Object.entries(SOURCES)) {
    const object = join(home, `${name}.o`);
    const args = ['-std=c++17', '-O3', '-w', '-fPIC', '-fvisibility=hidden', '-pthread', ...flags];
    await run(`compiling ${name}`, compiler, [...args, '-c', join(FOLDER, name), '-o', object]);
    objects.push(object);
  }
  const tensorflow = [`-L${join(home, 'deps', 'lib')}`, '-ltensorflow', '-ltensorflow_framework'];
  const args = ['-shared', '-pthread', '-o', `${library}.part`, ...objects, ...tensorflow];
  await run('linking the kernels', compiler, [...args, '-Wl,-rpath,$ORIGIN/../deps/lib']);
  renameSync(`${library}.part`, library);
  for (const object of objects) rmSync(object);
}
