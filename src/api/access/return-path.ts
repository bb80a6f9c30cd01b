/** Where a browser goes after it has signed in: a path of this service, and never another site. */

const HERE = 'http://here';
const MOST_CHARACTERS = 2_048;

/** `wanted` where it is a path of this service, else `/`. */
export function returnPath(wanted: string | undefined): string {
  if (wanted === undefined || wanted.length > MOST_CHARACTERS || !wanted.startsWith('/')) return '/';
  if (!URL.canParse(wanted, HERE)) return '/';
  // As a browser reads it: `//host`, `/\host` and tabs within lead elsewhere.
  const url = new URL(wanted, HERE);
  return url.origin === HERE && !url.pathname.startsWith('//') ? `${url.pathname}${url.search}${url.hash}` : '/';
}
