/** What is wrong with a tokenizer's files, with a request's language, or with a text that takes too long. */

/** A tokenizer's files use something that is not supported, or contradict each other. */
export class TokenizerError extends Error {
  override readonly name: string = 'TokenizerError';
}

/** A pattern or a template of the checkpoint took more time or memory than it may on a text. */
export class TokenizerLimitError extends TokenizerError {
  override readonly name = 'TokenizerLimitError';
}

/** A language code that the tokenizer does not have. */
export class UnknownLanguageError extends Error {
  override readonly name = 'UnknownLanguageError';
  readonly code: string | null;
  readonly languages: readonly string[];

  constructor(field: 'src_lang' | 'tgt_lang', code: string | null, languages: readonly string[]) {
    const known = `known are ${languages.join(', ')}`;
    super(
      code === null
        ? `${field} is missing, and the model has no default for it; ${known}`
        : languages.length === 0
          ? `${field} is "${code}", but the model has no language codes; leave the field out`
          : `${field} "${code}" is not a language of the model; ${known}`,
    );
    this.code = code;
    this.languages = languages;
  }
}
