/** Parses Jinja's expressions, with its precedences: a filter binds before `**`, and `~` between `+` and `*`. */

import type { Arguments, Expression, FilterExpression } from './ast.ts';
import type { TokenStream } from './tokens.ts';

const CONSTANTS: ReadonlyMap<string, null | boolean> = new Map([
  ['true', true],
  ['True', true],
  ['false', false],
  ['False', false],
  ['none', null],
  ['None', null],
]);

const NO_ARGUMENTS: Arguments = { positional: [], named: [], list: null, mapping: null };

interface TupleOptions {
  /** Without `a if b else c`. */
  readonly noCondition?: boolean;
  /** A name that ends the tuple. */
  readonly endName?: string;
  /** `()` is allowed. */
  readonly inParentheses?: boolean;
}

/** One expression, or a tuple of several with commas between them. */
export function parseTuple(tokens: TokenStream, options: TupleOptions = {}): Expression {
  const items: Expression[] = [];
  let isTuple = false;
  const isEnd = (): boolean =>
    tokens.is('end') ||
    tokens.is('operator', ')') ||
    (options.endName !== undefined && tokens.is('name', options.endName));
  while (!isEnd()) {
    items.push(options.noCondition ? parseOr(tokens) : parseExpression(tokens));
    if (!tokens.skip('operator', ',')) break;
    isTuple = true;
  }
  if (!isTuple && items.length === 1) return items[0];
  if (items.length === 0 && !options.inParentheses) tokens.fail('expected an expression');
  return { type: 'Tuple', items };
}

export function parseExpression(tokens: TokenStream): Expression {
  let node = parseOr(tokens);
  while (tokens.skip('name', 'if')) {
    const test = parseOr(tokens);
    const otherwise = tokens.skip('name', 'else') ? parseExpression(tokens) : null;
    node = { type: 'CondExpr', test, value: node, otherwise };
  }
  return node;
}

function parseOr(tokens: TokenStream): Expression {
  let left = parseAnd(tokens);
  while (tokens.skip('name', 'or')) left = { type: 'Or', left, right: parseAnd(tokens) };
  return left;
}

function parseAnd(tokens: TokenStream): Expression {
  let left = parseNot(tokens);
  while (tokens.skip('name', 'and')) left = { type: 'And', left, right: parseNot(tokens) };
  return left;
}

function parseNot(tokens: TokenStream): Expression {
  return tokens.skip('name', 'not') ? { type: 'Not', node: parseNot(tokens) } : parseCompare(tokens);
}

function parseCompare(tokens: TokenStream): Expression {
  const first = parseSum(tokens);
  const rest: { operator: string; node: Expression }[] = [];
  for (;;) {
    if (tokens.is('operator', '==', '!=', '<', '<=', '>', '>=')) {
      const operator = tokens.take().value;
      rest.push({ operator, node: parseSum(tokens) });
    } else if (tokens.skip('name', 'in')) {
      rest.push({ operator: 'in', node: parseSum(tokens) });
    } else if (tokens.is('name', 'not') && tokens.next.type === 'name' && tokens.next.value === 'in') {
      tokens.take();
      tokens.take();
      rest.push({ operator: 'not in', node: parseSum(tokens) });
    } else {
      return rest.length === 0 ? first : { type: 'Compare', first, rest };
    }
  }
}

function parseBinary(tokens: TokenStream, operators: string[], parse: (tokens: TokenStream) => Expression): Expression {
  let left = parse(tokens);
  while (tokens.is('operator', ...operators)) {
    const operator = tokens.take().value;
    left = { type: 'Binary', operator, left, right: parse(tokens) };
  }
  return left;
}

function parseSum(tokens: TokenStream): Expression {
  return parseBinary(tokens, ['+', '-'], parseConcat);
}

function parseConcat(tokens: TokenStream): Expression {
  const nodes = [parseProduct(tokens)];
  while (tokens.skip('operator', '~')) nodes.push(parseProduct(tokens));
  return nodes.length === 1 ? nodes[0] : { type: 'Concat', nodes };
}

function parseProduct(tokens: TokenStream): Expression {
  return parseBinary(tokens, ['*', '/', '//', '%'], parsePower);
}

function parsePower(tokens: TokenStream): Expression {
  return parseBinary(tokens, ['**'], parseUnary);
}

function parseUnary(tokens: TokenStream, withFilter: unknown = true): Expression {
  let node: Expression;
  if (tokens.skip('operator', '-')) node = { type: 'Unary', operator: '-', node: parseUnary(tokens, false) };
  else if (tokens.skip('operator', '+')) node = { type: 'Unary', operator: '+', node: parseUnary(tokens, false) };
  else node = parsePrimary(tokens);
  node = parsePostfix(tokens, node);
  return withFilter === false ? node : parseFiltersAndTests(tokens, node);
}

export function parsePrimary(tokens: TokenStream): Expression {
  const token = tokens.take();
  switch (token.type) {
    case 'name': {
      const constant = CONSTANTS.get(token.value);
      return constant === undefined ? { type: 'Name', name: token.value } : { type: 'Const', value: constant };
    }
    case 'string': {
      let value = token.value;
      while (tokens.is('string')) value += tokens.take().value;
      return { type: 'Const', value };
    }
    case 'integer':
      return { type: 'Const', value: BigInt(token.value) };
    case 'float':
      return { type: 'Const', value: Number(token.value) };
    case 'operator':
      if (token.value === '(') {
        const node = parseTuple(tokens, { inParentheses: true });
        tokens.expect('operator', ')');
        return node;
      }
      if (token.value === '[') return { type: 'List', items: parseItems(tokens, ']', parseExpression) };
      if (token.value === '{') return { type: 'Dict', items: parseItems(tokens, '}', parsePair) };
  }
  return tokens.fail(`unexpected ${token.type === 'eof' ? 'end of template' : `'${token.value}'`}`);
}

function parseItems<T>(tokens: TokenStream, end: string, parse: (tokens: TokenStream) => T): T[] {
  const items: T[] = [];
  while (!tokens.skip('operator', end)) {
    if (items.length > 0) tokens.expect('operator', ',');
    if (tokens.skip('operator', end)) break;
    items.push(parse(tokens));
  }
  return items;
}

function parsePair(tokens: TokenStream): [Expression, Expression] {
  const key = parseExpression(tokens);
  tokens.expect('operator', ':');
  return [key, parseExpression(tokens)];
}

function parsePostfix(tokens: TokenStream, start: Expression): Expression {
  let node = start;
  for (;;) {
    if (tokens.skip('operator', '.')) node = parseAttribute(tokens, node);
    else if (tokens.skip('operator', '[')) node = { type: 'Getitem', node, item: parseSubscript(tokens) };
    else if (tokens.is('operator', '(')) node = { type: 'Call', node, args: parseArguments(tokens) };
    else return node;
  }
}

function parseAttribute(tokens: TokenStream, node: Expression): Expression {
  if (tokens.is('integer')) {
    return { type: 'Getitem', node, item: { type: 'Const', value: BigInt(tokens.take().value) } };
  }
  return { type: 'Getattr', node, name: tokens.expect('name').value };
}

function parseSubscript(tokens: TokenStream): Expression {
  const items: Expression[] = [];
  while (!tokens.skip('operator', ']')) {
    if (items.length > 0) tokens.expect('operator', ',');
    items.push(parseIndex(tokens));
  }
  if (items.length === 0) tokens.fail('expected a subscript');
  return items.length === 1 ? items[0] : { type: 'Tuple', items };
}

function parseIndex(tokens: TokenStream): Expression {
  const part = (): Expression | null => (tokens.is('operator', ':', ']', ',') ? null : parseExpression(tokens));
  const start = part();
  if (start !== null && !tokens.is('operator', ':')) return start;
  tokens.expect('operator', ':');
  const stop = part();
  const step = tokens.skip('operator', ':') ? part() : null;
  return { type: 'Slice', start, stop, step };
}

function parseFiltersAndTests(tokens: TokenStream, start: Expression): Expression {
  let node = start;
  for (;;) {
    if (tokens.is('operator', '|')) node = parseFilters(tokens, node);
    else if (tokens.skip('name', 'is')) node = parseTest(tokens, node);
    else if (tokens.is('operator', '(')) node = { type: 'Call', node, args: parseArguments(tokens) };
    else return node;
  }
}

/** `| a | b(…)`; of a filter block the first name stands without `|`. */
export function parseFilters(tokens: TokenStream, node: Expression): Expression;
export function parseFilters(tokens: TokenStream, node: null, isBlock: boolean): FilterExpression;
export function parseFilters(tokens: TokenStream, start: Expression | null, isBlock = false): Expression | null {
  let node = start;
  let isFirst = isBlock;
  while (isFirst || tokens.skip('operator', '|')) {
    isFirst = false;
    const name = parseDottedName(tokens);
    node = { type: 'Filter', node, name, args: tokens.is('operator', '(') ? parseArguments(tokens) : NO_ARGUMENTS };
  }
  return node;
}

function parseDottedName(tokens: TokenStream): string {
  let name = tokens.expect('name').value;
  while (tokens.skip('operator', '.')) name += `.${tokens.expect('name').value}`;
  return name;
}

function parseTest(tokens: TokenStream, node: Expression): Expression {
  const negated = tokens.skip('name', 'not');
  const name = parseDottedName(tokens);
  return { type: 'Test', node, name, negated, args: parseTestArguments(tokens) };
}

function parseTestArguments(tokens: TokenStream): Arguments {
  if (tokens.is('operator', '(')) return parseArguments(tokens);
  const isArgument =
    tokens.is('string') ||
    tokens.is('integer') ||
    tokens.is('float') ||
    tokens.is('operator', '[', '{') ||
    (tokens.is('name') && !tokens.is('name', 'else', 'or', 'and', 'is'));
  if (tokens.is('name', 'is')) tokens.fail("tests with 'is' cannot be chained");
  if (!isArgument) return NO_ARGUMENTS;
  return { ...NO_ARGUMENTS, positional: [parsePostfix(tokens, parsePrimary(tokens))] };
}

function parseArguments(tokens: TokenStream): Arguments {
  tokens.expect('operator', '(');
  const positional: Expression[] = [];
  const named: [string, Expression][] = [];
  let list: Expression | null = null;
  let mapping: Expression | null = null;
  let isFirst = true;
  while (!tokens.skip('operator', ')')) {
    if (!isFirst) tokens.expect('operator', ',');
    isFirst = false;
    if (tokens.skip('operator', ')')) break;
    if (tokens.skip('operator', '*')) list = parseExpression(tokens);
    else if (tokens.skip('operator', '**')) mapping = parseExpression(tokens);
    else if (tokens.is('name') && tokens.next.type === 'operator' && tokens.next.value === '=') {
      const name = tokens.take().value;
      tokens.take();
      named.push([name, parseExpression(tokens)]);
    } else if (named.length > 0) tokens.fail('a positional argument follows a named one');
    else positional.push(parseExpression(tokens));
  }
  return { positional, named, list, mapping };
}
