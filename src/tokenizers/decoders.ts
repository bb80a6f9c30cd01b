/**
 * Decoders of tokenizer.json: tokens to text.
 *
 * Where @huggingface/tokenizers departs from the Rust library (incomplete byte sequences, a byte order mark, several
 * spaces at the start), the decoder is here; the others are the library's.
 */

import { CHARACTER_TO_BYTE } from './byte-level.ts';
import { TokenizerError } from './errors.ts';
import { asObjects, asString, type JsonObject } from './json.ts';
import { BPEDecoder, CTCDecoder, FuseDecoder, ReplaceDecoder, StripDecoder, WordPieceDecoder } from './library.ts';

/** Tokens to pieces of text, which are then joined. */
type DecoderStep = (tokens: string[]) => string[];

export type Decoder = (tokens: string[]) => string;

/** Builds the decoder of a tokenizer.json. @throws TokenizerError for a type that is not known */
export function createDecoder(config: JsonObject | null): Decoder {
  if (config === null) return (tokens) => tokens.join(' ');
  const step = createStep(config);
  return (tokens) => step(tokens).join('');
}

function createStep(config: JsonObject): DecoderStep {
  const type = asString(config.type) ?? '';
  switch (type) {
    case 'Sequence': {
      const steps = asObjects(config.decoders).map(createStep);
      return (tokens) => steps.reduce((current, step) => step(current), tokens);
    }
    case 'ByteLevel':
      return byteLevel;
    case 'ByteFallback':
      return byteFallback;
    case 'Metaspace':
      return metaspace(config);
    case 'Replace':
      return chain(new ReplaceDecoder(config));
    case 'Fuse':
      return chain(new FuseDecoder(config));
    case 'Strip':
      return chain(new StripDecoder(config));
    case 'WordPiece':
      return chain(new WordPieceDecoder(config));
    case 'BPEDecoder':
      return chain(new BPEDecoder(config));
    case 'CTC':
      return chain(new CTCDecoder(config));
    default:
      throw new TokenizerError(`the decoder "${type}" of tokenizer.json is not supported`);
  }
}

function chain(decoder: { decode_chain(tokens: string[]): string[] }): DecoderStep {
  return (tokens) => decoder.decode_chain(tokens);
}

function utf8(bytes: readonly number[]): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(bytes));
}

/** Tokens that are not written in the byte alphabet (special tokens) stand for themselves. */
function byteLevel(tokens: string[]): string[] {
  const bytes: number[] = [];
  for (const token of tokens) {
    const own = Array.from(token, (character) => CHARACTER_TO_BYTE.get(character));
    if (own.every((byte) => byte !== undefined)) bytes.push(...own);
    else bytes.push(...Buffer.from(token));
  }
  return [utf8(bytes)];
}

/** Runs of `<0x..>` become text; bytes that are none become one U+FFFD each. */
function byteFallback(tokens: string[]): string[] {
  const texts: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    if (bytes.length === 0) return;
    try {
      texts.push(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(bytes)));
    } catch {
      texts.push('\ufffd'.repeat(bytes.length));
    }
    bytes = [];
  };
  for (const token of tokens) {
    const byte = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
    if (byte !== null) {
      bytes.push(Number.parseInt(byte[1], 16));
    } else {
      flush();
      texts.push(token);
    }
  }
  flush();
  return texts;
}

function metaspace(config: JsonObject): DecoderStep {
  const replacement = asString(config.replacement) ?? '▁';
  const scheme = asString(config.prepend_scheme) ?? (config.add_prefix_space === false ? 'never' : 'always');
  return (tokens) =>
    tokens.map((token, index) => token.replaceAll(replacement, index === 0 && scheme !== 'never' ? '' : ' '));
}
