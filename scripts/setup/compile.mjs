// The sources (src/) as JavaScript in dist/, file by file: folders that are read at start (routes, methods, families)
// stay folders; beside them what browsers get (pages.mjs). Compiled again whenever the content of a source has changed;
// tests run the sources themselves.
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { buildPages } from './pages.mjs';
import { PROJECT, readText } from './tools.mjs';

const SOURCES = join(PROJECT, 'src');
const OUTPUT = join(PROJECT, 'dist');
const STAMP = join(OUTPUT, 'sources.sha256');
/** Files that the program reads at run time. */
const ASSETS = ['.lua'];
const MODULES = ['.ts', '.tsx'];
/** Files that go into pages. */
const PAGE_FILES = ['.css', '.html', '.svg'];

let current = false;

/** Whether dist/ is what the sources say, as it is where there are none. Looks once in the life of a process. */
export function isCompiled() {
  const files = current ? [] : sourceFiles();
  current ||= files.length === 0 || readText(STAMP) === hashOf(files);
  return current;
}

export async function compile() {
  if (isCompiled()) return;
  const files = sourceFiles();
  const hash = hashOf(files);
  const { build } = await import('esbuild');
  const next = `${OUTPUT}.part`;
  rmSync(next, { recursive: true, force: true });
  await build({
    absWorkingDir: PROJECT,
    entryPoints: files.filter((file) => MODULES.includes(extname(file))).map((file) => join('src', file)),
    outdir: next,
    outbase: SOURCES,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    // Bundling is what lets a plug-in see imports: every one of them is left where it is, under its compiled name.
    bundle: true,
    plugins: [{ name: 'file by file', setup }],
    logLevel: 'silent',
  });
  for (const file of files) if (ASSETS.includes(extname(file))) cpSync(join(SOURCES, file), join(next, file));
  if (files.includes('explorer/main.tsx')) await buildPages(next);
  writeFileSync(join(next, 'sources.sha256'), hash);
  rmSync(OUTPUT, { recursive: true, force: true });
  renameSync(next, OUTPUT);
  current = true;
}

function setup({ onLoad, onResolve }) {
  onResolve({ filter: /.*/ }, leaveImport);
  onLoad({ filter: /\.tsx?$/ }, ({ path }) => {
    return { contents: renameUrls(readFileSync(path, 'utf8')), loader: extname(path).slice(1) };
  });
}

/** Modules are also named by URLs: `new URL('./engine-child.ts', import.meta.url)`. */
function renameUrls(source) {
  return source.replace(/(new URL\('\.[^']*)\.ts(', import\.meta\.url\))/g, '$1.js$2');
}

function leaveImport({ kind, path }) {
  if (kind === 'entry-point') return undefined;
  return { path: path.startsWith('.') ? path.replace(/\.tsx?$/, '.js') : path, external: true };
}

function sourceFiles() {
  if (!existsSync(SOURCES)) return [];
  return readdirSync(SOURCES, { recursive: true, encoding: 'utf8' })
    .filter((file) => [...MODULES, ...ASSETS, ...PAGE_FILES].includes(extname(file)))
    .sort();
}

/** Of what is compiled and of how it is done. */
function hashOf(files) {
  const hash = createHash('sha256');
  for (const script of [import.meta.filename, join(import.meta.dirname, 'pages.mjs')])
    hash.update(readFileSync(script));
  for (const file of files) hash.update(`${file}\0`).update(readFileSync(join(SOURCES, file)));
  return hash.digest('hex');
}
