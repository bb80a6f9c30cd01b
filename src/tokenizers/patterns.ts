/** Patterns of tokenizer.json, texts or regular expressions, and the places where they match. */

import { TokenizerError } from './errors.ts';
import { asObject, asString } from './json.ts';
import { fromOniguruma } from './oniguruma.ts';

/** Code units [start, end). */
export type Range = readonly [start: number, end: number];

/** The matches in a text, from left to right. */
export type Pattern = (text: string) => Range[];

/**
 * Reads `{"String": …}` or `{"Regex": …}`.
 * @param field - where in tokenizer.json it stands, for error messages
 * @throws TokenizerError naming the field and the pattern where there is none, or it cannot be compiled
 */
export function readPattern(config: unknown, field: string): Pattern {
  const pattern = asObject(config);
  const literal = asString(pattern?.String);
  if (literal !== null) return literalPattern(literal);
  const regex = asString(pattern?.Regex);
  if (regex === null)
    throw new TokenizerError(`${field}: there is no pattern; it must be {"String": …} or {"Regex": …}`);
  try {
    return regexPattern(fromOniguruma(regex));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TokenizerError(
      `${field}: the regular expression ${shorten(regex)} is none of Oniguruma's, or cannot be run here: ${reason}`,
      { cause: error },
    );
  }
}

function shorten(text: string): string {
  return JSON.stringify(text.length <= 200 ? text : `${text.slice(0, 200)}…`);
}

/** Every place where `literal` stands. An empty one stands between all characters. */
export function literalPattern(literal: string): Pattern {
  if (literal === '') return regexPattern(/(?:)/gu);
  return (text) => {
    const matches: Range[] = [];
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length)) {
      matches.push([at, at + literal.length]);
    }
    return matches;
  };
}

/**
 * The matches of a global regular expression as Rust's binding of Oniguruma finds them: an empty match right behind the
 * last one does not count.
 */
export function regexPattern(regex: RegExp): Pattern {
  return (text) => {
    const matches: Range[] = [];
    if (text === '') return matches; // Not even an empty match.
    let last = -1;
    regex.lastIndex = 0;
    for (let match = regex.exec(text); match !== null; match = regex.exec(text)) {
      const start = match.index;
      const end = start + match[0].length;
      if (end === start) regex.lastIndex = end + (text.codePointAt(end)! > 0xffff ? 2 : 1);
      // V8 finds some empty matches between the halves of a surrogate pair.
      if (end > start || (end !== last && !(text.codePointAt(end - 1)! > 0xffff))) {
        matches.push([start, end]);
        last = end;
      }
    }
    return matches;
  };
}
