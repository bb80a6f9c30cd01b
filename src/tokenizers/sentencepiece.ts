/**
 * Reads SentencePiece models (`.spm`, `spiece.model`, `tokenizer.model`): a protobuf with pieces, scores and rules.
 * https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
 */

import fs from 'node:fs';
import { TokenizerError } from './errors.ts';

type PieceKind = 'normal' | 'unknown' | 'control' | 'user-defined' | 'unused' | 'byte';

interface Piece {
  readonly text: string;
  readonly score: number;
  readonly kind: PieceKind;
}

export interface SentencePieceModel {
  readonly type: 'unigram' | 'bpe';
  /** By id. */
  readonly pieces: readonly Piece[];
  readonly byteFallback: boolean;
  /** Empty: identity. */
  readonly charsmap: Uint8Array;
  readonly addDummyPrefix: boolean;
  readonly removeExtraWhitespaces: boolean;
}

const KINDS: readonly PieceKind[] = ['normal', 'normal', 'unknown', 'control', 'user-defined', 'unused', 'byte'];

/** @throws TokenizerError naming the file where it is damaged or of a kind that is not supported */
export function readSentencePiece(file: string): SentencePieceModel {
  try {
    return parseModel(fs.readFileSync(file));
  } catch (error) {
    if (error instanceof TokenizerError || error instanceof RangeError) {
      throw new TokenizerError(`${file}: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

function parseModel(bytes: Buffer): SentencePieceModel {
  const pieces: Piece[] = [];
  let type = 1;
  let byteFallback = false;
  let charsmap: Uint8Array = new Uint8Array();
  let addDummyPrefix = true;
  let removeExtraWhitespaces = true;
  for (const field of fields(bytes)) {
    if (field.number === 1) pieces.push(parsePiece(field.bytes));
    if (field.number === 2) {
      for (const { number, value } of fields(field.bytes)) {
        if (number === 3) type = value;
        if (number === 35) byteFallback = value !== 0;
      }
    }
    if (field.number === 3) {
      for (const { number, value, bytes } of fields(field.bytes)) {
        if (number === 2) charsmap = bytes;
        if (number === 3) addDummyPrefix = value !== 0;
        if (number === 4) removeExtraWhitespaces = value !== 0;
      }
    }
  }
  if (pieces.length === 0) throw new TokenizerError('is no SentencePiece model: it has no pieces');
  if (type !== 1 && type !== 2)
    throw new TokenizerError('is a SentencePiece model of words or characters; not supported');
  const kind = type === 1 ? 'unigram' : 'bpe';
  return { type: kind, pieces, byteFallback, charsmap, addDummyPrefix, removeExtraWhitespaces };
}

function parsePiece(bytes: Buffer): Piece {
  let text = '';
  let score = 0;
  let kind: PieceKind = 'normal';
  for (const field of fields(bytes)) {
    if (field.number === 1) text = field.bytes.toString('utf8');
    if (field.number === 2) score = field.value;
    if (field.number === 3) kind = KINDS[field.value] ?? 'normal';
  }
  return { text, score, kind };
}

/** A field of a protobuf message; `value` of numbers, `bytes` of the rest. */
interface Field {
  readonly number: number;
  readonly value: number;
  readonly bytes: Buffer;
}

const NO_BYTES = Buffer.alloc(0);

/** Walks over a protobuf message. https://protobuf.dev/programming-guides/encoding/ */
function* fields(message: Buffer): Generator<Field> {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    switch (tag % 8) {
      case 0:
        yield { number, value: varint(), bytes: NO_BYTES };
        break;
      case 1:
        yield { number, value: message.readDoubleLE(at), bytes: NO_BYTES };
        at += 8;
        break;
      case 2: {
        const length = varint();
        if (at + length > message.length) throw new TokenizerError('is damaged: a field ends after the file');
        yield { number, value: 0, bytes: message.subarray(at, at + length) };
        at += length;
        break;
      }
      case 5:
        yield { number, value: message.readFloatLE(at), bytes: NO_BYTES };
        at += 4;
        break;
      default:
        throw new TokenizerError('is not a protobuf file');
    }
  }
}
