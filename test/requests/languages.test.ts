import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AttributeBody } from '../../src/contract/attribute-request.ts';
import type { ModelInfo } from '../../src/contract/catalogue.ts';
import { Issues } from '../../src/requests/issues.ts';
import { checkLanguages } from '../../src/requests/languages.ts';

const issuesOf = (codes: Pick<AttributeBody, 'src_lang' | 'tgt_lang'>) => {
  const model = { id: 'opus', model_type: 'marian', languages: ['fra', 'ita'] } as ModelInfo;
  const issues = new Issues();
  checkLanguages(codes as AttributeBody, model, issues);
  return issues.errors;
};

test('Marian takes the language to translate into, and none for the source', () => {
  assert.deepEqual(issuesOf({ src_lang: null, tgt_lang: 'fra' }), []);
  const [source, target, ...rest] = issuesOf({ src_lang: 'fra', tgt_lang: 'ital' });
  assert.equal(source.pointer, '#/src_lang');
  assert.match(source.detail, /leave `src_lang` out/);
  assert.match(target.detail, /does not know the language "ital"\. Did you mean "ita"\? Known codes: fra, ita/);
  assert.deepEqual(rest, []);
});
