/**
 * The parts of @huggingface/tokenizers that are used here.
 *
 * The package's own declarations import without file extensions, so that its classes are lost on TypeScript's
 * nodenext resolution; they are declared again.
 */

declare module '@huggingface/tokenizers' {
  export class BertNormalizer {
    constructor(config: {
      type: 'BertNormalizer';
      clean_text: boolean;
      handle_chinese_chars: boolean;
      strip_accents: boolean | null;
      lowercase: boolean;
    });
    normalize(text: string): string;
  }
  class TokenDecoder {
    constructor(config: Readonly<Record<string, unknown>>);
    decode_chain(tokens: string[]): string[];
  }
  export class FuseDecoder extends TokenDecoder {}
  export class StripDecoder extends TokenDecoder {}
  export class WordPieceDecoder extends TokenDecoder {}
  export class BPEDecoder extends TokenDecoder {}
}

export {
  BertNormalizer,
  BPEDecoder,
  FuseDecoder,
  StripDecoder,
  WordPieceDecoder,
} from '@huggingface/tokenizers';
