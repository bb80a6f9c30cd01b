/** Language codes of multilingual translation models, and where their tokenizers put them. */

import { UnknownLanguageError } from './errors.ts';
import type { Template } from './template.ts';

/**
 * Order of the end-of-sequence token and the language code around a text; `target code before source`: the source text
 * begins with the code of the language to translate into, and the output has no code.
 */
type Placement = 'code text eos' | 'text eos code' | 'target code before source';

export interface LanguageScheme {
  readonly placement: Placement;
  /** Language code of a special token, or null where it is none. */
  readonly codeOf: (token: string) => string | null;
  /** Null: the source needs none. */
  readonly defaultSource: string | null;
}

/**
 * The scheme of a tokenizer class; null for classes without languages.
 * @param legacy - `legacy_behaviour` of NLLB: the code after the text, as the first release had it
 */
export function languageScheme(tokenizerClass: string, legacy: boolean): LanguageScheme | null {
  switch (tokenizerClass.replace(/Fast$/, '')) {
    case 'M2M100Tokenizer':
      return {
        placement: 'code text eos',
        codeOf: (token) => /^__(\w+)__$/.exec(token)?.[1] ?? null,
        defaultSource: 'en',
      };
    case 'NllbTokenizer':
      return {
        placement: legacy ? 'text eos code' : 'code text eos',
        codeOf: (token) => (/^[a-z]{3}_[A-Z][a-z]{3}$/.test(token) ? token : null),
        defaultSource: 'eng_Latn',
      };
    case 'MBartTokenizer':
      return { placement: 'text eos code', codeOf: mbartCode, defaultSource: 'en_XX' };
    case 'MBart50Tokenizer':
      return { placement: 'code text eos', codeOf: mbartCode, defaultSource: 'en_XX' };
    case 'MarianTokenizer':
      return { placement: 'target code before source', codeOf: marianCode, defaultSource: null };
    default:
      return null;
  }
}

function mbartCode(token: string): string | null {
  return /^[a-z]{2}_[A-Z]{2}$/.test(token) ? token : null;
}

/** OPUS-MT: `>>fra<<`, `>>zho_Hans<<`. */
export function marianCode(token: string): string | null {
  return /^>>([^<>]+)<<$/.exec(token)?.[1] ?? null;
}

/** The side and the languages of a text. */
interface TextLanguages {
  readonly asTarget: boolean;
  /** Null: the model's own. */
  readonly srcLang: string | null;
  readonly tgtLang: string | null;
}

/** The languages of one tokenizer. */
export class Languages {
  readonly codes: readonly string[];
  readonly #ids: ReadonlyMap<string, number>;
  readonly #scheme: LanguageScheme;
  readonly #eos: number;

  constructor(scheme: LanguageScheme, specials: Iterable<readonly [token: string, id: number]>, eos: number) {
    const ids = new Map<string, number>();
    for (const [token, id] of specials) {
      const code = scheme.codeOf(token);
      if (code !== null) ids.set(code, id);
    }
    this.codes = [...ids.keys()];
    this.#ids = ids;
    this.#scheme = scheme;
    this.#eos = eos;
  }

  /** Id of a code's token. @throws UnknownLanguageError listing the known codes */
  id(code: string | null, field: 'src_lang' | 'tgt_lang'): number {
    const id = code === null ? undefined : this.#ids.get(code);
    if (id === undefined) throw new UnknownLanguageError(field, code, this.codes);
    return id;
  }

  /** Whether a token is the token of a language. */
  has(token: string): boolean {
    const code = this.#scheme.codeOf(token);
    return code !== null && this.#ids.has(code);
  }

  /** Whether the code of the output's language precedes the source. */
  get #beforeSource(): boolean {
    return this.#scheme.placement === 'target code before source';
  }

  /** Token that the output is made to begin with; null: none. @throws UnknownLanguageError listing the known codes */
  forcedId(tgtLang: string): number | null {
    const id = this.id(tgtLang, 'tgt_lang');
    return this.#beforeSource ? null : id;
  }

  /** What stands around a text. @throws UnknownLanguageError listing the known codes */
  template({ asTarget, srcLang, tgtLang }: TextLanguages): Template {
    if (!this.#beforeSource) {
      return this.#around(asTarget ? this.id(tgtLang, 'tgt_lang') : this.id(srcLang, 'src_lang'));
    }
    if (!asTarget && srcLang !== null) throw new UnknownLanguageError('src_lang', srcLang, []);
    const code = tgtLang === null ? null : this.id(tgtLang, 'tgt_lang');
    return { prefix: asTarget || code === null ? [] : [code], suffix: [this.#eos] };
  }

  /** A template of the greatest length that one has. */
  anyTemplate(): Template {
    return this.#beforeSource ? { prefix: [0], suffix: [this.#eos] } : this.#around(0);
  }

  #around(id: number): Template {
    return this.#scheme.placement === 'text eos code'
      ? { prefix: [], suffix: [this.#eos, id] }
      : { prefix: [id], suffix: [this.#eos] };
  }
}
