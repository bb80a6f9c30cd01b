/**
 * Text to token ids and back, with character offsets.
 *
 * The numbers are those of transformers. Everything that belongs to one call (languages, special tokens, side) is an
 * argument of the call: a tokenizer is never changed and can be shared between jobs.
 */

import path from 'node:path';
import { readOptionalJsonObject } from '../checkpoints/json-file.ts';
import { type AddedToken, AddedTokenSplitter, writtenForm } from './added-tokens.ts';
import { type ChatTemplate, readChatTemplate } from './chat.ts';
import { cleanUpSpaces } from './clean-up.ts';
import { type Definition, readDeclaredTokens, readDefinition, tokenizerClassOf } from './definition.ts';
import { asString } from './json.ts';
import { Languages, languageScheme, marianCode } from './languages.ts';
import { decodeM2M100, decodeMarian } from './sentencepiece-decoders.ts';
import { readSpecialTokens, SPECIAL_NAMES, type SpecialName } from './special-tokens.ts';
import { type Template, trimRange } from './template.ts';
import { withTimeLimit } from './time-limit.ts';

export interface EncodeOptions {
  /** End-of-sequence, beginning-of-sequence and language tokens around the text. Default: true. */
  readonly addSpecialTokens?: boolean;
  /** The text is on the target side of an encoder-decoder model. Default: false. */
  readonly asTarget?: boolean;
  /** Language code of a multilingual model's source text. Default: the checkpoint's, then the class's. */
  readonly srcLang?: string | null;
  /** Language code of the target text; a source text needs it where Marian reads it there. Default: the checkpoint's. */
  readonly tgtLang?: string | null;
  /**
   * A text that begins with the beginning-of-sequence token gets no second one before it, as in Inseq. Default: false,
   * as in transformers.
   */
  readonly oneBos?: boolean;
}

/** UTF-16 code units [start, end) of the text. */
type Offsets = readonly [start: number, end: number];

export interface Encoding {
  readonly ids: Int32Array;
  readonly tokens: string[];
  /** Null for special tokens that were put around the text. */
  readonly offsets: (Offsets | null)[];
}

export interface DecodeOptions {
  readonly skipSpecialTokens?: boolean;
  /** Removes the spaces before English punctuation. Default: what the checkpoint says. */
  readonly cleanUp?: boolean;
}

interface Side {
  readonly definition: Definition;
  readonly splitter: AddedTokenSplitter;
}

interface Parts {
  readonly tokenizerClass: string;
  readonly source: Side;
  readonly target: Side;
  readonly addedTokens: readonly AddedToken[];
  readonly special: Readonly<Record<SpecialName, number | null>>;
  readonly specialTokens: ReadonlySet<string>;
  readonly languages: Languages | null;
  readonly defaultSource: string | null;
  readonly defaultTarget: string | null;
  readonly cleanUp: boolean;
  readonly chat: ChatTemplate | null;
}

export class Tokenizer {
  readonly tokenizerClass: string;
  /** Ids of bos, eos, unk, sep, pad, cls and mask, null where there is none. */
  readonly special: Readonly<Record<SpecialName, number | null>>;
  /** Every id that decoding without special tokens leaves out. */
  readonly specialIds: ReadonlySet<number>;
  /** Language codes in the form that requests use, null where the model has none. */
  readonly languages: readonly string[] | null;
  readonly chat: ChatTemplate | null;
  readonly #parts: Parts;
  readonly #tokens: string[] = [];
  readonly #ids: Map<string, number>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.tokenizerClass = parts.tokenizerClass;
    this.special = parts.special;
    this.languages = parts.languages?.codes ?? null;
    this.chat = parts.chat;
    const { model, normalize } = parts.source.definition;
    this.#ids = new Map(model.vocab);
    for (const { content, id } of parts.addedTokens) this.#ids.set(content, id);
    for (const [id, token] of model.tokens?.entries() ?? []) this.#tokens[id] = token;
    for (const [token, id] of this.#ids) this.#tokens[id] = token;
    for (const token of parts.addedTokens) this.#tokens[token.id] = writtenForm(token, normalize);
    const isSpecial = (token: string): boolean => parts.specialTokens.has(token);
    this.specialIds = new Set([...this.#ids].flatMap(([token, id]) => (isSpecial(token) ? [id] : [])));
  }

  /** One more than the largest id. */
  get vocabSize(): number {
    return this.#tokens.length;
  }

  idToToken(id: number): string | null {
    return this.#tokens[id] ?? null;
  }

  tokenToId(token: string): number | null {
    return this.#ids.get(token) ?? null;
  }

  /**
   * Id of the token with which text in a language is made to begin; null where the source says the language (Marian).
   * @throws UnknownLanguageError listing the known codes
   */
  forcedLanguageId(code: string): number | null {
    return (this.#parts.languages ?? NO_LANGUAGES).forcedId(code);
  }

  /** @throws TokenizerLimitError where the checkpoint's patterns take too long for the text */
  encode(text: string, options: EncodeOptions = {}): Encoding {
    return withTimeLimit(
      () => `tokenizing ${text.length} characters`,
      () => this.#encode(text, options),
    );
  }

  #encode(text: string, options: EncodeOptions): Encoding {
    const { definition, splitter } = options.asTarget ? this.#parts.target : this.#parts.source;
    const sections = splitter.split(text);
    const template = this.#template(definition, options);
    const { bos } = this.special;
    const isStarted = options.oneBos === true && bos !== null && sections[0]?.token?.id === bos;
    const prefix = isStarted && template.prefix.at(-1) === bos ? template.prefix.slice(0, -1) : template.prefix;
    const { trim } = definition.template;
    const ids: number[] = [...prefix];
    const offsets: (Offsets | null)[] = prefix.map(() => null);
    const add = (id: number, written: string, covered: Offsets): void => {
      const isFirst = ids.length === prefix.length;
      ids.push(id);
      offsets.push(trim === undefined ? covered : trimRange(written, covered, isFirst, trim));
    };
    for (const { text: section, token } of sections) {
      if (token !== null) {
        add(token.id, section.text, section.range(0, section.text.length));
        continue;
      }
      for (const piece of definition.preTokenize(section)) {
        for (const { id, start, end } of definition.model.tokenize(piece.text)) {
          add(id, this.#tokens[id] ?? '', piece.range(start, end));
        }
      }
    }
    for (const id of template.suffix) {
      ids.push(id);
      offsets.push(null);
    }
    return { ids: Int32Array.from(ids), tokens: ids.map((id) => this.#tokens[id] ?? ''), offsets };
  }

  /** How many tokens `encode` gives, without need of a language code. */
  count(text: string, options: Pick<EncodeOptions, 'asTarget' | 'addSpecialTokens' | 'oneBos'> = {}): number {
    const { languages } = this.#parts;
    if (options.addSpecialTokens === false || languages === null) return this.encode(text, options).ids.length;
    const { prefix, suffix } = languages.anyTemplate();
    return this.encode(text, { ...options, addSpecialTokens: false }).ids.length + prefix.length + suffix.length;
  }

  /** Ids that the vocabulary does not have are left out. */
  decode(ids: Iterable<number>, options: DecodeOptions = {}): string {
    const tokens: string[] = [];
    for (const id of ids) {
      const token = this.#tokens[id];
      if (token !== undefined && !(options.skipSpecialTokens && this.specialIds.has(id))) tokens.push(token);
    }
    const text = withTimeLimit(
      () => `decoding ${tokens.length} tokens`,
      () => this.#join(tokens),
    );
    return (options.cleanUp ?? this.#parts.cleanUp) ? cleanUpSpaces(text) : text;
  }

  /**
   * As `decode`, of the first `from`, `from` + 1, … `to` ids: [to - from + 1]. The limit of time is set once for all of
   * them, since setting it takes longer than decoding a few tokens.
   */
  decodeBeginnings(ids: Int32Array, from: number, to: number, options: DecodeOptions = {}): string[] {
    return withTimeLimit(
      () => `decoding ${to} tokens`,
      () => Array.from({ length: to - from + 1 }, (_, i) => this.decode(ids.subarray(0, from + i), options)),
    );
  }

  #join(tokens: string[]): string {
    const { tokenizerClass, target, languages, specialTokens } = this.#parts;
    const isSpecial = (token: string): boolean => specialTokens.has(token);
    switch (tokenizerClass) {
      case 'MarianTokenizer':
        return decodeMarian(tokens, isSpecial, (token) => target.definition.isPiece(token));
      case 'M2M100Tokenizer':
        return decodeM2M100(tokens, isSpecial, (token) => languages?.has(token) ?? false);
      default:
        return target.definition.decode(tokens);
    }
  }

  #template(definition: Definition, options: EncodeOptions): Template {
    const { languages, defaultSource, defaultTarget } = this.#parts;
    if (options.addSpecialTokens === false) return { prefix: [], suffix: [] };
    const { asTarget = false, srcLang = null, tgtLang = null } = options;
    if (languages === null) {
      // Codes are checked, not ignored, where the model has no languages.
      const code = asTarget ? tgtLang : srcLang;
      if (code !== null) NO_LANGUAGES.id(code, asTarget ? 'tgt_lang' : 'src_lang');
      return definition.template;
    }
    return languages.template({ asTarget, srcLang: srcLang ?? defaultSource, tgtLang: tgtLang ?? defaultTarget });
  }
}

const NO_LANGUAGES = new Languages({ placement: 'code text eos', codeOf: () => null, defaultSource: null }, [], 0);

/** Reads the tokenizer of a checkpoint directory. @throws TokenizerError, CheckpointError naming the file */
export function loadTokenizer(dir: string): Tokenizer {
  return withTimeLimit(
    () => `reading the tokenizer of ${dir}`,
    () => readTokenizer(dir),
    LOAD_SECONDS,
  );
}

/** For the largest vocabularies, on a busy machine. */
const LOAD_SECONDS = 60;

function readTokenizer(dir: string): Tokenizer {
  const config = readOptionalJsonObject(path.join(dir, 'tokenizer_config.json')) ?? {};
  const map = readOptionalJsonObject(path.join(dir, 'special_tokens_map.json'));
  const tokenizerClass = tokenizerClassOf(dir, config);
  const specials = readSpecialTokens(tokenizerClass, config, map);
  const { source, target } = readDefinition({ dir, tokenizerClass, config, specials });
  const isMarian = /^MarianTokenizer/.test(tokenizerClass);
  const codes = isMarian ? [...source.model.vocab.keys()].filter((token) => marianCode(token) !== null) : [];

  const byContent = new Map<string, AddedToken>();
  for (const token of [...source.addedTokens, ...readDeclaredTokens(dir, config)]) byContent.set(token.content, token);
  const named = SPECIAL_NAMES.flatMap((name) => specials.byName[name] ?? []);
  // Special tokens are found in the text also where only special_tokens_map.json declares them.
  for (const content of [...named, ...specials.additional, ...codes]) {
    const id = source.model.vocab.get(content);
    if (byContent.has(content) || id === undefined) continue;
    byContent.set(content, {
      id,
      content,
      special: true,
      normalized: false,
      lstrip: false,
      rstrip: false,
      singleWord: false,
    });
  }
  const addedTokens = [...byContent.values()];
  const idOf = (token: string | null): number | null =>
    token === null ? null : (byContent.get(token)?.id ?? source.model.vocab.get(token) ?? null);
  const { byName } = specials;
  const special = {
    bos: idOf(byName.bos),
    eos: idOf(byName.eos),
    unk: idOf(byName.unk),
    sep: idOf(byName.sep),
    pad: idOf(byName.pad),
    cls: idOf(byName.cls),
    mask: idOf(byName.mask),
  };
  const specialTokens = new Set([
    ...named,
    ...specials.additional,
    ...addedTokens.filter((token) => token.special).map(({ content }) => content),
  ]);
  const scheme = languageScheme(tokenizerClass, config.legacy_behaviour === true);
  const coded = addedTokens.map(({ content, id }) => [content, id] as const);
  const languages = scheme === null ? null : new Languages(scheme, coded, special.eos ?? 2);
  const side = (definition: Definition): Side => ({
    definition,
    splitter: new AddedTokenSplitter(addedTokens, definition.normalize),
  });
  const sourceSide = side(source);
  return new Tokenizer({
    tokenizerClass: tokenizerClass.replace(/Fast$/, ''),
    source: sourceSide,
    target: target === source ? sourceSide : side(target),
    addedTokens,
    special,
    specialTokens,
    languages: languages?.codes.length === 0 ? null : languages,
    // Checkpoints of Marian name their languages here, which are no codes of their tokens.
    defaultSource: isMarian ? null : (asString(config.src_lang) ?? scheme?.defaultSource ?? null),
    defaultTarget: isMarian ? null : asString(config.tgt_lang),
    cleanUp: config.clean_up_tokenization_spaces === true,
    chat: readChatTemplate(dir, config, byName),
  });
}
