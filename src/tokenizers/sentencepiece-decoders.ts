/**
 * Decoding as transformers' Python-only tokenizers do it: Marian and M2M100 have no fast tokenizer, and join special
 * tokens with SentencePiece's own decoding in ways of their own.
 */

const SPACE_MARK = '▁';

/** SentencePiece's decoding: the mark is a space, but not at the start. Pieces that it does not know stay as they are. */
function decodePieces(pieces: readonly string[], isPiece: (token: string) => boolean): string {
  return pieces
    .map((piece, index) => {
      if (!isPiece(piece)) return piece;
      const text = index === 0 && piece.startsWith(SPACE_MARK) ? piece.slice(1) : piece;
      return text.replaceAll(SPACE_MARK, ' ');
    })
    .join('');
}

/** Decodes the runs between special tokens, which `write` then writes. */
function decodeRuns(
  tokens: readonly string[],
  isSpecial: (token: string) => boolean,
  isPiece: (token: string) => boolean,
  write: (special: string) => string,
): string {
  let text = '';
  let run: string[] = [];
  for (const token of tokens) {
    if (isSpecial(token)) {
      text += decodePieces(run, isPiece) + write(token);
      run = [];
    } else {
      run.push(token);
    }
  }
  return text + decodePieces(run, isPiece);
}

/** `MarianTokenizer.convert_tokens_to_string`. `isPiece`: the target side's SentencePiece model knows the token. */
export function decodeMarian(
  tokens: readonly string[],
  isSpecial: (token: string) => boolean,
  isPiece: (token: string) => boolean,
): string {
  return decodeRuns(tokens, isSpecial, isPiece, (special) => `${special} `)
    .replaceAll(SPACE_MARK, ' ')
    .trim();
}

/** `M2M100Tokenizer`: language codes stand between spaces, other special tokens are glued to their neighbours. */
export function decodeM2M100(
  tokens: readonly string[],
  isSpecial: (token: string) => boolean,
  isLanguage: (token: string) => boolean,
): string {
  const parts: string[] = [];
  let run: string[] = [];
  const flush = (): void => {
    if (run.length > 0) parts.push(decodeRuns(run, isSpecial, () => true, String).trim());
    run = [];
  };
  for (const token of tokens) {
    if (isLanguage(token)) {
      flush();
      parts.push(token);
    } else {
      run.push(token);
    }
  }
  flush();
  return parts.join(' ');
}
