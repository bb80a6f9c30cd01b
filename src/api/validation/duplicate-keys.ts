/** `JSON.parse` keeps the last of two equal keys and says nothing; this finds them. */

/**
 * The first key that occurs twice in one object of `text`, which must be valid JSON.
 * Only strings and brackets matter; one pass over the text.
 */
export function duplicateKey(text: string): { key: string; line: number } | null {
  const scopes: (Set<string> | null)[] = []; // keys of open objects; null for lists
  const token = /"(?:[^"\\]|\\.)*"|[{}[\]]/gs;
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const [found] = match;
    if (found === '{') scopes.push(new Set());
    else if (found === '[') scopes.push(null);
    else if (found === '}' || found === ']') scopes.pop();
    else {
      const keys = scopes.at(-1);
      if (keys == null || !isFollowedByColon(text, token.lastIndex)) continue;
      const key: string = JSON.parse(found); // "\u0061" and "a" are the same key
      if (keys.has(key)) return { key, line: text.slice(0, match.index).split('\n').length };
      keys.add(key);
    }
  }
  return null;
}

function isFollowedByColon(text: string, index: number): boolean {
  let at = index;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at++;
  return text[at] === ':';
}
