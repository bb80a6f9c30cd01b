/** Writes tokenizers that `@huggingface/tokenizers` and Python's `tokenizers` read: `tokenizer.json` and `tokenizer_config.json`. */
import { type Bpe, countWords, trainBpe } from './bpe.ts';

/** The two files, as JSON values. */
export interface TokenizerFiles {
  tokenizer: Record<string, unknown>;
  config: Record<string, unknown>;
}

/** GPT-2's pre-tokenization (Radford et al. 2019): a word keeps the space before it; punctuation stands alone. */
const GPT2_WORDS = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** GPT-2's printable stand-in for each byte: visible Latin-1 characters stand for themselves, the others are moved up from U+0100. */
const BYTE_SYMBOLS = (() => {
  const visible = (byte: number) => (byte >= 33 && byte <= 126) || (byte >= 161 && byte !== 173);
  let moved = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(visible(byte) ? byte : 256 + moved++));
})();

const END_OF_TEXT = '<|endoftext|>';

/** Trains GPT-2's byte-level BPE: nothing is ever unknown, and one token ends texts. */
export function byteLevelTokenizer(texts: string[], vocabSize: number, maxLength: number): TokenizerFiles {
  const words = texts.flatMap((text) => text.match(GPT2_WORDS) ?? []);
  const asBytes = words.map((word) => [...Buffer.from(word)].map((byte) => BYTE_SYMBOLS[byte]).join(''));
  const bpe = trainBpe(countWords(asBytes), [END_OF_TEXT, ...BYTE_SYMBOLS], vocabSize);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    tokenizer: {
      ...tokenizerJson(bpe, [END_OF_TEXT]),
      pre_tokenizer: byteLevel,
      post_processor: { ...byteLevel, trim_offsets: false },
      decoder: byteLevel,
    },
    config: {
      tokenizer_class: 'GPT2Tokenizer',
      model_max_length: maxLength,
      add_prefix_space: false,
      bos_token: END_OF_TEXT,
      eos_token: END_OF_TEXT,
      unk_token: END_OF_TEXT,
      added_tokens_decoder: addedTokensDecoder(bpe, [END_OF_TEXT]),
      clean_up_tokenization_spaces: false,
    },
  };
}

/** M2M100's special tokens, in the order of their ids. */
const SPECIAL = { bos: '<s>', pad: '<pad>', eos: '</s>', unk: '<unk>' } as const;

/** The token that stands for a language: `__fr__`. */
export const languageToken = (language: string): string => `__${language}__`;

/**
 * Trains a tokenizer in M2M100's form: `\u2581` marks where a word begins, language tokens have the last ids, and a text is encoded as
 * `[source language] + tokens + [</s>]`. Merges cross neither punctuation nor `joints`, so that "forty-two." and "zweiundvierzig" fall into
 * the parts that they are made of.
 * @param joints matches the parts that compound words are joined with
 */
export function metaspaceTokenizer(
  texts: string[],
  joints: RegExp,
  vocabSize: number,
  languages: readonly string[],
  maxLength: number,
): TokenizerFiles {
  const parts = (word: string) => `\u2581${word}`.split(/(\p{P})/u).flatMap((piece) => piece.split(joints));
  const words = texts.flatMap((text) => text.split(' ').flatMap(parts)).filter((part) => part !== '');
  const alphabet = [...new Set(words.flatMap((word) => [...word]))].sort();
  const special = Object.values(SPECIAL);
  const languageTokens = languages.map(languageToken);
  const bpe = trainBpe(countWords(words), [...special, ...alphabet], vocabSize - languages.length);
  bpe.symbols.push(...languageTokens);
  const all = [...special, ...languageTokens];
  const metaspace = { type: 'Metaspace', replacement: '\u2581', prepend_scheme: 'always', split: true };
  const [source] = languageTokens;
  const part = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  const text = (id: string) => ({ Sequence: { id, type_id: 0 } });
  const ids = (token: string) => [token, { id: token, ids: [bpe.symbols.indexOf(token)], tokens: [token] }];
  return {
    tokenizer: {
      ...tokenizerJson(bpe, all, SPECIAL.unk),
      normalizer: { type: 'NFC' },
      pre_tokenizer: metaspace,
      post_processor: {
        type: 'TemplateProcessing',
        single: [part(source), text('A'), part(SPECIAL.eos)],
        pair: [part(source), text('A'), text('B'), part(SPECIAL.eos)],
        special_tokens: Object.fromEntries([ids(SPECIAL.eos), ids(source)]),
      },
      decoder: metaspace,
    },
    config: {
      tokenizer_class: 'M2M100Tokenizer',
      language_codes: 'm2m100',
      model_max_length: maxLength,
      bos_token: SPECIAL.bos,
      eos_token: SPECIAL.eos,
      sep_token: SPECIAL.eos,
      pad_token: SPECIAL.pad,
      unk_token: SPECIAL.unk,
      additional_special_tokens: languageTokens,
      src_lang: languages[0],
      tgt_lang: languages[1],
      added_tokens_decoder: addedTokensDecoder(bpe, all),
      clean_up_tokenization_spaces: false,
    },
  };
}

/** The parts of tokenizer.json that both tokenizers share. */
function tokenizerJson(bpe: Bpe, special: string[], unknown: string | null = null): Record<string, unknown> {
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: special.map((content) => ({ id: bpe.symbols.indexOf(content), content, ...PLAIN_SPECIAL })),
    normalizer: null,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: unknown,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: unknown !== null,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(bpe.symbols.map((symbol, id) => [symbol, id])),
      merges: bpe.merges,
    },
  };
}

const PLAIN_SPECIAL = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };

const addedTokensDecoder = (bpe: Bpe, special: string[]) =>
  Object.fromEntries(special.map((content) => [bpe.symbols.indexOf(content), { content, ...PLAIN_SPECIAL }]));
