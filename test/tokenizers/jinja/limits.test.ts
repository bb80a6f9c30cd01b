/** Templates that would take all time or memory end in an error, in bounded time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Template } from '../../../src/tokenizers/jinja/template.ts';

const HOSTILE: Record<string, string> = {
  'nested loops': '{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}',
  'nested loops of a text':
    '{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}x{% endfor %}{% endfor %}{% endfor %}',
  'a huge range': '{% for a in range(10 ** 9) %}{% endfor %}',
  'a long text': "{{ 'a' * 10 ** 12 }}",
  'a text that doubles':
    "{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
  'a text that doubles by ~':
    "{% set ns = namespace(x='ab') %}{% for i in range(64) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
  'a list that doubles':
    '{% set ns = namespace(x=[1]) %}{% for i in range(64) %}{% set ns.x = ns.x + ns.x %}{% endfor %}',
  'a list times a number': '{{ ([1] * 10 ** 10) | length }}',
  'replacements that grow':
    "{% set ns = namespace(x='aa') %}{% for i in range(64) %}{% set ns.x = ns.x.replace('a', 'aa') %}{% endfor %}",
  'joins that grow':
    "{% set ns = namespace(x='aa') %}{% for i in range(64) %}{% set ns.x = ns.x.join([ns.x, ns.x]) %}{% endfor %}",
  'a large power': '{{ 10 ** (10 ** 10) }}',
  'an int that squares':
    '{% set ns = namespace(x=10) %}{% for i in range(64) %}{% set ns.x = ns.x * ns.x %}{% endfor %}',
  'a wide format': "{{ '%1000000000d' % 1 }}{{ '{:>1000000000}'.format(1) }}",
  'a wide center': "{{ 'a'.center(10 ** 10) }}",
  'a macro that calls itself': '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}',
  'macros that branch': '{% macro f(n) %}{% if n %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(60) }}',
  'deep parentheses': `{{ ${'('.repeat(50_000)}1${')'.repeat(50_000)} }}`,
  'deep lists': `{{ ${'['.repeat(50_000)}${']'.repeat(50_000)} }}`,
  'deep data': '{% set ns = namespace(x=[]) %}{% for i in range(50000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}',
};

for (const [name, template] of Object.entries(HOSTILE)) {
  test(name, () => {
    const before = process.cpuUsage();
    assert.throws(() => new Template(template).render({}), { name: 'JinjaError' });
    const seconds = process.cpuUsage(before).user / 1e6;
    assert.ok(seconds < 10, `${seconds} s`);
    assert.ok(process.memoryUsage().rss < 2 ** 30, 'less than 1 GiB');
  });
}

test('what is given may be long', () => {
  const messages = Array.from({ length: 200 }, () => ({ role: 'user', content: 'long '.repeat(4000) }));
  const template = "{% for m in messages %}{{ '<' + m.role + '>' + m.content.strip() | trim + '\\n' }}{% endfor %}";
  assert.ok(new Template(template).render({ messages }).length > 3_900_000);
});
