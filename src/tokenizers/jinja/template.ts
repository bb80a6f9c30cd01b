/**
 * Jinja templates as Python's Jinja renders them where transformers sets it up: its sandbox, `trim_blocks`,
 * `lstrip_blocks`, loop controls, the tag `generation`, and a `tojson` that escapes no HTML.
 *
 * @huggingface/jinja is not used: of 230 snippets that Python renders it gives half otherwise or not at all, much of it
 * in its parser, and it bounds neither time nor memory.
 */

import type { Body } from './ast.ts';
import { Budget } from './budget.ts';
import { JinjaError } from './errors.ts';
import { createGlobals } from './globals.ts';
import { Interpreter } from './interpreter.ts';
import { parseTemplate } from './parser.ts';
import { Scope } from './scope.ts';
import { fromJs } from './values.ts';

export class Template {
  readonly #source: string;
  readonly #body: Body;

  /** @throws JinjaError with the line, where the template is none */
  constructor(source: string) {
    this.#source = source;
    this.#body = withoutOverflow(() => parseTemplate(source));
  }

  /**
   * @param variables - JSON values by name
   * @throws JinjaError where the template raises an exception, or does more than it may
   */
  render(variables: Readonly<Record<string, unknown>>): string {
    const budget = new Budget(this.#source.length + JSON.stringify(variables).length);
    const globals = new Scope(null, createGlobals(budget));
    const given = Object.entries(variables).map(([name, value]) => [name, fromJs(value)] as const);
    return withoutOverflow(() => new Interpreter(budget).render(this.#body, new Scope(globals, given)));
  }
}

/** Parentheses or data that nest thousands of levels deep overflow the stack. */
function withoutOverflow<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) throw new JinjaError(`the template nests too deeply or makes too long a text`);
    throw error;
  }
}
