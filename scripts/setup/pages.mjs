// What browsers get, in dist/pages: the explorer (index.html and its files, named by their content), and the style and
// script that stand within self-contained pages. esbuild makes them, as it makes the server's own code: the packages of
// one bundler suffice.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT } from './tools.mjs';

/** Browsers that know `light-dark()` and nested rules. */
const BROWSERS = ['chrome123', 'firefox121', 'safari17.5'];

/** @param compiled - folder of the compiled sources, from which colors are read */
export async function buildPages(compiled) {
  const { build } = await import('esbuild');
  const pages = join(compiled, 'pages');
  mkdirSync(join(pages, 'assets'), { recursive: true });
  const colors = await import(pathToFileURL(join(compiled, 'view/model/colors.js')).href);
  const common = {
    absWorkingDir: PROJECT,
    bundle: true,
    minify: true,
    target: BROWSERS,
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"production"' },
  };
  const style = (name, source) => ({
    ...common,
    stdin: { contents: source, loader: 'css', resolveDir: PROJECT, sourcefile: `${name}.css` },
  });
  const read = (file) => readFileSync(join(PROJECT, 'src', file), 'utf8');
  const view = `${read('view/style/view.css')}\n${colors.pageRules()}\n.whence{${colors.shadeRules()}}`;
  const base = read('view/style/document.css');

  const write = (options, file) => build({ ...options, outfile: join(pages, file) });
  await write({ ...common, entryPoints: ['src/view/page/main.tsx'], format: 'iife' }, 'page.js');
  await write({ ...common, entryPoints: ['src/view/page/waiting.ts'], format: 'iife' }, 'waiting.js');
  await write(style('page', `${base}\n${read('view/style/page.css')}\n${view}`), 'page.css');
  await write(style('embed', view), 'embed.css');

  const named = async (options, name) => {
    const { outputFiles } = await build({
      ...options,
      outdir: join(pages, 'assets'),
      entryNames: `${name}-[hash]`,
      write: false,
    });
    for (const { path, contents } of outputFiles) writeFileSync(path, contents);
    return basename(outputFiles[0].path);
  };
  const script = await named({ ...common, entryPoints: ['src/explorer/main.tsx'], format: 'esm' }, 'explorer');
  const sheet = await named(style('explorer', `${view}\n${base}\n${read('explorer/style.css')}`), 'explorer');
  cpSync(join(PROJECT, 'src/explorer/icon.svg'), join(pages, 'assets/icon.svg'));
  writeFileSync(
    join(pages, 'index.html'),
    read('explorer/index.html').replace('{{style}}', `assets/${sheet}`).replace('{{script}}', `assets/${script}`),
  );
}
