/** Options whose values must fit each other or the model. */
import type { AttributeBody, GenerationArgs } from '../contract/attribute-request.ts';
import type { ModelInfo } from '../contract/catalogue.ts';
import { LIMITS } from '../contract/limits.ts';
import type { Issues } from './issues.ts';

/** Options of sampling, with the value that changes nothing. */
const SAMPLING = { temperature: 1, top_k: 50, top_p: 1 } as const;

/** Adds an issue for options that contradict the model or one another. */
export function checkOptions(body: AttributeBody, model: ModelInfo, issues: Issues): void {
  if (body.attribute_target && model.architecture === 'decoder-only') {
    issues.add(
      '#/attribute_target',
      `is for encoder-decoder models: "${model.id}" is decoder-only and always attributes its prefix. Leave it out.`,
    );
  }
  checkEffects(body, issues);
  checkSpan(body.attr_pos_start, body.attr_pos_end, issues);
  checkGeneration(body.generation_args, model, issues);
}

/** Adds an issue for options of generation that contradict the model or one another. */
export function checkGeneration(args: GenerationArgs, model: ModelInfo, issues: Issues): void {
  const { min_new_tokens: fewest = 0, max_new_tokens: most = LIMITS.defaultNewTokens } = args;
  if (fewest > most) {
    issues.add('#/generation_args/min_new_tokens', `must be at most max_new_tokens (${most}), got ${fewest}.`);
  }
  for (const name of ['bad_words_ids', 'suppress_tokens', 'begin_suppress_tokens'] as const) {
    const outside = args[name]?.flat().find((id) => id >= model.vocab_size);
    if (outside === undefined) continue;
    issues.add(
      `#/generation_args/${name}`,
      `has the token id ${outside}; those of "${model.id}" are less than ${model.vocab_size}.`,
    );
  }
}

/**
 * Options that are given and change nothing are mistakes, and the answer would not show them. Forced texts are left
 * alone: their generation_args come from a result's info, which can be sent again as it stands.
 */
function checkEffects(body: AttributeBody, issues: Issues): void {
  const { generation_args: given } = body;
  if (!given.do_sample && (body.generated_texts ?? null) === null) {
    for (const name of ['temperature', 'top_k', 'top_p'] as const) {
      if (given[name] === undefined || given[name] === SAMPLING[name]) continue;
      const remedy = `set \`do_sample\` to true, or leave \`${name}\` out`;
      issues.add(`#/generation_args/${name}`, `has no effect without sampling, got ${given[name]}: ${remedy}.`);
    }
  }
  if (body.skip_special_tokens && body.messages !== undefined) {
    issues.add(
      '#/skip_special_tokens',
      'has no effect on `messages`, whose special tokens the chat template writes: leave it out.',
    );
  }
}

/** Positions of the same sign can be compared before the length is known. */
function checkSpan(start: number | null, end: number | null, issues: Issues): void {
  if (start === null || end === null || start < 0 !== end < 0) return;
  if (start >= end) {
    issues.add(
      '#/attr_pos_start',
      `must be less than attr_pos_end, which is exclusive: got ${start} and ${end}, which leaves no token to attribute.`,
    );
  }
}
