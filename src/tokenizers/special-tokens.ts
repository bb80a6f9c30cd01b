/** Special tokens as transformers sees them: tokenizer_config.json, special_tokens_map.json, the class's defaults. */

import { asArray, asObject, asString, type JsonObject } from './json.ts';

export const SPECIAL_NAMES = ['bos', 'eos', 'unk', 'sep', 'pad', 'cls', 'mask'] as const;

export type SpecialName = (typeof SPECIAL_NAMES)[number];

/** What the Python classes assume when the files are silent. */
const DEFAULTS: readonly [classes: RegExp, tokens: Partial<Record<SpecialName, string>>][] = [
  [/^(GPT2|GPTNeoX|CodeGen)Tokenizer/, { bos: '<|endoftext|>', eos: '<|endoftext|>', unk: '<|endoftext|>' }],
  [/^Qwen2Tokenizer/, { eos: '<|endoftext|>', unk: '<|endoftext|>', pad: '<|endoftext|>' }],
  [/^(Code)?LlamaTokenizer/, { bos: '<s>', eos: '</s>', unk: '<unk>' }],
  [/^GemmaTokenizer/, { bos: '<bos>', eos: '<eos>', unk: '<unk>', pad: '<pad>' }],
  [/^(MT5|T5)Tokenizer/, { eos: '</s>', unk: '<unk>', pad: '<pad>' }],
  [/^MarianTokenizer/, { eos: '</s>', unk: '<unk>', pad: '<pad>' }],
  [/^M2M100Tokenizer/, { bos: '<s>', eos: '</s>', sep: '</s>', unk: '<unk>', pad: '<pad>' }],
  [
    /^(Bart|Roberta|XLMRoberta|MBart|MBart50|Nllb)Tokenizer/,
    { bos: '<s>', eos: '</s>', sep: '</s>', cls: '<s>', unk: '<unk>', pad: '<pad>', mask: '<mask>' },
  ],
  [/^BertTokenizer/, { sep: '[SEP]', cls: '[CLS]', unk: '[UNK]', pad: '[PAD]', mask: '[MASK]' }],
];

export interface SpecialTokens {
  readonly byName: Readonly<Record<SpecialName, string | null>>;
  /** `additional_special_tokens`, language codes among them. */
  readonly additional: readonly string[];
}

/** @param specialTokensMap - null where there is no such file */
export function readSpecialTokens(
  tokenizerClass: string,
  config: JsonObject,
  specialTokensMap: JsonObject | null,
): SpecialTokens {
  const defaults = DEFAULTS.find(([classes]) => classes.test(tokenizerClass))?.[1] ?? {};
  const read = (name: SpecialName): string | null => {
    const field = `${name}_token`;
    const fromMap = contentOf(specialTokensMap?.[field]);
    if (fromMap !== null) return fromMap;
    // An explicit null switches the class's default off.
    return Object.hasOwn(config, field) ? contentOf(config[field]) : (defaults[name] ?? null);
  };
  const lists = [config.additional_special_tokens, specialTokensMap?.additional_special_tokens];
  return {
    byName: {
      bos: read('bos'),
      eos: read('eos'),
      unk: read('unk'),
      sep: read('sep'),
      pad: read('pad'),
      cls: read('cls'),
      mask: read('mask'),
    },
    additional: [...new Set(lists.flatMap((list) => asArray(list).flatMap((token) => contentOf(token) ?? [])))],
  };
}

/** A token is written as a string, or as an object with its `content`. */
function contentOf(token: unknown): string | null {
  return asString(token) ?? asString(asObject(token)?.content);
}
