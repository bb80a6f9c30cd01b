/** Language codes of multilingual translation models, and where their tokenizers put them. */

import { UnknownLanguageError } from './errors.ts';
import type { Template } from './template.ts';

/** Order of the end-of-sequence token and the language code around a text. */
type Placement = 'code text eos' | 'text eos code';

export interface LanguageScheme {
  readonly placement: Placement;
  /** Language code of a special token, or null where it is none. */
  readonly codeOf: (token: string) => string | null;
  readonly defaultSource: string;
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
    default:
      return null;
  }
}

function mbartCode(token: string): string | null {
  return /^[a-z]{2}_[A-Z]{2}$/.test(token) ? token : null;
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

  /** What stands around a text in the language of a code. @throws UnknownLanguageError listing the known codes */
  template(code: string | null, field: 'src_lang' | 'tgt_lang'): Template {
    return this.#around(this.id(code, field));
  }

  /** A template of the length that they all have. */
  anyTemplate(): Template {
    return this.#around(0);
  }

  #around(id: number): Template {
    return this.#scheme.placement === 'code text eos'
      ? { prefix: [id], suffix: [this.#eos] }
      : { prefix: [], suffix: [this.#eos, id] };
  }
}
