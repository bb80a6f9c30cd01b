/** The tokenizer of the answering model: WordPiece over words of the phrasings and pieces of names, and a chat template. */
import { countWords, trainBpe } from '../bpe.ts';
import { seededRandom } from '../random.ts';
import { drawName } from './names.ts';
import { NUMBERS, UNKNOWN, WORDINGS } from './phrasings.ts';

const SPECIAL = {
  pad: '<|pad|>',
  unk: '<|unk|>',
  user: '<|user|>',
  assistant: '<|assistant|>',
  end: '<|end|>',
} as const;

/** Every turn is marked by its role and ends with the token that ends an answer. */
const CHAT_TEMPLATE =
  "{% for message in messages %}{% if message['role'] not in ['user', 'assistant'] %}{{ raise_exception('this model knows the roles user and assistant only') }}{% endif %}" +
  "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}";

const LETTERS = [...'abcdefghijklmnopqrstuvwxyz'];
const SIGNS = [...'0123456789.,?!:;\'"()-'];

/** Words are whole; names fall into pieces, of which those inside a word begin with `##`; single letters spell the rest. */
function vocabulary(size: number): string[] {
  const capitals = LETTERS.map((letter) => letter.toUpperCase());
  const tokens = new Set<string>(Object.values(SPECIAL));
  for (const sign of [...SIGNS, ...LETTERS, ...capitals]) tokens.add(sign);
  for (const letter of [...LETTERS, ...capitals, ...'0123456789']) tokens.add(`##${letter}`);
  for (const word of words()) tokens.add(word);
  const random = seededRandom(1);
  const names = Array.from({ length: 40_000 }, () => drawName(random, false));
  // A piece with a capital letter can only begin a name, the others stand inside.
  const asPiece = (symbol: string): string => (/^[A-Z]/.test(symbol) ? symbol : `##${symbol}`);
  for (const symbol of trainBpe(countWords(names), [...LETTERS, ...capitals], size).symbols) {
    if (tokens.size < size) tokens.add(asPiece(symbol));
  }
  return [...tokens];
}

/** All words of sentences, questions and answers. */
function words(): string[] {
  const texts = Object.values(WORDINGS).flatMap(({ plain, paraphrases, questions, count, objects, noun }) => [
    ...[plain, ...paraphrases, ...questions, ...(count ? Object.values(count) : []), noun ?? ''].map(
      (text) => ` ${text}`,
    ),
    ...(Array.isArray(objects) ? objects : []),
  ]);
  const all = [...texts, ...NUMBERS, UNKNOWN].flatMap((text) => text.match(/(?<!\{)\b[A-Za-z]+\b/g) ?? []);
  return [...new Set(all)].sort();
}

/** tokenizer.json and tokenizer_config.json. */
export function answersTokenizer(
  size: number,
  maxLength: number,
): { tokenizer: Record<string, unknown>; config: Record<string, unknown> } {
  const vocab = vocabulary(size);
  const special = Object.values(SPECIAL).map((content, id) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  return {
    tokenizer: {
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: special,
      normalizer: {
        type: 'BertNormalizer',
        clean_text: true,
        handle_chinese_chars: false,
        strip_accents: true,
        lowercase: false,
      },
      pre_tokenizer: { type: 'BertPreTokenizer' },
      post_processor: null,
      decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
      model: {
        type: 'WordPiece',
        unk_token: SPECIAL.unk,
        continuing_subword_prefix: '##',
        max_input_chars_per_word: 100,
        vocab: Object.fromEntries(vocab.map((token, id) => [token, id])),
      },
    },
    config: {
      tokenizer_class: 'PreTrainedTokenizerFast',
      model_max_length: maxLength,
      eos_token: SPECIAL.end,
      pad_token: SPECIAL.pad,
      unk_token: SPECIAL.unk,
      chat_template: CHAT_TEMPLATE,
      clean_up_tokenization_spaces: false,
      added_tokens_decoder: Object.fromEntries(special.map(({ id, ...token }) => [id, token])),
    },
  };
}
