/** Modules that run in processes and threads of their own: JavaScript in dist/, in tests the sources through tsx. */

const COMPILED = import.meta.url.endsWith('.js');

/** What Node.js is to be given, before the module, to run one in a process. */
export const NODE_ARGS: readonly string[] = COMPILED ? [] : ['--import', import.meta.resolve('tsx')];

/** What a `Worker` is to be given to run a module: threads inherit no loader of their process. */
export function threadUrl(module: URL): URL {
  if (COMPILED) return module;
  const tsx = JSON.stringify(import.meta.resolve('tsx/esm/api'));
  const script = `import { register } from ${tsx}; register(); await import(${JSON.stringify(module.href)});`;
  return new URL(`data:text/javascript,${encodeURIComponent(script)}`);
}
