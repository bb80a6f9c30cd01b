/**
 * A hook of Node.js's module loader: whoever imports a source of this project gets the compiled module, which is the one
 * that everything else uses. Two of one module would have two states (tfjs's backend, classes of errors).
 */

import type { ResolveHook } from 'node:module';

const COMPILED = new URL('../', import.meta.url).href;
const SOURCES = new URL('../../src/', import.meta.url).href;

export const resolve: ResolveHook = (specifier, context, nextResolve) => {
  const isPath = /^(\.{0,2}\/|file:)/.test(specifier);
  const url = isPath && URL.canParse(specifier, context.parentURL) ? new URL(specifier, context.parentURL).href : '';
  if (!url.startsWith(SOURCES)) return nextResolve(specifier, context);
  return nextResolve(COMPILED + url.slice(SOURCES.length).replace(/\.[jt]s$/, '.js'), context);
};
