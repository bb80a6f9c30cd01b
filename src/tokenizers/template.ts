/** What a post-processor of tokenizer.json puts around a single text. */

import { TokenizerError } from './errors.ts';
import { asArray, asNumber, asObject, asObjects, asString, type JsonObject } from './json.ts';

/** Ids before and after the text. */
export interface Template {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
}

const NOTHING: Template = { prefix: [], suffix: [] };

/** @throws TokenizerError for a type that is not known */
export function readTemplate(config: JsonObject | null): Template {
  if (config === null) return NOTHING;
  switch (asString(config.type)) {
    case 'ByteLevel':
      return NOTHING;
    case 'TemplateProcessing':
      return readTemplateProcessing(config);
    case 'BertProcessing':
    case 'RobertaProcessing':
      return { prefix: idOf(config.cls), suffix: idOf(config.sep) };
    case 'Sequence': {
      const parts = asObjects(config.processors).map(readTemplate);
      // Later processors put their tokens around what earlier ones made.
      return {
        prefix: parts.toReversed().flatMap(({ prefix }) => prefix),
        suffix: parts.flatMap(({ suffix }) => suffix),
      };
    }
    default:
      throw new TokenizerError(`the post-processor ${JSON.stringify(config.type)} of tokenizer.json is not supported`);
  }
}

function readTemplateProcessing(config: JsonObject): Template {
  const specials = asObject(config.special_tokens);
  const prefix: number[] = [];
  const suffix: number[] = [];
  let into = prefix;
  for (const item of asObjects(config.single)) {
    const special = asObject(item.SpecialToken);
    if (special === null) into = suffix;
    else
      into.push(...asArray(asObject(specials?.[asString(special.id) ?? ''])?.ids).flatMap((id) => asNumber(id) ?? []));
  }
  return { prefix, suffix };
}

/** The pair ["</s>", 2]. */
function idOf(pair: unknown): number[] {
  const id = asNumber(asArray(pair)[1]);
  return id === null ? [] : [id];
}
