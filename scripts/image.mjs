#!/usr/bin/env node
// What the images of docker/ hold beside Node.js: `node scripts/image.mjs FOLDER` puts it there, which is the last step of
// their build; without a folder it lists it, with sizes. Node.js alone, no packages.
import { cpSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PROJECT } from './setup/tools.mjs';

/** What stands beside the packages; scripts/setup says where the compiled program and the native backend are. */
const PARTS = ['bin', 'dist', 'models', 'scripts/setup', '.whence/native', 'package.json', 'LICENSE'];

/** Packages of ours that the images have no use for: they compute by libtensorflow, and their Redis is another service. */
const LEFT_OUT = ['webgpu', '@tensorflow/tfjs-backend-webgpu', 'redis-memory-server'];

/** Of packages: what nothing reads at run time. tfjs alone has 300 MB of bundles for browsers and maps of them. */
const USELESS = [
  /\.(map|tsbuildinfo|d\.ts|d\.mts|d\.cts|min\.js\.html)$/,
  /^@tensorflow\/tfjs[^/]*\/dist\/.*(\.fesm|\.es2017|\.min)[^/]*\.js$/,
  /^@tensorflow\/tfjs[^/]*\/(dist\/)?.*_test\.js$/,
  /^@tensorflow\/tfjs(-core|-layers|-converter|-data|-backend-webgl|-backend-cpu)?\/(src|benchmarks|scripts|tools)\//,
  /^@tensorflow\/tfjs\/dist\/tf\.js$/,
];

/** Folders of the production packages, below node_modules, by the lock file. */
function packages() {
  const { packages: locked } = JSON.parse(readFileSync(join(PROJECT, 'package-lock.json'), 'utf8'));
  const found = new Set();
  const visit = (name, from) => {
    for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
      const path = `${at === '' ? '' : `${at}/`}node_modules/${name}`;
      if (locked[path] !== undefined) return enter(path);
      if (at === '') return;
    }
  };
  const enter = (path) => {
    if (found.has(path) || !isThere(join(PROJECT, path))) return; // packages of other platforms
    found.add(path);
    const { dependencies, optionalDependencies, peerDependencies } = locked[path];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }))
      visit(name, path);
  };
  const { dependencies } = locked[''];
  for (const name of Object.keys(dependencies)) if (!LEFT_OUT.includes(name)) visit(name, '');
  return [...found].sort();
}

/** Files of the image with their sizes: [path, bytes]. */
export function imageFiles() {
  const files = [];
  const walk = (path, keep) => {
    const stats = lstatSync(join(PROJECT, path));
    if (!stats.isDirectory()) {
      if (keep(path)) files.push([path, stats.size]);
      return;
    }
    for (const name of readdirSync(join(PROJECT, path))) walk(join(path, name), keep);
  };
  for (const part of PARTS) walk(part, () => true);
  for (const folder of packages()) {
    const within = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const isUseful = (path) => !USELESS.some((useless) => useless.test(`${within}/${relative(folder, path)}`));
    // Packages below it are in the list by themselves, or not wanted.
    for (const name of readdirSync(join(PROJECT, folder)))
      if (name !== 'node_modules') walk(join(folder, name), isUseful);
  }
  return files;
}

/** Whether a file belongs to libtensorflow, or to CUDA beside it: what no image can do without. */
export const isLibrary = (path) => /^\.whence\/native\/.*\.so(\.\d+)*$/.test(path) && !path.endsWith('.node');

/** Puts the files into a folder; where it can, by links. */
export function copyImage(folder) {
  for (const [path] of imageFiles()) {
    const target = join(folder, path);
    mkdirSync(dirname(target), { recursive: true });
    if (lstatSync(join(PROJECT, path)).isSymbolicLink()) {
      cpSync(join(PROJECT, path), target, { verbatimSymlinks: true });
      continue;
    }
    try {
      linkSync(join(PROJECT, path), target);
    } catch {
      cpSync(join(PROJECT, path), target); // another disk
    }
  }
}

function isThere(path) {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function list() {
  const groups = new Map();
  for (const [path, bytes] of imageFiles()) {
    const [first, second, third] = path.split('/');
    const isScoped = first === 'node_modules' && second.startsWith('@');
    const group = isLibrary(path)
      ? `${basename(path)} (library)`
      : [first, second, isScoped && third].filter(Boolean).join('/');
    groups.set(group, (groups.get(group) ?? 0) + bytes);
  }
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1).padStart(8)} MB`;
  for (const [group, bytes] of [...groups].sort((a, b) => b[1] - a[1])) console.log(`${megabytes(bytes)}  ${group}`);
  const own = imageFiles().filter(([path]) => !isLibrary(path));
  console.log(`${megabytes(own.reduce((sum, [, bytes]) => sum + bytes, 0))}  beside the libraries`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [folder] = process.argv.slice(2);
  if (folder === undefined) list();
  else copyImage(folder);
}
