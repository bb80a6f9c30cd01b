/** What a post-processor of tokenizer.json puts around a single text, and how it trims what tokens cover. */

import { TokenizerError } from './errors.ts';
import { asArray, asNumber, asObject, asObjects, asString, type JsonObject } from './json.ts';

/** Ids before and after the text. */
export interface Template {
  readonly prefix: readonly number[];
  readonly suffix: readonly number[];
  /** Whether tokens cover the white space at their ends; absent: they do. */
  readonly trim?: Trim;
}

/** `prefix`: one space at the start of the text counts as put there by the tokenizer, and is not trimmed. */
export type Trim = 'all' | 'all but prefix';

const NOTHING: Template = { prefix: [], suffix: [] };

/** @throws TokenizerError for a type that is not known */
export function readTemplate(config: JsonObject | null): Template {
  if (config === null) return NOTHING;
  switch (asString(config.type)) {
    case 'ByteLevel':
      return { ...NOTHING, trim: trimOf(config) };
    case 'TemplateProcessing':
      return readTemplateProcessing(config);
    case 'BertProcessing':
      return { prefix: idOf(config.cls), suffix: idOf(config.sep) };
    case 'RobertaProcessing':
      return { prefix: idOf(config.cls), suffix: idOf(config.sep), trim: trimOf(config) };
    case 'Sequence': {
      const parts = asObjects(config.processors).map(readTemplate);
      // Later processors put their tokens around what earlier ones made.
      return {
        prefix: parts.toReversed().flatMap(({ prefix }) => prefix),
        suffix: parts.flatMap(({ suffix }) => suffix),
        trim: parts.find(({ trim }) => trim !== undefined)?.trim,
      };
    }
    default:
      throw new TokenizerError(`the post-processor ${JSON.stringify(config.type)} of tokenizer.json is not supported`);
  }
}

function trimOf(config: JsonObject): Trim | undefined {
  if (config.trim_offsets !== true) return undefined;
  return config.add_prefix_space === true ? 'all but prefix' : 'all';
}

/** Byte-level tokenizers write the common space as Ġ. */
const IS_SPACE = /[Ġ\p{White_Space}]/u;

/**
 * What a token covers, without the white space at its ends; nothing, at its end, where it is all white space.
 * @param written - the token as the vocabulary has it, or the text that an added token takes
 * @param range - code units [start, end) that it covers
 */
export function trimRange(
  written: string,
  [start, end]: readonly [start: number, end: number],
  isFirst: boolean,
  trim: Trim,
): [start: number, end: number] {
  let leading = 0;
  while (leading < written.length && IS_SPACE.test(written[leading])) leading++;
  let trailing = 0;
  while (trailing < written.length && IS_SPACE.test(written[written.length - 1 - trailing])) trailing++;
  const isPrefix = trim === 'all but prefix' && leading === 1 && (isFirst || start === 0);
  const from = isPrefix ? start : Math.min(start + leading, end);
  return [from, end < trailing ? end : Math.max(end - trailing, from)];
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
