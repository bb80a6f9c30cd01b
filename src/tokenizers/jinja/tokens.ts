/** The tokens of a template, read one after another. */

import { JinjaError } from './errors.ts';
import type { Token, TokenType } from './lexer.ts';

export class TokenStream {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get current(): Token {
    return this.#tokens[this.#at];
  }

  /** The token after the current one. */
  get next(): Token {
    return this.#tokens[Math.min(this.#at + 1, this.#tokens.length - 1)];
  }

  /** Whether the current token is of a type, and has one of the values where some are given. */
  is(type: TokenType, ...values: string[]): boolean {
    const { current } = this;
    return current.type === type && (values.length === 0 || values.includes(current.value));
  }

  /** Passes the current token and returns it. */
  take(): Token {
    const { current } = this;
    if (current.type !== 'eof') this.#at++;
    return current;
  }

  /** Passes the current token if it is the wanted one. */
  skip(type: TokenType, ...values: string[]): boolean {
    if (!this.is(type, ...values)) return false;
    this.take();
    return true;
  }

  expect(type: TokenType, value?: string): Token {
    if (value === undefined ? this.is(type) : this.is(type, value)) return this.take();
    const { current } = this;
    const got = current.type === 'eof' ? 'end of template' : `'${current.value}'`;
    this.fail(`expected ${value === undefined ? `a ${type}` : `'${value}'`}, got ${got}`);
  }

  fail(message: string): never {
    throw new JinjaError(`${message} (line ${this.current.line})`);
  }
}
