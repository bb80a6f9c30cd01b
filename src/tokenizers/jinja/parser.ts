/** Parses a template's statements. */

import type { Body, Expression, Signature, Statement, Target } from './ast.ts';
import { parseExpression, parseFilters, parsePrimary, parseTuple } from './expressions.ts';
import { tokenize } from './lexer.ts';
import { TokenStream } from './tokens.ts';

/** @throws JinjaError with the line, where the template is none */
export function parseTemplate(template: string): Body {
  const tokens = new TokenStream(tokenize(template));
  const body = parseBody(tokens);
  if (!tokens.is('eof')) tokens.fail(`unexpected tag '${tokens.next.value}'`);
  return body;
}

/** Statements up to a tag that begins with one of the given names, whose `{%` is not passed. */
function parseBody(tokens: TokenStream, ...ends: string[]): Body {
  const body: Statement[] = [];
  while (!tokens.is('eof')) {
    if (tokens.is('data')) {
      body.push({ type: 'Data', text: tokens.take().value });
    } else if (tokens.skip('begin', '{{')) {
      body.push({ type: 'Output', node: parseTuple(tokens) });
      tokens.expect('end', '}}');
    } else {
      if (tokens.next.type === 'name' && ends.includes(tokens.next.value)) return body;
      tokens.expect('begin', '{%');
      body.push(...parseStatement(tokens));
    }
  }
  if (ends.length > 0) tokens.fail(`unexpected end of template, expected '${ends.join("' or '")}'`);
  return body;
}

/** The body up to its end tag, which is passed. */
function parseBlock(tokens: TokenStream, end: string): Body {
  tokens.expect('end', '%}');
  const body = parseBody(tokens, end);
  endTag(tokens, end);
  return body;
}

function endTag(tokens: TokenStream, name: string): void {
  tokens.expect('begin', '{%');
  tokens.expect('name', name);
  tokens.expect('end', '%}');
}

function parseStatement(tokens: TokenStream): Body {
  const tag = tokens.expect('name').value;
  switch (tag) {
    case 'if':
      return [parseIf(tokens)];
    case 'for':
      return [parseFor(tokens)];
    case 'set':
      return [parseSet(tokens)];
    case 'macro':
      return [parseMacro(tokens)];
    case 'call':
      return [parseCall(tokens)];
    case 'filter': {
      const filter = parseFilters(tokens, null, true);
      return [{ type: 'FilterBlock', filter, body: parseBlock(tokens, 'endfilter') }];
    }
    case 'with':
      return [parseWith(tokens)];
    case 'generation':
      // transformers marks with it which tokens an assistant wrote; the text is the same.
      return [{ type: 'With', assignments: [], body: parseBlock(tokens, 'endgeneration') }];
    case 'block': {
      const name = tokens.expect('name').value;
      tokens.skip('name', 'scoped');
      tokens.skip('name', 'required');
      tokens.expect('end', '%}');
      const body = parseBody(tokens, 'endblock');
      tokens.expect('begin', '{%');
      tokens.expect('name', 'endblock');
      tokens.skip('name', name);
      tokens.expect('end', '%}');
      return [{ type: 'With', assignments: [], body }];
    }
    case 'print': {
      const nodes = [parseExpression(tokens)];
      while (tokens.skip('operator', ',')) nodes.push(parseExpression(tokens));
      tokens.expect('end', '%}');
      return nodes.map((node) => ({ type: 'Output', node }));
    }
    case 'break':
    case 'continue':
      tokens.expect('end', '%}');
      return [{ type: tag === 'break' ? 'Break' : 'Continue' }];
    default:
      return tokens.fail(`the tag '${tag}' is unknown or not allowed in chat templates`);
  }
}

function parseIf(tokens: TokenStream): Statement {
  const branches: { test: Expression; body: Body }[] = [];
  let otherwise: Body = [];
  for (let tag = 'if'; ; tag = tokens.expect('name').value) {
    if (tag === 'endif') break;
    const test = tag === 'else' ? null : parseTuple(tokens, { noCondition: true });
    tokens.expect('end', '%}');
    const body = test === null ? parseBody(tokens, 'endif') : parseBody(tokens, 'elif', 'else', 'endif');
    tokens.expect('begin', '{%');
    if (test === null) otherwise = body;
    else branches.push({ test, body });
  }
  tokens.expect('end', '%}');
  return { type: 'If', branches, otherwise };
}

function parseFor(tokens: TokenStream): Statement {
  const target = parseTarget(tokens);
  tokens.expect('name', 'in');
  const iterable = parseTuple(tokens, { noCondition: true, endName: 'recursive' });
  const test = tokens.skip('name', 'if') ? parseExpression(tokens) : null;
  const recursive = tokens.skip('name', 'recursive');
  tokens.expect('end', '%}');
  const body = parseBody(tokens, 'endfor', 'else');
  tokens.expect('begin', '{%');
  let otherwise: Body = [];
  if (tokens.skip('name', 'else')) {
    tokens.expect('end', '%}');
    otherwise = parseBody(tokens, 'endfor');
    tokens.expect('begin', '{%');
  }
  tokens.expect('name', 'endfor');
  tokens.expect('end', '%}');
  return { type: 'For', target, iterable, test, recursive, body, otherwise };
}

function parseSet(tokens: TokenStream): Statement {
  const target = parseTarget(tokens);
  if (tokens.skip('operator', '=')) {
    const value = parseTuple(tokens);
    tokens.expect('end', '%}');
    return { type: 'Set', target, value };
  }
  const filter = tokens.skip('operator', '|') ? parseFilters(tokens, null, true) : null;
  return { type: 'SetBlock', target, filter, body: parseBlock(tokens, 'endset') };
}

function parseMacro(tokens: TokenStream): Statement {
  const name = tokens.expect('name').value;
  const signature = parseSignature(tokens);
  return { type: 'Macro', name, signature, body: parseBlock(tokens, 'endmacro') };
}

function parseCall(tokens: TokenStream): Statement {
  const signature = tokens.is('operator', '(') ? parseSignature(tokens) : { names: [], defaults: [] };
  const call = parseExpression(tokens);
  if (call.type !== 'Call') tokens.fail("expected a call after the tag 'call'");
  return { type: 'CallBlock', call, signature, body: parseBlock(tokens, 'endcall') };
}

function parseSignature(tokens: TokenStream): Signature {
  tokens.expect('operator', '(');
  const names: string[] = [];
  const defaults: Expression[] = [];
  while (!tokens.skip('operator', ')')) {
    if (names.length > 0) tokens.expect('operator', ',');
    names.push(tokens.expect('name').value);
    if (tokens.skip('operator', '=')) defaults.push(parseExpression(tokens));
    else if (defaults.length > 0) tokens.fail('a parameter without a default follows one with a default');
  }
  return { names, defaults };
}

function parseWith(tokens: TokenStream): Statement {
  const assignments: [Target, Expression][] = [];
  while (!tokens.is('end')) {
    if (assignments.length > 0) tokens.expect('operator', ',');
    const target = parseTarget(tokens);
    tokens.expect('operator', '=');
    assignments.push([target, parseExpression(tokens)]);
  }
  return { type: 'With', assignments, body: parseBlock(tokens, 'endwith') };
}

/** A name, `namespace.attribute`, or several with commas between them. */
function parseTarget(tokens: TokenStream): Target {
  const items: Target[] = [];
  let isTuple = false;
  do {
    if (!tokens.is('name') && !tokens.is('operator', '(')) break;
    items.push(parseSingleTarget(tokens));
    isTuple ||= tokens.is('operator', ',');
  } while (tokens.skip('operator', ',') && !tokens.is('operator', '=') && !tokens.is('name', 'in'));
  if (items.length === 0) tokens.fail('expected a name to assign to');
  return isTuple ? { type: 'Tuple', items } : items[0];
}

function parseSingleTarget(tokens: TokenStream): Target {
  if (tokens.skip('operator', '(')) {
    const target = parseTarget(tokens);
    tokens.expect('operator', ')');
    return target;
  }
  const node = parsePrimary(tokens);
  if (node.type !== 'Name') return tokens.fail('cannot assign to a constant');
  if (!tokens.skip('operator', '.')) return { type: 'Name', name: node.name };
  return { type: 'NSRef', name: node.name, attribute: tokens.expect('name').value };
}
