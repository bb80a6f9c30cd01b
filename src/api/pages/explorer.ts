/** The explorer's files, as setup has built them: its document, and files that are named by their content. */

import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

/** Sources and compiled modules lie at the same depth. */
const PAGES = new URL('../../../dist/pages/', import.meta.url);

const MEDIA_TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Everything comes from this service, and nothing frames the page. */
export const EXPLORER_POLICY = "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

interface Asset {
  type: string;
  content: Buffer;
}

interface Explorer {
  document: string;
  assets: ReadonlyMap<string, Asset>;
}

let known: Explorer | null = null;

/** @throws Error where setup has not built them */
export function explorer(): Explorer {
  known ??= read();
  return known;
}

function read(): Explorer {
  try {
    const assets = readdirSync(new URL('assets/', PAGES)).map((name): [string, Asset] => {
      const content = readFileSync(new URL(`assets/${name}`, PAGES));
      return [name, { type: MEDIA_TYPES[extname(name)], content }];
    });
    return { document: readFileSync(new URL('index.html', PAGES), 'utf8'), assets: new Map(assets) };
  } catch (error) {
    throw new Error('the explorer is missing in dist/pages: `npm run setup` builds it', { cause: error });
  }
}

/** The document where the service is published under `prefix`, which its relative links start from. */
export function documentAt(prefix: string): string {
  const { document } = explorer();
  return prefix === '' ? document : document.replace('<head>', `<head>\n<base href="${attribute(prefix)}/">`);
}

function attribute(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
