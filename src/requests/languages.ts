/** Language codes of multilingual models. */
import type { AttributeBody } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import { suggestion } from '../validation/nearest.ts';
import type { Issues } from './issues.ts';

/** Adds an issue for a code on a model without languages, and for an unknown code. */
export function checkLanguages(
  body: Pick<AttributeBody, 'src_lang' | 'tgt_lang'>,
  model: ModelInfo,
  issues: Issues,
): void {
  for (const field of ['src_lang', 'tgt_lang'] as const) {
    const code = body[field];
    if (code === null) continue;
    if (model.languages === null) {
      issues.add(`#/${field}`, `the model "${model.id}" has no language codes: leave \`${field}\` out.`);
    } else if (field === 'src_lang' && model.model_type === 'marian') {
      issues.add(
        '#/src_lang',
        `the languages of the model "${model.id}" are those that it translates into: leave \`src_lang\` out.`,
      );
    } else if (!model.languages.includes(code)) {
      issues.add(
        `#/${field}`,
        `the model "${model.id}" does not know the language "${code}".${suggestion(code, model.languages, 'codes')}`,
      );
    }
  }
}
