/** Operators' own modules may be TypeScript, and import from src/ what this process runs from dist/. */

import { register } from 'node:module';

/** Readies Node.js for such modules; where the sources run as they are, it is ready. */
export async function allowTypeScript(): Promise<void> {
  if (import.meta.url.endsWith('.ts')) return;
  const tsx = await import('tsx/esm/api');
  tsx.register();
  register('./source-imports.js', import.meta.url);
}
