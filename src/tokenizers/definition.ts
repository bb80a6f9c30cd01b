/** What a tokenizer is made of, read from whichever files a checkpoint has. */

import fs from 'node:fs';
import path from 'node:path';
import { readJsonObject, readOptionalJsonObject } from '../checkpoints/json-file.ts';
import { type AddedToken, readAddedToken, readAddedTokens } from './added-tokens.ts';
import { createDecoder, type Decoder } from './decoders.ts';
import { TokenizerError } from './errors.ts';
import { asNumber, asObject, asString, type JsonObject } from './json.ts';
import { fromSentencePiece, withVocab } from './models/from-sentencepiece.ts';
import { createModel } from './models/model.ts';
import type { TokenModel } from './models/token-model.ts';
import { readVocab } from './models/vocab.ts';
import { createNormalizer, type Normalizer } from './normalizers.ts';
import { createPreTokenizer, type PreTokenizer } from './pre-tokenizers.ts';
import { readSentencePiece, type SentencePieceModel } from './sentencepiece.ts';
import type { SpecialTokens } from './special-tokens.ts';
import { readTemplate, type Template } from './template.ts';

export interface Definition {
  readonly normalize: Normalizer;
  readonly preTokenize: PreTokenizer;
  readonly model: TokenModel;
  readonly template: Template;
  readonly decode: Decoder;
  readonly addedTokens: readonly AddedToken[];
  /** Whether the side's own SentencePiece model has the token; true of all where there is none. */
  readonly isPiece: (token: string) => boolean;
}

/** What the files beside the model say. */
export interface TokenizerFiles {
  readonly dir: string;
  readonly tokenizerClass: string;
  readonly config: JsonObject;
  readonly specials: SpecialTokens;
}

/** Source side and, where it has one of its own, target side. @throws TokenizerError saying which files are missing */
export function readDefinition(files: TokenizerFiles): { source: Definition; target: Definition } {
  const { dir } = files;
  if (files.config.separate_vocabs === true) {
    throw new TokenizerError(
      `${dir}/tokenizer_config.json: "separate_vocabs" is true: source and target with vocabularies of their own are ` +
        'not supported; choose a checkpoint whose vocab.json covers both languages',
    );
  }
  const has = (...names: string[]): boolean => names.every((name) => fs.existsSync(path.join(dir, name)));
  if (has('vocab.json', 'source.spm', 'target.spm')) {
    return { source: pairedVocab(files, 'source.spm'), target: pairedVocab(files, 'target.spm') };
  }
  if (has('vocab.json', 'sentencepiece.bpe.model')) return both(pairedVocab(files, 'sentencepiece.bpe.model'));
  if (has('tokenizer.json')) {
    const source = fromTokenizerJson(path.join(dir, 'tokenizer.json'), files);
    if (!has('tokenizer_target.json')) return both(source);
    return { source, target: fromTokenizerJson(path.join(dir, 'tokenizer_target.json'), files) };
  }
  if (has('vocab.json', 'merges.txt')) return both(fromVocabAndMerges(files));
  if (has('sentencepiece.bpe.model')) return both(fairseqVocab(files, 'sentencepiece.bpe.model'));
  const own = ['spiece.model', 'tokenizer.model'].find((name) => has(name));
  if (own !== undefined) return both(ownVocab(files, own));
  throw new TokenizerError(
    `${dir} has no tokenizer: put tokenizer.json there, or vocab.json with merges.txt, or the SentencePiece model`,
  );
}

function both(definition: Definition): { source: Definition; target: Definition } {
  return { source: definition, target: definition };
}

function fromTokenizerJson(file: string, files: TokenizerFiles): Definition {
  const json = readJsonObject(file);
  const model = asObject(json.model);
  if (model === null) throw new TokenizerError(`${file} has no "model"`);
  try {
    return fromJson(json, model, files);
  } catch (error) {
    if (!(error instanceof TokenizerError)) throw error;
    throw new TokenizerError(`${file}: ${error.message}`, { cause: error });
  }
}

function fromJson(json: JsonObject, model: JsonObject, files: TokenizerFiles): Definition {
  return fromParts({
    normalizer: asObject(json.normalizer),
    preTokenizer: asObject(json.pre_tokenizer),
    model: createModel(model),
    template: withFlags(readTemplate(asObject(json.post_processor)), files, readAddedTokens(json.added_tokens)),
    decoder: asObject(json.decoder),
    addedTokens: readAddedTokens(json.added_tokens),
  });
}

/** GPT-2's original files. */
function fromVocabAndMerges(files: TokenizerFiles): Definition {
  const merges = fs
    .readFileSync(path.join(files.dir, 'merges.txt'), 'utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '' && !line.startsWith('#version'));
  const vocab = readJsonObject(path.join(files.dir, 'vocab.json'));
  const bos = asNumber(vocab[files.specials.byName.bos ?? '']);
  return fromParts({
    normalizer: null,
    preTokenizer: { type: 'ByteLevel', add_prefix_space: files.config.add_prefix_space === true },
    model: createModel({ type: 'BPE', vocab, merges }),
    template: { prefix: files.config.add_bos_token === true && bos !== null ? [bos] : [], suffix: [] },
    decoder: { type: 'ByteLevel' },
    addedTokens: [],
  });
}

/** Classes that rebuild their template from two flags when they are loaded. */
const FLAG_CLASSES = /^(Code)?LlamaTokenizer|^GemmaTokenizer|^GPTNeoXTokenizer/;

function withFlags(template: Template, files: TokenizerFiles, added: readonly AddedToken[]): Template {
  const { config, specials, tokenizerClass } = files;
  if (!FLAG_CLASSES.test(tokenizerClass)) return template;
  const ids = (flag: unknown, token: string | null, otherwise: readonly number[]): readonly number[] => {
    if (typeof flag !== 'boolean') return otherwise;
    const id = added.find(({ content }) => content === token)?.id;
    return flag && id !== undefined ? [id] : [];
  };
  return {
    ...template,
    prefix: ids(config.add_bos_token, specials.byName.bos, template.prefix),
    suffix: ids(config.add_eos_token, specials.byName.eos, template.suffix),
  };
}

/** SentencePiece pieces with the ids of vocab.json: Marian and M2M100. */
function pairedVocab(files: TokenizerFiles, name: string): Definition {
  const pieces = readSentencePiece(path.join(files.dir, name));
  const vocab = readVocab(readJsonObject(path.join(files.dir, 'vocab.json')));
  const unkId = vocab.get(files.specials.byName.unk ?? '<unk>');
  const eosId = vocab.get(files.specials.byName.eos ?? '</s>');
  if (unkId === undefined || eosId === undefined) {
    throw new TokenizerError(`${files.dir}/vocab.json lacks the unknown or the end-of-sequence token`);
  }
  // M2M100's language codes come after the vocabulary.
  const languages = files.specials.additional
    .filter((token) => !vocab.has(token))
    .map((content, index) => special(content, vocab.size + index));
  return {
    ...fromSentencePieceParts(pieces, withVocab(fromSentencePiece(pieces), vocab, unkId), {
      prefix: [],
      suffix: [eosId],
    }),
    addedTokens: languages,
  };
}

/** fairseq's order: four special tokens first, pieces moved up by one, then language codes and the mask (mBART). */
function fairseqVocab(files: TokenizerFiles, name: string): Definition {
  const pieces = readSentencePiece(path.join(files.dir, name));
  const specials = ['<s>', '<pad>', '</s>', '<unk>'];
  const vocab = new Map(specials.map((token, id) => [token, id]));
  for (const [id, { text }] of pieces.pieces.entries()) if (id >= 3) vocab.set(text, id + 1);
  const tail = [...files.specials.additional.filter((token) => token !== '<mask>'), '<mask>'];
  const addedTokens = tail.map((content, index) => special(content, pieces.pieces.length + 1 + index));
  const model = withVocab(fromSentencePiece(pieces), vocab, 3);
  return { ...fromSentencePieceParts(pieces, model, { prefix: [0], suffix: [2] }), addedTokens };
}

/** SentencePiece's own ids: T5, Llama. */
function ownVocab(files: TokenizerFiles, name: string): Definition {
  const pieces = readSentencePiece(path.join(files.dir, name));
  const model = fromSentencePiece(pieces);
  const all = new Map(pieces.pieces.map(({ text }, id) => [text, id]));
  const { bos, eos } = files.specials.byName;
  const isT5 = /T5/.test(files.tokenizerClass);
  const one = (token: string | null, wanted: boolean): number[] => {
    const id = token === null ? undefined : all.get(token);
    return wanted && id !== undefined ? [id] : [];
  };
  const template = {
    prefix: one(bos, !isT5 && files.config.add_bos_token !== false),
    suffix: one(eos, isT5 || files.config.add_eos_token === true),
  };
  return {
    ...fromSentencePieceParts(pieces, { ...model, vocab: all, tokenize: (piece) => model.tokenize(piece) }, template),
  };
}

function special(content: string, id: number): AddedToken {
  return { id, content, special: true, normalized: false, lstrip: false, rstrip: false, singleWord: false };
}

function fromSentencePieceParts(pieces: SentencePieceModel, model: TokenModel, template: Template): Definition {
  const charsmap = Buffer.from(pieces.charsmap).toString('base64');
  const spaces = pieces.removeExtraWhitespaces
    ? [
        { type: 'Strip', strip_left: true, strip_right: true },
        { type: 'Replace', pattern: { Regex: ' {2,}' }, content: ' ' },
      ]
    : [];
  const prefix = pieces.addDummyPrefix ? [{ type: 'Prepend', prepend: ' ' }] : [];
  const mark = { type: 'Replace', pattern: { String: ' ' }, content: '▁' };
  const rules = charsmap === '' ? [] : [{ type: 'Precompiled', precompiled_charsmap: charsmap, rule: 'longest' }];
  const own = new Set(pieces.pieces.map(({ text }) => text));
  const definition = fromParts({
    normalizer: { type: 'Sequence', normalizers: [...rules, ...spaces, ...prefix, mark] },
    preTokenizer: null,
    model,
    template,
    decoder: {
      type: 'Sequence',
      decoders: [
        { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
        { type: 'ByteFallback' },
        { type: 'Fuse' },
        { type: 'Strip', content: ' ', start: pieces.addDummyPrefix ? 1 : 0, stop: 0 },
      ],
    },
    addedTokens: [],
  });
  return { ...definition, isPiece: (token) => own.has(token) };
}

function fromParts(parts: {
  normalizer: JsonObject | null;
  preTokenizer: JsonObject | null;
  model: TokenModel;
  template: Template;
  decoder: JsonObject | null;
  addedTokens: readonly AddedToken[];
}): Definition {
  return {
    normalize: createNormalizer(parts.normalizer),
    preTokenize: createPreTokenizer(parts.preTokenizer),
    model: parts.model,
    template: parts.template,
    decode: createDecoder(parts.decoder),
    addedTokens: parts.addedTokens,
    isPiece: () => true,
  };
}

/** Tokens that tokenizer_config.json and added_tokens.json declare beside the model's own. */
export function readDeclaredTokens(dir: string, config: JsonObject): AddedToken[] {
  const declared = Object.entries(asObject(config.added_tokens_decoder) ?? {}).flatMap(([id, value]) => {
    const token = asObject(value);
    return token === null ? [] : (readAddedToken(token, Number(id)) ?? []);
  });
  const older = Object.entries(readOptionalJsonObject(path.join(dir, 'added_tokens.json')) ?? {}).flatMap(
    ([content, id]) => readAddedToken({ content, normalized: false }, asNumber(id)) ?? [],
  );
  const known = new Set(declared.map(({ content }) => content));
  return [...declared, ...older.filter(({ content }) => !known.has(content))];
}

/** Class of a tokenizer whose files do not name it. */
const CLASS_BY_MODEL_TYPE: Readonly<Record<string, string>> = {
  gpt2: 'GPT2Tokenizer',
  opt: 'GPT2Tokenizer',
  gpt_neox: 'GPTNeoXTokenizer',
  llama: 'LlamaTokenizer',
  qwen2: 'Qwen2Tokenizer',
  qwen3: 'Qwen2Tokenizer',
  t5: 'T5Tokenizer',
  mt5: 'T5Tokenizer',
  bart: 'BartTokenizer',
  mbart: 'MBartTokenizer',
  marian: 'MarianTokenizer',
  m2m_100: 'M2M100Tokenizer',
  bert: 'BertTokenizer',
};

export function tokenizerClassOf(dir: string, config: JsonObject): string {
  const named = asString(config.tokenizer_class);
  if (named !== null) return named;
  const model = readOptionalJsonObject(path.join(dir, 'config.json'));
  const inModel = asString(model?.tokenizer_class);
  return inModel ?? CLASS_BY_MODEL_TYPE[asString(model?.model_type) ?? ''] ?? 'PreTrainedTokenizerFast';
}
