/** `JSON.parse` keeps the last of two equal keys and says nothing; this finds them. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LIST = null;

/**
 * The first key that occurs twice in one object of `text`, which must be valid JSON. One pass, without a regular
 * expression: those keep a stack of every character of a long string.
 */
export function duplicateKey(text: string): { key: string; line: number } | null {
  const scopes: (Set<string> | typeof LIST)[] = []; // keys of open objects
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '{') scopes.push(new Set());
    else if (character === '[') scopes.push(LIST);
    else if (character === '}' || character === ']') scopes.pop();
    else if (character === '"') {
      const end = endOfString(text, at);
      const keys = scopes.at(-1);
      if (keys != null && isFollowedByColon(text, end)) {
        const written = text.slice(at + 1, end - 1);
        const key: string = written.includes('\\') ? JSON.parse(`"${written}"`) : written; // "\u0061" is "a"
        if (keys.has(key)) return { key, line: text.slice(0, at).split('\n').length };
        keys.add(key);
      }
      at = end - 1;
    }
  }
  return null;
}

/** The index behind the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}

function isFollowedByColon(text: string, index: number): boolean {
  let at = index;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}
