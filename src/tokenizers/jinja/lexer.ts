/**
 * Splits a template into data and tokens, by the rules of Jinja's lexer with `trim_blocks` and `lstrip_blocks`, as
 * transformers sets them for chat templates.
 */

import { JinjaError } from './errors.ts';

export type TokenType = 'data' | 'begin' | 'end' | 'name' | 'string' | 'integer' | 'float' | 'operator' | 'eof';

export interface Token {
  readonly type: TokenType;
  /** `begin` and `end`: `{{`, `{%` and so on; literals: their source, strings unescaped. */
  readonly value: string;
  readonly line: number;
}

const OPENERS = /\{%-?\+?\s*raw\s*(?:-%\}\s*|%\})|\{([%#{])([-+]?)/gu;
const RAW = /^\{%([-+]?)\s*raw\s*(-?)%\}/u;
const RAW_END = /\{%([-+]?)\s*endraw\s*(?:\+%\}|-%\}\s*|%\}\n?)/gu;
const COMMENT_END = /\+#\}|-#\}\s*|#\}\n?/gu;
const BLOCK_END = /[+]%\}|-%\}\s*|%\}\n?/uy;
const VARIABLE_END = /-\}\}\s*|\}\}/uy;
const SPACE = /\s+/uy;
const FLOAT = /(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+)/iuy;
const INTEGER = /0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*/iuy;
const NAME = /[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Mn}\p{Mc}\p{Nd}\p{Pc}]*/uy;
const STRING = /'[^'\\]*(?:\\[\s\S][^'\\]*)*'|"[^"\\]*(?:\\[\s\S][^"\\]*)*"/uy;
const LITERALS = [
  ['float', FLOAT],
  ['name', NAME],
  ['integer', INTEGER],
  ['string', STRING],
] as const;
const OPERATOR = /\*\*|\/\/|==|!=|<=|>=|[-+/*%~[\](){}<>=.:|,;]/uy;

export function tokenize(template: string): Token[] {
  return new Lexer(normalize(template)).run();
}

/** Line breaks are `\n`, and the last one does not count. */
function normalize(template: string): string {
  return template.replace(/\r\n?/g, '\n').replace(/\n$/, '');
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  /** Up to where lines have been counted. */
  #counted = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): Token[] {
    while (this.#at < this.#source.length) this.#root();
    this.#push('eof', '');
    return this.#tokens;
  }

  /** Data up to the next tag, then the tag. */
  #root(): void {
    const opener = this.#search(OPENERS);
    if (opener === null) {
      this.#data(this.#source.slice(this.#at));
      this.#at = this.#source.length;
      return;
    }
    const raw = RAW.exec(opener[0]);
    const sign = raw === null ? opener[2] : raw[1];
    this.#data(this.#strip(this.#at, opener.index, sign, opener[1] === '{'));
    this.#at = opener.index + opener[0].length;
    if (raw !== null) this.#raw();
    else if (opener[1] === '#') this.#comment();
    else this.#tag(opener[1] === '{' ? '{{' : '{%');
  }

  /** Source [from, to) before a tag: `-` takes the white space, `lstrip_blocks` that of the tag's own line. */
  #strip(from: number, to: number, sign: string, isVariable: boolean): string {
    const text = this.#source.slice(from, to);
    if (sign === '-') return text.trimEnd();
    if (sign === '+' || isVariable) return text;
    const lineStart = text.lastIndexOf('\n') + 1;
    const startsLine = lineStart > 0 || from === 0 || this.#source[from - 1] === '\n';
    return startsLine && text.slice(lineStart).trim() === '' ? text.slice(0, lineStart) : text;
  }

  #raw(): void {
    const end = this.#search(RAW_END);
    if (end === null) this.#fail('Missing end of raw directive');
    this.#data(this.#strip(this.#at, end.index, end[1], false));
    this.#at = end.index + end[0].length;
  }

  #comment(): void {
    const end = this.#search(COMMENT_END);
    if (end === null) this.#fail('Missing end of comment tag');
    this.#at = end.index + end[0].length;
  }

  #tag(begin: '{{' | '{%'): void {
    this.#push('begin', begin);
    const closing = begin === '{{' ? VARIABLE_END : BLOCK_END;
    const open: string[] = [];
    for (;;) {
      this.#match(SPACE);
      if (this.#at >= this.#source.length) {
        this.#fail(`unexpected end of template, expected '${begin === '{{' ? '}}' : '%}'}'`);
      }
      // Inside of braces `}}` closes two of them.
      if (open.length === 0 && this.#match(closing) !== null) break;
      this.#token(open);
    }
    this.#push('end', begin === '{{' ? '}}' : '%}');
  }

  #token(open: string[]): void {
    for (const [type, pattern] of LITERALS) {
      const source = this.#match(pattern);
      if (source === null) continue;
      const value = type === 'string' ? unescapeText(source.slice(1, -1)) : source;
      this.#push(type, type === 'name' || type === 'string' ? value : value.replaceAll('_', ''));
      return;
    }
    const operator = this.#match(OPERATOR);
    if (operator === null) this.#fail(`unexpected char '${this.#source[this.#at]}'`);
    const closes = { ')': '(', ']': '[', '}': '{' }[operator];
    if ('([{'.includes(operator)) open.push(operator);
    if (closes !== undefined && open.pop() !== closes) this.#fail(`unexpected '${operator}'`);
    this.#push('operator', operator);
  }

  #search(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    return pattern.exec(this.#source);
  }

  /** The match at this very place, which is passed. */
  #match(pattern: RegExp): string | null {
    const match = this.#search(pattern);
    if (match === null) return null;
    this.#at += match[0].length;
    return match[0];
  }

  #data(text: string): void {
    if (text !== '') this.#push('data', text);
  }

  #push(type: TokenType, value: string): void {
    this.#tokens.push({ type, value, line: this.#countLines() });
  }

  #countLines(): number {
    for (; this.#counted < this.#at; this.#counted++) if (this.#source[this.#counted] === '\n') this.#line++;
    return this.#line;
  }

  #fail(message: string): never {
    throw new JinjaError(`${message} (line ${this.#countLines()})`);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '\u0007',
  b: '\b',
  f: '\f',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Python's escapes; unknown ones stay as they are. */
function unescapeText(text: string): string {
  return text.replace(
    /\\(?:x([\da-f]{2})|u([\da-f]{4})|U([\da-f]{8})|([0-7]{1,3})|([\s\S]))/giu,
    (all, x?: string, u?: string, U?: string, octal?: string, letter?: string) => {
      const hex = x ?? u ?? U;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8));
      return ESCAPES[letter ?? ''] ?? all;
    },
  );
}
