/** Snippets of templates, held against Python's Jinja as transformers sets it up. */

import assert from 'node:assert/strict';
import fs from 'node:fs';
import { describe, test } from 'node:test';
import { Template } from '../../../src/tokenizers/jinja/template.ts';

interface Snippet {
  template: string;
  text?: string;
  /** The type and words of Python's exception. */
  error?: string;
}

const { context, groups }: { context: Record<string, unknown>; groups: Record<string, Snippet[]> } = JSON.parse(
  fs.readFileSync(new URL('../../fixtures/jinja/snippets.json', import.meta.url), 'utf8'),
);

for (const [name, snippets] of Object.entries(groups)) {
  describe(name, () => {
    for (const { template, text, error } of snippets) {
      test(template, () => {
        const render = () => new Template(template).render(context);
        if (error === undefined) assert.equal(render(), text);
        else assert.throws(render, { name: 'JinjaError' }, error);
      });
    }
  });
}

test('what Python allows and is not supported is refused by its name', () => {
  const refused: [template: string, name: RegExp][] = [
    ["{{ 'a b' | wordwrap(1) }}", /No filter named 'wordwrap'; known are abs, /],
    ["{{ '<b>' | striptags }}", /No filter named 'striptags'/],
    ["{% autoescape true %}{{ '<' }}{% endautoescape %}", /the tag 'autoescape' is unknown or not allowed/],
    ["{{ 'a'.encode() }}", /the method 'str.encode' is not supported/],
  ];
  for (const [template, message] of refused) assert.throws(() => new Template(template).render({}), message);
});

test('errors have the words of Python’s, and the line where the template is none', () => {
  const errors: [template: string, message: RegExp][] = [
    ["{{ raise_exception('Only user!') }}", /^Only user!$/],
    ['{{ missing.attribute }}', /^'missing' is undefined$/],
    ['{{ messages[0].name.first }}', /^'dict object' has no attribute 'name'$/],
    ["{{ 'a' < 1 }}", /^'<' not supported between instances of 'str' and 'int'$/],
    ['a\n{% if true %}', /\(line 2\)$/],
  ];
  for (const [template, message] of errors) assert.throws(() => new Template(template).render(context), { message });
});
