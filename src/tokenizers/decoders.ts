/**
 * Decoders of tokenizer.json: tokens to text.
 *
 * Where @huggingface/tokenizers departs from the Rust library (incomplete byte sequences, a byte order mark, several
 * spaces at the start), the decoder is here; the others are the library's.
 */

import { CHARACTER_TO_BYTE } from './byte-level.ts';
import { cleanUpSpaces } from './clean-up.ts';
import { TokenizerError } from './errors.ts';
import { asObjects, asString, type JsonObject } from './json.ts';
import { BPEDecoder, FuseDecoder, StripDecoder, WordPieceDecoder } from './library.ts';
import { readPattern } from './patterns.ts';

/** Tokens to pieces of text, which are then joined. */
type DecoderStep = (tokens: string[]) => string[];

export type Decoder = (tokens: string[]) => string;

/** Builds the decoder of a tokenizer.json. @throws TokenizerError naming the field, for a type or a pattern */
export function createDecoder(config: JsonObject | null): Decoder {
  if (config === null) return (tokens) => tokens.join(' ');
  const step = createStep(config, 'decoder');
  return (tokens) => step(tokens).join('');
}

function createStep(config: JsonObject, field: string): DecoderStep {
  const type = asString(config.type) ?? '';
  switch (type) {
    case 'Sequence': {
      const steps = asObjects(config.decoders).map((step, index) => createStep(step, `${field}.decoders[${index}]`));
      return (tokens) => steps.reduce((current, step) => step(current), tokens);
    }
    case 'ByteLevel':
      return byteLevel;
    case 'ByteFallback':
      return byteFallback;
    case 'Metaspace':
      return metaspace(config);
    case 'Replace':
      return replace(config, field);
    case 'Fuse':
      return chain(new FuseDecoder(config));
    case 'Strip':
      return chain(new StripDecoder(config));
    case 'WordPiece':
      return chain(new WordPieceDecoder(config));
    case 'BPEDecoder':
      return chain(new BPEDecoder(config));
    case 'CTC':
      return ctc(config);
    default:
      throw new TokenizerError(`${field}: the decoder "${type}" of tokenizer.json is not supported`);
  }
}

function chain(decoder: { decode_chain(tokens: string[]): string[] }): DecoderStep {
  return (tokens) => decoder.decode_chain(tokens);
}

function replace(config: JsonObject, field: string): DecoderStep {
  const pattern = readPattern(config.pattern, `${field}.pattern`);
  const content = asString(config.content) ?? '';
  return (tokens) =>
    tokens.map((token) => {
      let text = '';
      let end = 0;
      for (const [start, stop] of pattern(token)) {
        text += token.slice(end, start) + content;
        end = stop;
      }
      return text + token.slice(end);
    });
}

/** Connectionist temporal classification: a token that repeats counts once. */
function ctc(config: JsonObject): DecoderStep {
  const pad = asString(config.pad_token) ?? '<pad>';
  const delimiter = asString(config.word_delimiter_token) ?? '|';
  const clean = (text: string): string =>
    config.cleanup === false ? text : cleanUpWordPieces(text).replaceAll(delimiter, ' ');
  return (tokens) =>
    tokens
      .filter((token, index) => index === 0 || token !== tokens[index - 1])
      .map((token) => clean(token.replaceAll(pad, '')))
      .filter((token) => token !== '');
}

/** The decoder WordPiece's own clean-up: transformers', and one contraction more. */
function cleanUpWordPieces(text: string): string {
  return cleanUpSpaces(text).replaceAll(' do not', " don't");
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
      texts.push(...bytes.map(() => '\ufffd'));
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
