/**
 * Oniguruma's regular expressions, which Python's tokenizers run, as JavaScript's.
 *
 * The two differ in syntax and in classes (`(?m:` is the other's `s`, `\s` and `\w` hold other characters, `\R`, `a++`
 * and `(?>a)` are unknown to the other). oniguruma-to-es translates them; the little that it would translate to something
 * else is rewritten first, or refused.
 */

import { toOnigurumaAst } from 'oniguruma-parser';
import { generate } from 'oniguruma-parser/generator';
import { traverse } from 'oniguruma-parser/traverser';
import { toRegExp } from 'oniguruma-to-es';

type OnigurumaAst = ReturnType<typeof toOnigurumaAst>;

/** A global regular expression that finds what Oniguruma finds. @throws Error where there is none */
export function fromOniguruma(pattern: string): RegExp {
  const ast = toOnigurumaAst(pattern);
  checkOptions(ast);
  rewriteWords(ast);
  const regex = toRegExp(generate(ast).pattern, { global: true, target: 'auto' });
  if (regex.ignoreCase) checkCaseProperties(ast);
  return regex;
}

/** In Oniguruma `a(?i)b|c` is `a(?i:b|c)`. */
function checkOptions(ast: OnigurumaAst): void {
  traverse(ast, {
    Alternative({ node, key, container }) {
      const isLast = container === null || key === container.length - 1;
      if (!isLast && node.body.some(({ type }, index) => type === 'Directive' && index > 0)) {
        throw new Error('an option such as (?i) before "|" must stand at the start, or be written as (?i:…)');
      }
    },
    CharacterSet({ node }) {
      if (node.kind === 'text_segment') throw new Error('\\X is not supported');
    },
  });
}

/** In Oniguruma `\p{Lu}` means capital letters under `(?i)` too. */
function checkCaseProperties(ast: OnigurumaAst): void {
  traverse(ast, {
    CharacterSet({ node }) {
      if (node.kind === 'property' && /^(l[ult]|.*(upper|lower|title)case.*|upper|lower)$/i.test(node.value)) {
        throw new Error(`\\p{${node.value}} under (?i) is not supported`);
      }
    },
  });
}

const WORD = '[:word:]\\x{B2}\\x{B3}\\x{B9}\\x{BC}-\\x{BE}';

function parsePart(pattern: string) {
  return toOnigurumaAst(pattern).body[0].body[0];
}

/** `\w` is `[[:word:]]` inside of a class; outside, and for `\b`, Latin-1's fractions and superscripts are words too. */
function rewriteWords(ast: OnigurumaAst): void {
  traverse(ast, {
    CharacterSet({ node, parent, replaceWith }) {
      if (node.kind !== 'word') return;
      const caret = node.negate ? '^' : '';
      const word = parent?.type === 'CharacterClass' ? `[[:${caret}word:]]` : `[${caret}${WORD}]`;
      replaceWith(parsePart(word));
    },
    Assertion({ node, replaceWith }) {
      if (node.kind !== 'word_boundary') return;
      const [before, after] = node.negate ? ['(?!', '(?='] : ['(?=', '(?!'];
      replaceWith(parsePart(`(?:(?<=[${WORD}])${after}[${WORD}])|(?<![${WORD}])${before}[${WORD}]))`));
    },
  });
}
